"""What is counted across jobs: a provider's slots, a member's jobs in flight and credits."""

from __future__ import annotations

from dataclasses import dataclass, field

from distillery.core.circuit import Circuit

WARM_FOR_S = 5 * 60.0
"""A provider that made pictures so lately has workers who can begin at once."""
RECENT = 5
"""So many of a provider's last jobs tell how long one takes."""


@dataclass(frozen=True, slots=True)
class ProviderRecord:
    """What all rooms know of one provider."""

    holders: frozenset[str] = frozenset()  # `Job.slot_holder` of each slot that is taken
    virtual_time: float = 0.0  # start tag of the job it got last (see `fair_order`)
    served_at: float = 0.0  # when it last made pictures, epoch seconds
    took_s: tuple[float, ...] = ()  # how long the last jobs had their slots, the latest first
    woke_s: float = 0.0  # how long a GPU took to start when one last had to; 0: not known
    circuit: Circuit = field(default_factory=Circuit)

    def is_warm(self, now: float) -> bool:
        """Tell whether a job is likely to begin at once."""
        return now - self.served_at < WARM_FOR_S


@dataclass(frozen=True, slots=True)
class Account:
    """What one member has. `balance` is None while their credits are not limited."""

    in_flight: frozenset[str] = frozenset()  # ids of their jobs in the line or at a provider
    finish_tag: float = 0.0  # of the job admitted last (see `fair_order`)
    balance: int | None = None  # credits left to reserve
    reserved: int = 0  # for jobs that have not ended
    spent: int = 0
