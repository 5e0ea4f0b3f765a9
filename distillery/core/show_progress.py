"""Use case: a worker says how far it has come. Show it, but never over the final answer."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from distillery.core import keys
from distillery.core.answer import answer_of
from distillery.core.circuits import Circuits
from distillery.core.deadlines import PROGRESS_WITHIN_S
from distillery.core.deliver_result import DeliverResult
from distillery.core.errors import DiscordError, StaleJob
from distillery.core.job import Job, JobState
from distillery.core.ports import Clock, JobStore, ObjectStore, Progress, Replies, Telemetry
from distillery.core.worker_documents import BadDocument, parse_progress

logger = logging.getLogger(__name__)

REPEATED_AFTER_S = 45.0
"""An event whose room failed comes again a minute later (AWS Lambda, "Asynchronous invocation")."""


@dataclass(frozen=True, slots=True)
class ShowProgress:
    """Shows the latest progress of a job's current attempt."""

    store: JobStore
    objects: ObjectStore
    replies: Replies
    deliver: DeliverResult
    circuits: Circuits
    telemetry: Telemetry
    clock: Clock
    shows_previews: bool = True  # nobody judges a preview: not where pictures are judged first

    def __call__(self, job_id: str, attempt: int) -> None:
        """Show the progress stored for `attempt`, if it is news. Losing one is no harm."""
        job = self.store.load(job_id)
        if job is None:
            return
        if job.state is not JobState.DISPATCHED or job.attempt != attempt:
            self._mend_after_repeat(job)
            return
        progress = self._read(job)
        if progress is None or progress.sequence <= job.progress_shown:
            return
        try:
            self.store.move(job, job.showed(progress.sequence, self.clock(), progress.percent))
        except StaleJob:
            return
        logger.debug("progress", extra={"sequence": progress.sequence, "percent": progress.percent})
        if job.is_probe and not job.progress_shown:
            self.circuits.begun(str(job.provider), job.slot_holder)
        if job.is_canary or self.clock() >= job.created_at + PROGRESS_WITHIN_S:
            return
        answer = answer_of(job, self.store)
        # Of several at work one speaks, so that bar and preview do not jump from each to each.
        if answer.is_ahead(job, progress.percent):
            self._show(job, answer.progress(job, progress))

    def again(self, job: Job) -> None:
        """Show how far the job has come once more, for whoever may have written over it."""
        progress = self._read(job)
        if progress is not None:
            self._show(job, answer_of(job, self.store).progress(job, progress))

    def _read(self, job: Job) -> Progress | None:
        try:
            return parse_progress(self.objects.read(keys.progress_key(job.job_id, job.attempt)))
        except BadDocument as problem:
            logger.warning("unreadable progress: %s", problem)
            return None

    def _show(self, job: Job, progress: Progress) -> None:
        if not self.shows_previews:
            progress = replace(progress, preview=None)
        try:
            self.replies.show_progress(job, progress)
        except DiscordError as error:
            logger.info("progress not shown: %s", error)
            self.telemetry.count("ProgressDropped")
        self.deliver.uncover(job.job_id)

    def _mend_after_repeat(self, job: Job) -> None:
        """An event so late may be the repeat of one whose room died before it looked again."""
        if job.outcome and self.clock() - job.times["concluded"] > REPEATED_AFTER_S:
            self.deliver.show_again(job)
