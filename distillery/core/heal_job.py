"""Use case: a job has not moved for too long. Find out why, and see to it that it is answered.

Messages, events and answers get lost, rooms and workers die; the job's own record tells where it
stands, and the provider and the object store what has become of it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from distillery.core.deliver_result import MAX_ATTEMPTS, DeliverResult
from distillery.core.errors import ProviderError, StaleJob
from distillery.core.job import Job, JobState
from distillery.core.ports import (
    Clock,
    GpuProvider,
    JobQueue,
    JobStore,
    ProviderCondition,
    ProviderJob,
    Telemetry,
)

logger = logging.getLogger(__name__)

WAIT_AT_PROVIDER_S = 90.0
"""A job that a healthy provider has not begun by then is given to another one."""
RUN_MARGIN_S = 60.0
"""What a worker may take beyond the job's own limit: its start, inputs and uploads."""

LOST = "The work was lost on its way, more than once. Nothing was charged. Try again."


@dataclass(frozen=True, slots=True)
class HealJob:
    """Looks after jobs that are overdue."""

    store: JobStore
    queue: JobQueue
    providers: Mapping[str, GpuProvider]
    deliver: DeliverResult
    telemetry: Telemetry
    clock: Clock
    job_timeout_s: int

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
            self.deliver.resume(job)
        elif self.deliver.has_result(job):
            logger.warning("the event of a result was lost")
            self.telemetry.count("ResultsFound")
            self.deliver(job.job_id, job.attempt)
        elif self.deliver.is_late(job):
            self._cancel(job)
            self.deliver.fail_late(job)
        elif job.state is JobState.QUEUED:
            self._wake(job)
        elif self._attempt_is_lost(job):
            self._give_up_attempt(job)
        else:
            self.store.move(job, job.looked_after(self.clock()))

    def _attempt_is_lost(self, job: Job) -> bool:
        if job.provider_job_id is None:
            logger.warning("the room that dispatched this attempt died before it submitted")
            return True
        waited_s = self.clock() - job.times["dispatched"]
        provider = self.providers[str(job.provider)]
        match provider.status(job.provider_job_id):
            case ProviderJob.ENDED | ProviderJob.GONE:
                return True  # and there is no result: has_result comes first
            case ProviderJob.WAITING:
                return self._waits_in_vain(provider, waited_s)
            case ProviderJob.RUNNING | ProviderJob.UNKNOWN:
                return waited_s > self.job_timeout_s + RUN_MARGIN_S

    def _waits_in_vain(self, provider: GpuProvider, waited_s: float) -> bool:
        """A provider that is starting up is waited for; one that cannot begin is not."""
        if len(self.providers) == 1:
            return False
        starved = provider.condition() is not ProviderCondition.READY
        return starved or waited_s > WAIT_AT_PROVIDER_S

    def _give_up_attempt(self, job: Job) -> None:
        """Abandon the attempt, whose late result will not be shown, and let another one try."""
        self._cancel(job)
        self.telemetry.count("AttemptsLost", provider=str(job.provider))
        if job.attempt >= MAX_ATTEMPTS:
            self.deliver.fail(job, LOST, kind="lost")
            return
        waiting = job.returned(self.clock())
        self.store.move(job, waiting)
        self.queue.send(job.job_id, group=job.origin.user_id)

    def _wake(self, job: Job) -> None:
        self.store.move(job, job.looked_after(self.clock()))
        self.queue.send(job.job_id, group=job.origin.user_id)

    def _cancel(self, job: Job) -> None:
        """Tell the provider to stop, so that nobody pays for work that will not be shown."""
        if job.state is not JobState.DISPATCHED or job.provider_job_id is None:
            return
        try:
            self.providers[str(job.provider)].cancel(job.provider_job_id)
        except ProviderError as error:
            logger.warning("could not cancel at the provider: %s", error)
