"""Which provider may take a job, and which to ask first: a pure choice from what is recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from distillery.core.circuit import CircuitState
from distillery.core.job import Job
from distillery.core.ports import GpuProvider
from distillery.core.records import ProviderRecord


@dataclass(frozen=True, slots=True)
class Slots:
    """A provider, and how many jobs it may hold at once."""

    provider: GpuProvider
    limit: int

    def free(self, record: ProviderRecord, now: float) -> int:
        """Tell how many jobs it may be given now."""
        free = max(0, self.limit - len(record.holders))
        match record.circuit.state(now):
            case CircuitState.OPEN:
                return 0
            case CircuitState.HALF_OPEN:
                return min(1, free)
            case CircuitState.CLOSED:
                return free


@dataclass(frozen=True, slots=True)
class Candidate:
    """A provider that may be given the job at hand."""

    slots: Slots
    record: ProviderRecord
    is_probe: bool  # nobody knows whether it works again


def route(
    providers: Sequence[Slots], records: Mapping[str, ProviderRecord], job: Job, now: float
) -> list[Candidate]:
    """Return who may take the job, the one to ask first at the head.

    Providers that are known to work come before those that are to be tried out. Among equals the
    one on which the last attempt came to nothing goes last, and then the operator's order decides.
    """
    candidates = []
    for slots in providers:
        name = slots.provider.name
        record = records.get(name, ProviderRecord())
        if slots.free(record, now) and job.only_on in (None, name):
            is_probe = record.circuit.state(now) is CircuitState.HALF_OPEN
            candidates.append(Candidate(slots, record, is_probe))
    return sorted(candidates, key=lambda c: (c.is_probe, c.slots.provider.name == job.failed_on))
