"""Use case: a job has not moved for too long. Find out why, and see to it that it is answered.

Messages, events and answers get lost, rooms and workers die; the job's own record tells where it
stands, and the provider and the object store what has become of it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from distillery.core.circuit import CircuitState
from distillery.core.circuits import Circuits
from distillery.core.deadlines import run_ends_within
from distillery.core.deliver_result import MAX_LOSSES, DeliverResult
from distillery.core.errors import StaleJob
from distillery.core.job import Job, JobState
from distillery.core.ports import (
    Clock,
    JobQueue,
    JobStore,
    ProviderJob,
    ProviderRecords,
    Telemetry,
)
from distillery.core.records import ProviderRecord
from distillery.core.routing import Slots
from distillery.core.stop_attempt import StopAttempt

logger = logging.getLogger(__name__)

LOST = "The work was lost on its way, more than once. Nothing was charged. Try again."


class Verdict(Enum):
    """What is to become of an attempt."""

    FINE = auto()  # let it go on
    MOVED = auto()  # its provider has no GPU for it, and another one may
    HEDGED = auto()  # it waits long, and another provider is likely to begin it sooner
    LOST = auto()  # nothing will come of it


@dataclass(frozen=True, slots=True)
class HealJob:
    """Looks after jobs that are overdue."""

    store: JobStore
    records: ProviderRecords
    queue: JobQueue
    providers: Mapping[str, Slots]
    deliver: DeliverResult
    stop: StopAttempt
    circuits: Circuits
    telemetry: Telemetry
    clock: Clock
    job_timeout_s: int
    promise_s: float  # a member is promised pictures within this
    hedge_share: float  # of the promise: what a job may wait at a provider while another is warm

    def __call__(self, job_id: str) -> None:
        """Do the next right thing for a job that is overdue. Safe to call any number of times."""
        job = self.store.load(job_id)
        if job is None or job.is_final or job.due_at > self.clock():
            return
        try:
            self._heal(job)
        except StaleJob:
            logger.info("the job has moved on by itself")

    def _heal(self, job: Job) -> None:
        if job.state is JobState.DELIVERING:
            if job.was_cancelled:
                self.stop(job)
            self.deliver.resume(job)
        elif self._was_delivered(job):
            return
        elif self.deliver.is_late(job):
            self.stop(job)
            self.deliver.fail_late(job)
        elif job.state is JobState.QUEUED:
            self._wake(job)
        else:
            self._judge(job)

    def _was_delivered(self, job: Job) -> bool:
        if not self.deliver.has_result(job):
            return False
        logger.warning("the event of a result was lost")
        self.telemetry.count("ResultsFound")
        self.deliver(job.job_id, job.attempt)
        return True

    def _judge(self, job: Job) -> None:
        verdict = self._verdict(job)
        if verdict is Verdict.FINE:
            if job.is_probe and not job.progress_shown and self.deliver.has_begun(job):
                self.circuits.begun(str(job.provider), job.slot_holder)  # its progress was lost
            self.store.move(job, job.looked_after(self.clock()))
        # What has ended meanwhile may have ended well.
        elif not self._was_delivered(job):
            self._give_up_attempt(job, verdict)

    def _verdict(self, job: Job) -> Verdict:
        waited_s = self.clock() - job.times["dispatched"]
        overran = waited_s > run_ends_within(self.job_timeout_s)
        match self._status(job):
            case ProviderJob.ENDED | ProviderJob.GONE:
                return Verdict.LOST  # and there is no result: that was looked for before
            case ProviderJob.WAITING:
                return self._waits_in_vain(job, waited_s)
            case ProviderJob.UNKNOWN if not self.deliver.has_begun(job):
                if job.provider_job_id is None:
                    logger.warning("nobody knows whether the provider took this attempt")
                    return Verdict.LOST
                return self._waits_in_vain(job, waited_s)
            case ProviderJob.RUNNING | ProviderJob.UNKNOWN:
                return Verdict.LOST if overran else Verdict.FINE

    def _status(self, job: Job) -> ProviderJob:
        slots = self.providers.get(str(job.provider))  # the operator may have taken it away
        if slots is None or job.provider_job_id is None:
            return ProviderJob.UNKNOWN
        return slots.provider.status(job.provider_job_id)

    def _waits_in_vain(self, job: Job, waited_s: float) -> Verdict:
        """Decide where a job waits that no worker has begun.

        It stays where it is while nobody else could take it. A provider that only starts up slowly
        is not left for one that would have to start up too, unless the promise is broken anyway.
        """
        records, now = self.records.all(), self.clock()
        here = records.get(str(job.provider), ProviderRecord())
        elsewhere = [
            records.get(name, ProviderRecord())
            for name, slots in self.providers.items()
            if name != job.provider
            and job.only_on is None
            and slots.free(records.get(name, ProviderRecord()), now)
        ]
        if here.circuit.state(now) is CircuitState.OPEN and not job.is_probe:
            return Verdict.MOVED if elsewhere else Verdict.FINE
        warm = any(record.is_warm(now) for record in elsewhere)
        patience_s = self.promise_s * (self.hedge_share if warm else 1.0)
        hedge = elsewhere and not job.was_hedged and waited_s > patience_s
        return Verdict.HEDGED if hedge else Verdict.FINE

    def _give_up_attempt(self, job: Job, verdict: Verdict) -> None:
        """Abandon the attempt, whose late result will not be shown, and let another one try."""
        self.stop(job)
        name, now = str(job.provider), self.clock()
        lost = verdict is Verdict.LOST
        if not lost:
            self.telemetry.count("AttemptsMoved", provider=name)
        else:
            self.telemetry.count("AttemptsLost", provider=name)
            self.circuits.failed(name, "its workers lose jobs", job.slot_holder)
        if lost and job.losses + 1 >= MAX_LOSSES:
            self.deliver.fail(job, LOST, kind="lost")
            return
        hedged = verdict is Verdict.HEDGED
        self.store.move(job, job.hedged(now) if hedged else job.returned(now, lost=lost))
        self.queue.send(job.job_id, group=job.origin.user_id)

    def _wake(self, job: Job) -> None:
        self.store.move(job, job.looked_after(self.clock()))
        self.queue.send(job.job_id, group=job.origin.user_id)
