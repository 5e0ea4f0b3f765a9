"""Use case: a message or an event came to nothing after every try. Keep it, and answer its job.

Dead letters are the last line: what lands here, nobody else will try again.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from distillery.core.deliver_result import DeliverResult
from distillery.core.errors import DiscordUnavailable, QueueUnavailable
from distillery.core.job import Job, JobState
from distillery.core.ports import DeadLetter, DeadLetters, JobStore, LetterSource, Telemetry

logger = logging.getLogger(__name__)

GAVE_UP = (
    "Something is broken on our side: this request failed every time it was tried. "
    "Nothing was charged. Try again; if it fails again, tell whoever runs this bot: job `{job_id}`."
)


@dataclass(frozen=True, slots=True)
class BuryJob:
    """Takes dead letters: keeps each for the operator, and leaves no member without an answer."""

    letters: DeadLetters
    store: JobStore
    deliver: DeliverResult
    telemetry: Telemetry

    def __call__(self, letter: DeadLetter) -> None:
        """Keep the letter and settle its job. Safe to call any number of times.

        Raises DiscordUnavailable or QueueUnavailable when the same call should be made again.
        """
        logger.error("dead letter: %s", letter.reason, extra={"letter": letter.letter_id})
        self.letters.keep(letter)
        self.telemetry.count("DeadLetters", source=letter.source)
        job = self.store.load(letter.job_id) if letter.job_id else None
        if job is not None and not job.is_final:
            self._settle(job, letter)
        elif job is not None and letter.source is not LetterSource.SCHEDULE:
            self.deliver.show_again(job)  # it may have left progress, or a wait, over the answer

    def _settle(self, job: Job, letter: DeadLetter) -> None:
        if job.state is JobState.DELIVERING or self.deliver.has_result(job):
            self._deliver(job)
        # If that has moved the job on, this write loses, as every write that comes too late.
        if letter.source is LetterSource.QUEUE and not _is_in_hand(job):
            self._fail(job)
        else:
            logger.info("left to whoever works on the job", extra={"state": job.state})

    def _deliver(self, job: Job) -> None:
        try:
            self.deliver(job.job_id, job.attempt)
        except (DiscordUnavailable, QueueUnavailable):
            raise
        except Exception:  # whatever it is, it has been tried before: the member gets words instead
            logger.exception("the result cannot be delivered")
            now = self.store.load(job.job_id)
            if now is not None and not now.is_final:
                self._fail(now)

    def _fail(self, job: Job) -> None:
        if job.outcome is not None and job.outcome.succeeded:
            self.deliver.keep(job)
            return
        self.deliver.fail(job, GAVE_UP, kind="dead_letter", job_id=job.job_id)


def _is_in_hand(job: Job) -> bool:
    """Tell whether the job gets on, whatever became of one message that named it.

    A message ends only a job that it could not make ready. Later on it is a mere wake-up: the line
    and the watchdog see to the rest.
    """
    return job.state is not JobState.QUEUED or job.start_tag is not None or job.is_held
