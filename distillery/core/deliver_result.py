"""Use case: an attempt has ended. Claim the job's one delivery and tell the member, once."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass

from distillery.core import keys
from distillery.core.answer import Answer, answer_of
from distillery.core.answer_metrics import note_answer
from distillery.core.circuits import Circuits
from distillery.core.deliveries import deliveries_of
from distillery.core.errors import (
    DiscordRefused,
    DiscordUnavailable,
    QueueUnavailable,
    StaleJob,
)
from distillery.core.failure_words import failed, words_of
from distillery.core.job import Job, JobState, Outcome
from distillery.core.ports import (
    Clock,
    JobQueue,
    JobStore,
    ObjectStore,
    Replies,
    Telemetry,
)
from distillery.core.worker_documents import NO_ENGINE, BadDocument, WorkerResult, parse_result

logger = logging.getLogger(__name__)

DELIVERY_LEASE_S = 32.0
"""A delivery that is not done by then has died: the room that makes it may run for 30 s."""
MAX_LOSSES = 3
"""So many attempts may come to nothing after a provider took them."""

TOO_LATE = "No GPU was free in time. Nothing was charged. Try again in a few minutes."
MISSING = "The pictures were made but could not be stored. Nothing was charged. Try again."
IN_HISTORY = "The pictures are made, but could not be shown here: `/history` has them."
UNREADABLE = "The GPU worker gave an answer that could not be read. Try again."


@dataclass(frozen=True, slots=True)
class DeliverResult:
    """Turns the end of an attempt into the one answer that a member sees."""

    store: JobStore
    queue: JobQueue
    objects: ObjectStore
    replies: Replies
    circuits: Circuits
    telemetry: Telemetry
    clock: Clock
    review: Callable[[Job, Outcome], Outcome] | None = None  # a second opinion on the pictures

    def __call__(self, job_id: str, attempt: int) -> None:
        """Deliver the result that a worker has stored for `attempt` of the job.

        A late attempt changes nothing: its result stays in the store and is never shown.
        Raises DiscordUnavailable when the same call should be made again later.
        """
        job = self.store.load(job_id)
        if job is None or job.attempt != attempt:
            logger.info("a result nobody waits for", extra={"attempt": attempt})
            return
        if job.state is JobState.DISPATCHED:
            self._conclude(job)
        elif job.state is JobState.DELIVERING:
            self.resume(job)

    def has_result(self, job: Job) -> bool:
        """Tell whether the attempt that a provider has now has stored its result."""
        key = keys.result_key(job.job_id, job.attempt)
        return job.state is JobState.DISPATCHED and self.objects.exists(key)

    def has_begun(self, job: Job) -> bool:
        """Tell whether a worker has begun the current attempt."""
        return bool(job.progress_shown) or self.objects.exists(
            keys.claim_key(job.job_id, job.attempt)
        )

    def fail(self, job: Job, text: str, *, kind: str, **values: str) -> None:
        """End the job with words instead of pictures, if it still stands as the caller saw it."""
        self._claim(job, failed(Outcome(), kind, text, values))

    def is_late(self, job: Job) -> bool:
        """Tell whether the job has waited for as long as anybody may."""
        return self.clock() >= job.answer_by

    def fail_late(self, job: Job) -> None:
        """End a job that is late."""
        self.fail(job, TOO_LATE, kind="too_late")

    def resume(self, job: Job) -> None:
        """Take over a delivery whose room has died. Leaves one that may be alive alone."""
        now = self.clock()
        if now < job.lease_until:
            return
        claimed = job.reclaimed(now, DELIVERY_LEASE_S)
        try:
            self.store.move(job, claimed)
        except StaleJob:
            return
        self._wake_next(claimed)  # whoever has gone may have gone before it did
        self._tell(claimed)

    def keep(self, job: Job) -> None:
        """Give up showing pictures that are made and paid for: they stay in the history."""
        if job.outcome is None:
            return
        if not job.is_canary and answer_of(job, self.store).is_complete:
            with contextlib.suppress(DiscordRefused):
                self.replies.show_failure(job, IN_HISTORY)
        self._finish(job, job.outcome, seen=False)

    def show_again(self, job: Job) -> None:
        """Repeat the final message, for whoever may have written over it.

        Nobody can once the token is dead, and then the bot may have told the member instead.
        """
        if job.outcome is not None and self.clock() < job.token_expires_at:
            with contextlib.suppress(DiscordRefused):  # nobody can write over it either
                self._show(answer_of(job, self.store))

    def uncover(self, job_id: str) -> None:
        """If the answer came while the caller edited the message, put it back on top.

        Whoever edits last looks last, so the final message always wins.
        """
        job = self.store.load(job_id)
        if job is not None and not job.is_open:
            self.show_again(job)

    def _conclude(self, job: Job) -> None:
        result = self._read_result(job)
        if not self._has_all_pictures(job, result.outcome):
            result = WorkerResult(Outcome(error=MISSING, error_kind="bad_result"))
        self._note_work(job, result)
        self._note_health(job, result.outcome)
        if _another_may_try(job, result):
            self._retry(job)
            return
        outcome = result.outcome
        if self.review is not None:  # before the claim, which settles the charge
            outcome = self.review(job, outcome)
        self._claim(job, outcome)

    def _has_all_pictures(self, job: Job, outcome: Outcome) -> bool:
        """A worker is not trusted: it may name a file that it never stored."""
        return all(
            self.objects.exists(keys.output_key(job.job_id, job.attempt, name))
            for picture in outcome.pictures
            for name in (picture.name, picture.copy)
            if name is not None
        )

    def _note_work(self, job: Job, result: WorkerResult) -> None:
        """What a provider charges for, whatever came of it."""
        provider = str(job.provider)
        self.telemetry.seconds("GpuTime", result.outcome.gpu_s, provider=provider)
        if result.is_cold_start:
            self.telemetry.count("ColdStarts", provider=provider)

    def _note_health(self, job: Job, outcome: Outcome) -> None:
        """What a job's end says of its provider; most failures are the job's own."""
        provider = str(job.provider)
        if outcome.error_kind == NO_ENGINE:
            self.circuits.failed(provider, "its workers have no engine", job.slot_holder)
        elif outcome.succeeded and job.is_probe:
            self.circuits.begun(provider, job.slot_holder)  # if its progress was lost
        elif outcome.succeeded:
            self.circuits.succeeded(provider)

    def _read_result(self, job: Job) -> WorkerResult:
        data = self.objects.read(keys.result_key(job.job_id, job.attempt))
        try:
            return parse_result(data)
        except BadDocument as problem:
            logger.warning("unreadable result: %s", problem)
            return WorkerResult(Outcome(error=UNREADABLE, error_kind="bad_result"))

    def _retry(self, job: Job) -> None:
        """The machine failed, not the job: wait again, and let another one try."""
        try:
            self.store.move(job, job.returned(self.clock(), lost=True))
        except StaleJob:
            return
        self.telemetry.count("JobsRetried", provider=job.provider or "none")
        self.queue.send(job.job_id, group=job.origin.user_id)

    def _claim(self, job: Job, outcome: Outcome) -> None:
        claimed = job.concluded(outcome, self.clock(), DELIVERY_LEASE_S)
        try:
            self.store.move(job, claimed)
        except StaleJob:
            logger.info("somebody else delivers this job")
            return
        self._wake_next(claimed)
        self._tell(claimed)

    def _wake_next(self, job: Job) -> None:
        """The job's slot is free for the line, and its place for another job of its member."""
        held = self.store.held(job.origin.user_id)
        for job_id in dict.fromkeys([*self.store.line(limit=1), *([held] if held else [])]):
            try:
                self.queue.send(job_id, group=job_id)
            except QueueUnavailable:  # the watchdog wakes it; the answer at hand does not wait
                logger.warning("nobody was woken for the free slot")

    def _tell(self, job: Job) -> None:
        outcome = job.outcome or Outcome()
        try:
            self._show(answer_of(job, self.store))
        except DiscordUnavailable:
            self._release(job)
            raise
        except DiscordRefused as error:
            # The token is dead or the message is gone: no repeat can ever reach the member.
            logger.warning("Discord refused the answer: %s", error)
            self.telemetry.count("AnswersRefused")
            self._finish(job, outcome, seen=False)
        else:
            self._finish(job, outcome, seen=True)

    def _release(self, job: Job) -> None:
        with contextlib.suppress(StaleJob):
            self.store.move(job, job.released(self.clock()))

    def _show(self, answer: Answer) -> None:
        """Tell the member, unless there is nobody to tell or the last job to end will do it."""
        last = answer.last
        if last.is_canary or "removed" in last.times or not answer.is_complete:
            return
        if answer.succeeded:
            deliveries = deliveries_of(answer.succeeded, self.objects)
            self.replies.show_pictures(last, deliveries, answer.missing)
        else:
            text, values = words_of(last.outcome or Outcome())
            self.replies.show_failure(last, text, **values)

    def _finish(self, job: Job, outcome: Outcome, *, seen: bool) -> None:
        now = self.clock()
        try:
            self.store.move(job, job.delivered(now, seen=seen))
        except StaleJob:
            logger.info("somebody else finished this delivery")
            return
        note_answer(job, self.telemetry, now)
        logger.info("answered", extra={"outcome": outcome.error_kind or "pictures"})


def _another_may_try(job: Job, result: WorkerResult) -> bool:
    return result.retryable and job.losses + 1 < MAX_LOSSES
