"""Use case: a member asks what has become of their requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from distillery.core.job import Job, JobState
from distillery.core.ports import JobStore

LATEST = 100
"""So many of a member's jobs are looked at: Discord waits 3 s for an answer."""
PROMPT = "prompt"


@dataclass(frozen=True, slots=True)
class Standing:
    """A job, and how many stand before it in the line; None when it does not stand there."""

    job: Job
    place: int | None = None


@dataclass(frozen=True, slots=True)
class ListJobs:
    """Lists a member's own jobs, the latest first."""

    store: JobStore

    def open(self, user_id: str, limit: int) -> Sequence[Standing]:
        """Return the jobs that have not ended, and where those that wait stand in the line."""
        jobs = (job for job in self._jobs(user_id) if job.is_open)
        return [Standing(job, self._place(job)) for job in islice(jobs, limit)]

    def ended(self, user_id: str, limit: int) -> Sequence[Job]:
        """Return jobs whose end is known, whether or not the member has been shown it."""
        return list(islice((job for job in self._jobs(user_id) if job.outcome), limit))

    def favourites(self, job_ids: Sequence[str], user_id: str, limit: int) -> Sequence[Job]:
        """Return the jobs of these requests that made pictures.

        An answer that was taken away is kept from all but its owner.
        """
        leads = self.store.load_all(job_ids[:limit])
        wanted = dict.fromkeys(one for lead in leads for one in lead.parts or (lead.job_id,))
        parts = self.store.load_all(list(wanted)) if any(lead.parts for lead in leads) else leads
        made = (job for job in parts if job.outcome is not None and job.outcome.succeeded)
        seen = (job for job in made if may_see(job, user_id, is_favourite=True))
        return list(islice(seen, limit))

    def past_prompts(self, user_id: str) -> Sequence[tuple[str, Job]]:
        """Return what a member has asked for before, each prompt once, with its latest job."""
        prompts: dict[str, Job] = {}
        for job in self._jobs(user_id):
            prompt = str(job.request.values.get(PROMPT, "")).strip()
            if prompt:
                prompts.setdefault(prompt, job)
        return list(prompts.items())

    def _jobs(self, user_id: str) -> Sequence[Job]:
        """Return the latest first, and those of one request in the order of its pictures."""
        jobs = self.store.load_all(self.store.of_member(user_id, LATEST))
        return sorted(jobs, key=lambda job: (-job.created_at, _part(job)))

    def _place(self, job: Job) -> int | None:
        if job.state is JobState.QUEUED and job.start_tag is not None:
            return self.store.place(job)
        return None


def _part(job: Job) -> int:
    return job.parts.index(job.job_id) if job.parts else 0


def may_see(job: Job, user_id: str, *, is_favourite: bool) -> bool:
    """Tell whether a past job may be shown to a member: it is theirs, or one that they kept."""
    return job.origin.user_id == user_id or (is_favourite and "removed" not in job.times)
