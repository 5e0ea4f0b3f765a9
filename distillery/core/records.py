"""What is counted across jobs: a provider's slots, a member's jobs in flight and credits."""

from __future__ import annotations

from dataclasses import dataclass, field

from distillery.core.circuit import Circuit


@dataclass(frozen=True, slots=True)
class ProviderRecord:
    """What all rooms know of one provider."""

    holders: frozenset[str] = frozenset()  # `Job.slot_holder` of each slot that is taken
    virtual_time: float = 0.0  # start tag of the job it got last (see `fair_order`)
    served_at: float = 0.0  # when it last made pictures, epoch seconds
    circuit: Circuit = field(default_factory=Circuit)


@dataclass(frozen=True, slots=True)
class Account:
    """What one member has. `balance` is None while their credits are not limited."""

    in_flight: frozenset[str] = frozenset()  # ids of their jobs in the line or at a provider
    finish_tag: float = 0.0  # of the job admitted last (see `fair_order`)
    balance: int | None = None  # credits left to reserve
    reserved: int = 0  # for jobs that have not ended
    spent: int = 0
