"""Use case: each minute, tell how the line and the providers stand. Nothing while all is still."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from distillery.core.ports import Clock, JobStore, ProviderRecords, Telemetry
from distillery.core.records import ProviderRecord

HEAD = 10
"""So many of the line are looked at. Its order is fair, not by age, but who is in it long comes
to its head."""

_NONE = ProviderRecord()


@dataclass(frozen=True, slots=True)
class WatchLine:
    """Tells of the line, and of the providers by name."""

    store: JobStore
    records: ProviderRecords
    names: Sequence[str]
    telemetry: Telemetry
    clock: Clock

    def __call__(self) -> None:
        """Do it once."""
        records = dict.fromkeys(self.names, _NONE) | dict(self.records.all())
        for name in self.names:
            if holders := records[name].holders:
                self.telemetry.count("SlotsTaken", len(holders), provider=name)
            if records[name].circuit.trips:
                self.telemetry.count("CircuitOpen", provider=name)
        self._tell_of_line(records)

    def _tell_of_line(self, records: Mapping[str, ProviderRecord]) -> None:
        jobs = [job for job_id in self.store.line(HEAD) if (job := self.store.load(job_id))]
        if not jobs:
            return
        oldest_at = min(job.created_at for job in jobs)
        self.telemetry.seconds("OldestWaiting", self.clock() - oldest_at)
        if all(records[name].circuit.trips for name in self.names):
            self.telemetry.count("NoProvider")
