"""Use case: see that no slot is held by nobody, and that nobody waits while a slot is free.

What it costs depends on the jobs at providers and on the members held back, not on how many wait.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from distillery.core.circuits import Circuits
from distillery.core.ports import Clock, JobQueue, JobStore, ProviderRecords, Telemetry
from distillery.core.records import ProviderRecord
from distillery.core.routing import Slots

logger = logging.getLogger(__name__)

TOLD_AT_ONCE = 10
"""So many of the line are told where they stand in one go, those at its head."""
MEMBERS_AT_ONCE = 50
"""Members held back that are looked after in one go; the next goes on where this one ended."""


@dataclass(frozen=True, slots=True)
class HealLine:
    """Mends the counts from the jobs themselves, and repeats wake-ups that were lost."""

    store: JobStore
    records: ProviderRecords
    queue: JobQueue
    providers: Sequence[Slots]
    circuits: Circuits
    telemetry: Telemetry
    clock: Clock
    _seen: list[str] = field(default_factory=list)  # the last member of a go that was full
    _told: dict[str, int] = field(default_factory=dict)  # the places of those at the line's head

    def __call__(self) -> None:
        """Do it once. Safe to call at any time."""
        records = self.records.all()
        for slots in self.providers:
            name = slots.provider.name
            record = records.get(name, ProviderRecord())
            if record.holders or record.circuit.trips:
                self.circuits.heard(name, slots.provider.condition())
            self._free_lost_slots(name, record.holders)
        self._wake_line(self.records.all())
        members = self.store.members_held(MEMBERS_AT_ONCE, self._seen.pop() if self._seen else "")
        for user_id in members:
            self._wake_member(user_id)
        if len(members) == MEMBERS_AT_ONCE:
            self._seen.append(members[-1])

    def tell(self) -> None:
        """Let those at the head of the line whose place has changed be told so."""
        before = self._told.copy()
        now = {job_id: place for place, job_id in enumerate(self.store.line(TOLD_AT_ONCE))}
        self._told.clear()
        self._told.update(now)
        for job_id, place in now.items():
            if before.get(job_id, place) != place:
                self.queue.send(job_id, group=job_id)

    def _free_lost_slots(self, provider: str, holders: frozenset[str]) -> None:
        """A slot is taken and freed with its job's move, so only an accident leaves one taken."""
        for holder in holders:
            job = self.store.load(holder.split("#")[0])
            if job is None or not job.holds_slot or job.slot_holder != holder:
                logger.error("a slot was held by nobody", extra={"holder": holder})
                self.records.free_slot(provider, holder)
                self.telemetry.count("SlotsMended", provider=provider)

    def _wake_line(self, records: Mapping[str, ProviderRecord]) -> None:
        """One message for each free slot: each wakes whoever is next by then."""
        now = self.clock()
        free = sum(
            slots.free(records.get(slots.provider.name, ProviderRecord()), now)
            for slots in self.providers
        )
        for job_id in self.store.line(free) if free else ():
            self.queue.send(job_id, group=job_id)

    def _wake_member(self, user_id: str) -> None:
        """Call the first of a member's jobs that are held back, if they have room for it."""
        job_id = self.store.held(user_id)
        job = self.store.load(job_id) if job_id else None
        if job is None:
            return
        in_flight = self.store.account(user_id).in_flight
        for other in in_flight:
            theirs = self.store.load(other)
            if theirs is None or not theirs.is_in_flight:
                logger.error("a job that is over counted as in flight", extra={"job": other})
                self.store.release(user_id, other)
                in_flight -= {other}
        if len(in_flight) < job.tier.jobs_at_once:
            self.queue.send(job.job_id, group=user_id)
