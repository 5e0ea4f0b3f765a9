"""Use case: a member calls a job off. It ends at once, whatever it was doing, and costs nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from distillery.core.errors import QueueUnavailable, StaleJob
from distillery.core.job import CANCELLED, Job, Outcome
from distillery.core.ports import Clock, JobQueue, JobStore, Telemetry

logger = logging.getLogger(__name__)

WORDS = "Cancelled. Nothing was charged."
_LATEST = 50
_AT_ONCE = 20
"""So many are looked at, and cancelled, in one go: Discord waits 3 s for the answer."""
_TRIES = 5


@dataclass(frozen=True, slots=True)
class CancelJob:
    """Cancels a member's own jobs."""

    store: JobStore
    queue: JobQueue
    telemetry: Telemetry
    clock: Clock

    def latest(self, user_id: str) -> int:
        """Cancel the member's latest job that has not ended. Returns how many were cancelled."""
        return self._cancel_some(user_id, 1)

    def all(self, user_id: str) -> int:
        """Cancel the member's jobs that have not ended, up to 20. Returns how many these were."""
        return self._cancel_some(user_id, _AT_ONCE)

    def _cancel_some(self, user_id: str, limit: int) -> int:
        # One that has just ended counts too: else `latest` would cancel the one before it instead.
        return sum(self._cancel(job) for job in islice(self._open(user_id), limit))

    def _open(self, user_id: str) -> Iterator[Job]:
        for job_id in self.store.of_member(user_id, _LATEST):
            job = self.store.load(job_id)
            if job is not None and job.is_open:
                yield job

    def _cancel(self, job: Job) -> bool:
        """End the job. The dispatcher, which is called, stops the worker and edits the message."""
        for _ in range(_TRIES):
            outcome = Outcome(error=WORDS, error_kind=CANCELLED)
            try:
                self.store.move(job, job.concluded(outcome, self.clock(), lease_s=0.0))
            except StaleJob:
                now = self.store.load(job.job_id)
                if now is None or not now.is_open:
                    return False  # it has just ended, and its member sees how
                job = now  # it has just moved to a provider, or back
                continue
            self.telemetry.count("CancelsAsked")
            self._call(job)
            return True
        return False

    def _call(self, job: Job) -> None:
        try:
            self.queue.send(job.job_id, group=job.origin.user_id)
        except QueueUnavailable:
            logger.warning("the watchdog will tell the member")
