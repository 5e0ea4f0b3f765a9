"""Use case: a member calls a job off. It ends at once, whatever it was doing, and costs nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from distillery.core.answer import answer_of
from distillery.core.errors import QueueUnavailable, StaleJob
from distillery.core.job import CANCELLED, Job, Outcome
from distillery.core.list_jobs import LATEST
from distillery.core.ports import Clock, JobQueue, JobStore, Telemetry

logger = logging.getLogger(__name__)

WORDS = "Cancelled. Nothing was charged."
_AT_ONCE = 20
"""So many requests are cancelled in one go: Discord waits 3 s for the answer."""
_TRIES = 5


@dataclass(frozen=True, slots=True)
class CancelJob:
    """Cancels jobs. Who may call off which, the caller has seen to."""

    store: JobStore
    queue: JobQueue
    telemetry: Telemetry
    clock: Clock

    def latest(self, user_id: str) -> int:
        """Cancel the member's latest request that has not ended. Returns how many: 1 or none."""
        return self._cancel_some(user_id, 1)

    def one(self, job_id: str) -> bool:
        """Cancel a job, whoever's it is. Returns whether it was still open."""
        job = self.store.load(job_id)
        return job is not None and job.is_open and self._cancel(job)

    def all(self, user_id: str) -> int:
        """Cancel the member's requests that have not ended, up to 20. Returns how many.

        `any_open` tells whether there are more.
        """
        return self._cancel_some(user_id, _AT_ONCE)

    def any_open(self, user_id: str) -> bool:
        """Tell whether any request of the member has not ended."""
        return any(self._open(user_id))

    def request_of(self, job: Job) -> bool:
        """Cancel all jobs that share the job's message. Returns whether any had not ended."""
        return self._cancel_each([one for one in answer_of(job, self.store).jobs if one.is_open])

    def _cancel_some(self, user_id: str, limit: int) -> int:
        # One that has just ended counts too: else `latest` would cancel the one before it instead.
        requests = islice(self._open(user_id), limit)
        return sum(self._cancel_each(jobs) for jobs in requests)

    def _cancel_each(self, jobs: Sequence[Job]) -> bool:
        return max([self._cancel(job) for job in jobs], default=False)

    def _open(self, user_id: str) -> Iterator[Sequence[Job]]:
        """Yield the open jobs of each request, the latest request first."""
        seen: set[str] = set()
        for job in self._latest(user_id):
            if job.is_open and job.lead_id not in seen:
                seen.add(job.lead_id)
                yield [one for one in answer_of(job, self.store).jobs if one.is_open]

    def _latest(self, user_id: str) -> Iterator[Job]:
        """Yield the jobs that `/queue` looks at, read in batches as they are needed."""
        job_ids = self.store.of_member(user_id, LATEST)
        for start in range(0, len(job_ids), _AT_ONCE):
            yield from self.store.load_all(job_ids[start : start + _AT_ONCE])

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
