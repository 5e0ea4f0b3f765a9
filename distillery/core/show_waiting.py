"""Use case: no worker has begun a job yet. Tell its member where it stands.

It is called for the job that a message of the queue names, in the first run for that message: if
the run dies before it has looked at the job again, the message comes again, and puts the answer
back.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from distillery.core.answer import Answer, answer_of
from distillery.core.deadlines import WAITING_WITHIN_S
from distillery.core.errors import DiscordError
from distillery.core.expected_wait import expected_s
from distillery.core.job import Job, JobState
from distillery.core.ports import Clock, JobStore, ProviderRecords, Replies, Telemetry, Waiting
from distillery.core.records import ProviderRecord
from distillery.core.routing import Slots
from distillery.core.show_progress import ShowProgress

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ShowWaiting:
    """Shows a place in the line, what a job is held back for, or that a GPU has to start."""

    store: JobStore
    records: ProviderRecords
    providers: Sequence[Slots]
    replies: Replies
    show_progress: ShowProgress
    telemetry: Telemetry
    clock: Clock

    def __call__(self, job_id: str) -> None:
        """Show how the job waits, if it does. Losing this is no harm."""
        lead = self.store.load(job_id)
        job = self._speaker(lead) if lead else None
        if job is None:
            return
        waiting = self._waiting(job)
        if waiting is None:
            return
        try:
            self.replies.show_waiting(job, waiting)
        except DiscordError as error:
            logger.info("the wait is not shown: %s", error)
            self.telemetry.count("ProgressDropped")
        self._uncover(job)

    def _speaker(self, lead: Job) -> Job | None:
        """Return that job of the message which is furthest, if nothing of them is shown yet.

        A call for another than the lead says nothing: there is one for each of them.
        """
        if lead.is_canary or lead.job_id != lead.lead_id:
            return None
        answer = answer_of(lead, self.store)
        if self.clock() >= lead.created_at + WAITING_WITHIN_S or not _is_silent(answer):
            return None
        return max(answer.jobs, key=_how_far)

    def _waiting(self, job: Job) -> Waiting | None:
        if job.is_held:
            return Waiting()
        records, now = self.records.all(), self.clock()
        if job.state is JobState.DISPATCHED:
            record = records.get(str(job.provider), ProviderRecord())
            return None if record.is_warm(now) else Waiting(seconds=record.woke_s or None)
        if job.start_tag is None:
            return None
        place = self.store.place(job)
        return Waiting(place, expected_s(place, self.providers, records, now))

    def _uncover(self, job: Job) -> None:
        """Put back what has come meanwhile: whoever edits last looks last."""
        now = self.store.load(job.job_id) or job
        if not now.is_open:
            self.show_progress.deliver.show_again(now)
            return
        working = [one for one in answer_of(now, self.store).jobs if _is_worked_on(one)]
        if working:
            self.show_progress.again(working[-1])


def _is_worked_on(job: Job) -> bool:
    return job.state is JobState.DISPATCHED and job.progress_shown > 0


def _how_far(job: Job) -> tuple[bool, bool]:
    return job.state is JobState.DISPATCHED, job.is_in_flight


def _is_silent(answer: Answer) -> bool:
    return all(job.is_open and not _is_worked_on(job) for job in answer.jobs)
