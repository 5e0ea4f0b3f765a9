"""Use case: somebody calls. Admit the job they name, and give a free slot to whoever is next.

A message is a wake-up: it names a job that is new or has something to be told, or that was next
when a slot became free. Whose turn it is then, the line decides.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from distillery.core.admit_job import UNINSTALLED, AdmitJob
from distillery.core.circuits import Circuits
from distillery.core.deliver_result import DeliverResult
from distillery.core.envelope import build_envelope
from distillery.core.errors import (
    JobRefused,
    NoFreeSlot,
    ProviderRefused,
    ProviderUnreachable,
    StaleJob,
)
from distillery.core.job import Job, JobState
from distillery.core.ports import (
    Clock,
    JobQueue,
    JobStore,
    ObjectStore,
    ProviderCondition,
    ProviderRecords,
    Telemetry,
)
from distillery.core.recipes.recipe import Recipe
from distillery.core.records import ProviderRecord
from distillery.core.routing import Candidate, Slots, route
from distillery.core.show_waiting import ShowWaiting
from distillery.core.stop_attempt import StopAttempt

logger = logging.getLogger(__name__)

ADDRESS_LIFE_S = 3600
"""How long a worker may use what we sign for it."""
LOOK_AHEAD = 10
"""So many are looked at for a slot: the head may be bound to a provider that has none."""

REFUSED = (
    "No GPU provider takes this request: it is too large. Try a smaller image or a shorter text."
)

_NONE = ProviderRecord()


@dataclass(frozen=True, slots=True)
class DispatchJob:
    """Dispatches jobs to `providers`, which stand in the operator's order of preference."""

    recipes: Mapping[str, Recipe]
    store: JobStore
    records: ProviderRecords
    queue: JobQueue
    objects: ObjectStore
    providers: Sequence[Slots]
    admit: AdmitJob
    deliver: DeliverResult
    stop: StopAttempt
    circuits: Circuits
    telemetry: Telemetry
    clock: Clock
    job_timeout_s: int
    show_waiting: ShowWaiting

    def __call__(self, job_id: str, *, is_repeat: bool = False) -> None:
        """Do what the job needs, then serve the line. Safe to call any number of times.

        `is_repeat` says that a run for the same message has failed, or has died.
        """
        job = self.store.load(job_id)
        if job is None:
            logger.error("a message names a job that does not exist")
            return
        if is_repeat and not job.is_open:
            self.deliver.show_again(job)  # the run that died may have shown over it how it waits
        started = self._serve_line(self._attend(job))
        if job.is_open and started != job_id and not is_repeat:
            self.show_waiting(job_id)

    def again(self, job_id: str) -> None:
        """Show a job's answer once more, at an operator's wish; one that has none is woken."""
        job = self.store.load(job_id)
        if job is not None and job.is_final:
            self.deliver.show_again(job)
        else:
            self(job_id)

    def _attend(self, job: Job) -> Job | None:
        """Do what the job itself needs. Returns it if it is in the line."""
        if job.state is JobState.QUEUED:
            if not self.deliver.is_late(job):
                return self.admit(job)
            self.deliver.fail_late(job)
        elif job.state is JobState.DELIVERING:
            if job.was_cancelled:
                self.stop(job)
            self.deliver.resume(job)
        return None

    def _serve_line(self, newcomer: Job | None) -> str | None:
        """Give one free slot to the next job that can use it, and call the one after it.

        Returns the id of the job that has it, if its member need not be told how it waits.
        """
        records, started = self.records.all(), None
        line = self._next_in_line(newcomer) if self._free(records) else iter(())
        for job in line:
            if self._is_hopeless(job):
                continue
            try:
                asked, taker = self._offer(job, records)
                if asked:
                    is_warm = taker is not None and records.get(taker, _NONE).is_warm(self.clock())
                    started = self._started(job, newcomer, is_warm=is_warm)
                    break
            except StaleJob:
                logger.info("somebody else has moved the job on")
        # Usually a job's own message, or a freed slot's, comes for each; not if they were lost, or
        # if many slots have become free at once.
        following = next(line, None)
        if following is not None and self._free(self.records.all()):
            self.queue.send(following.job_id, group=following.origin.user_id)
        return started

    def _started(self, job: Job, newcomer: Job | None, *, is_warm: bool) -> str | None:
        """Unless a warm GPU has the job, let the member be told what it waits for."""
        if is_warm:
            return job.job_id
        if newcomer is None or newcomer.job_id != job.job_id:  # another job's message names it
            self.queue.send(job.job_id, group=job.origin.user_id)
        return None

    def _free(self, records: Mapping[str, ProviderRecord]) -> int:
        now = self.clock()
        return sum(s.free(records.get(s.provider.name, _NONE), now) for s in self.providers)

    def _next_in_line(self, newcomer: Job | None) -> Iterator[Job]:
        ids = list(self.store.line(LOOK_AHEAD))
        if newcomer is not None and newcomer.job_id not in ids:
            ids.append(newcomer.job_id)  # the line shows a job a moment after it was admitted
        for job_id in ids:
            job = self.store.load(job_id)
            if job is not None and job.state is JobState.QUEUED and job.start_tag is not None:
                yield job

    def _is_hopeless(self, job: Job) -> bool:
        """Answer a job that nobody can do any more."""
        if self.deliver.is_late(job):
            self.deliver.fail_late(job)
        elif job.request.workflow not in self.recipes:
            self.deliver.fail(job, UNINSTALLED, kind="bad_input", name=job.request.workflow)
        else:
            return False
        return True

    def _offer(self, job: Job, records: Mapping[str, ProviderRecord]) -> tuple[bool, str | None]:
        """Offer the job to one provider after the other.

        Returns whether any was asked, and which one has the job now, if one has.
        """
        logger.debug("next in the line", extra={"next": job.job_id})
        asked = False
        for candidate in route(self.providers, records, job, self.clock()):
            if not self._is_fit(candidate, job):
                continue
            try:
                waiting = self._try_provider(job, candidate)
            except NoFreeSlot:
                continue
            if waiting is None:
                return True, candidate.slots.provider.name
            job, asked = waiting, True
        return asked, None

    def _is_fit(self, candidate: Candidate, job: Job) -> bool:
        """Ask a provider how it does before it gets a job, and remember a bad answer."""
        provider = candidate.slots.provider
        if candidate.is_probe:
            probe = job.dispatched(provider.name, self.clock()).slot_holder
            return self.circuits.claim_probe(provider.name, candidate.record.circuit, probe)
        condition = provider.condition()
        if condition is not ProviderCondition.READY:
            self.circuits.heard(provider.name, condition)
        return condition is ProviderCondition.READY

    def _try_provider(self, job: Job, candidate: Candidate) -> Job | None:
        """Submit one attempt. Returns the job, waiting again, when it was surely not taken."""
        slots = candidate.slots
        provider = slots.provider
        attempt = job.dispatched(provider.name, self.clock(), is_probe=candidate.is_probe)
        self.store.move(job, attempt, slot_limit=slots.limit)
        envelope = build_envelope(
            attempt,
            self.recipes[job.request.workflow],
            self.objects,
            timeout_s=self.job_timeout_s,
            input_life_s=ADDRESS_LIFE_S,
        )
        try:
            provider_job_id = provider.submit(envelope)
        except JobRefused as error:
            logger.warning("no provider takes such a job: %s", error)
            self.deliver.fail(attempt, REFUSED, kind="refused")
            return None
        except ProviderRefused as error:
            self._note_refusal(attempt, error)
            waiting = attempt.returned(self.clock(), lost=False)
            self.store.move(attempt, waiting)
            return waiting
        except ProviderUnreachable as error:
            # It may have the job: the watchdog looks whether a worker begins, so that nobody
            # does the work twice.
            self._note_refusal(attempt, error)
            return None
        told = {"provider": provider.name, "attempt": attempt.attempt, "as": provider_job_id}
        logger.info("dispatched", extra=told)
        self.telemetry.count("JobsDispatched", provider=provider.name)
        try:
            self.store.move(attempt, attempt.submitted(provider_job_id, self.clock()))
        except StaleJob:
            logger.info("the result came before the provider's answer was written down")
        return None

    def _note_refusal(self, attempt: Job, error: Exception) -> None:
        provider = str(attempt.provider)
        logger.warning("provider did not take the job: %s", error)
        self.telemetry.count("ProviderRefusals", provider=provider)
        self.circuits.failed(provider, str(error), attempt.slot_holder)
