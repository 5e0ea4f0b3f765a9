"""What one request comes to: one job, or several that make a picture each at the same time.

Such jobs are jobs like any other: each has its own charge, place in the line, slot and retries.
They share one message, so only when the last of them has ended is the member told of all. Of two
that end at once both may see that, and then both say the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from distillery.core.job import Job, JobState
from distillery.core.ports import JobStore, Missing, Progress


@dataclass(frozen=True, slots=True)
class Answer:
    """The jobs that share one message, in the order of their pictures."""

    jobs: tuple[Job, ...]

    @property
    def ended(self) -> int:
        """How many jobs have ended, well or not."""
        return sum(job.outcome is not None for job in self.jobs)

    @property
    def is_complete(self) -> bool:
        """True when every job has ended."""
        return self.ended == len(self.jobs)

    @property
    def succeeded(self) -> tuple[Job, ...]:
        """The jobs that have pictures."""
        return tuple(job for job in self.jobs if job.outcome and job.outcome.succeeded)

    def is_ahead(self, job: Job, percent: float) -> bool:
        """Tell whether none of those at work is further than `job`, which has come to `percent`."""
        return all(
            other.state is not JobState.DISPATCHED or other.percent_shown <= percent
            for other in self.jobs
            if other.job_id != job.job_id
        )

    def number_of(self, job: Job, picture: int) -> int | None:
        """How members count a job's picture in the message, from 1: as they see them there.

        None if it is not among them.
        """
        shown = [
            (each.job_id, index)
            for each in self.succeeded
            for index, _ in enumerate(each.outcome.pictures if each.outcome else ())
        ]
        target = (job.job_id, picture)
        return shown.index(target) + 1 if target in shown else None

    @property
    def last(self) -> Job:
        """Of the jobs that speak for all, those with pictures if there are any, the last to end."""
        return max(self.succeeded or self.jobs, key=lambda job: job.times.get("concluded", 0.0))

    @property
    def missing(self) -> Missing | None:
        """Which pictures are not among the others; None when all are there."""
        failed = [j.outcome for j in self.jobs if j.outcome and not j.outcome.succeeded]
        if not failed or not self.succeeded:
            return None
        return Missing(len(failed), len(self.jobs), failed[-1])

    def progress(self, job: Job, progress: Progress) -> Progress:
        """How far all of it is, when `job` has come as far as `progress` says."""
        if len(self.jobs) == 1:
            return progress
        percents = [
            100.0 if other.outcome else other.percent_shown
            for other in self.jobs
            if other.job_id != job.job_id
        ]
        percent = (sum(percents) + progress.percent) / len(self.jobs)
        # The time left of one is not that of all; what it is doing just now is.
        return replace(progress, percent=percent, eta_s=None, ended=self.ended)


def answer_of(job: Job, store: JobStore) -> Answer:
    """Read the jobs that share the message of `job`, which is taken as the caller has it."""
    if not job.parts:
        return Answer((job,))
    read = (job if part == job.job_id else store.load(part) for part in job.parts)
    return Answer(tuple(part for part in read if part is not None))
