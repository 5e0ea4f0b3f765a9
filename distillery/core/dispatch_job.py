"""Use case: hand a waiting job to a provider, and to the next one if that one does not take it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from distillery.core import keys
from distillery.core.deliver_result import DeliverResult
from distillery.core.envelope import build_envelope
from distillery.core.errors import NoFreeSlot, ProviderError, StaleJob, UserError
from distillery.core.job import LOOK_AGAIN_S, Job, JobState
from distillery.core.ports import (
    Attachments,
    Clock,
    GpuProvider,
    JobQueue,
    JobStore,
    ObjectStore,
    Telemetry,
)
from distillery.core.recipe import Recipe
from distillery.core.routing import Candidate, route

logger = logging.getLogger(__name__)

RETRY_DELAYS_S = (5, 15, 30, 60)
"""How long a job that no provider took waits before the next round; after the last one it fails."""
RECHECK_DELAY_S = 60
"""A job that waits for a slot is woken by the job that frees one; this is in case that is lost."""
SUBMIT_GRACE_S = 60
"""A dispatch that has not said after this long that it submitted has died: its room lives less."""
ADDRESS_LIFE_S = 3600
"""How long a worker may use what we sign for it."""

NO_PROVIDER = "No GPU provider could take the job. Nothing was charged. Try again in a few minutes."


@dataclass(frozen=True, slots=True)
class Slots:
    """A provider, and how many jobs it may hold at once."""

    provider: GpuProvider
    limit: int


@dataclass(frozen=True, slots=True)
class DispatchJob:
    """Dispatches jobs to `providers`, which stand in the operator's order of preference."""

    recipes: Mapping[str, Recipe]
    store: JobStore
    queue: JobQueue
    objects: ObjectStore
    attachments: Attachments
    providers: Sequence[Slots]
    deliver: DeliverResult
    telemetry: Telemetry
    clock: Clock
    job_timeout_s: int

    def __call__(self, job_id: str) -> None:
        """Dispatch the job if it still waits. Safe to call any number of times."""
        job = self._waiting_job(job_id)
        if job is None:
            return
        if self.deliver.is_late(job):
            self.deliver.fail_late(job)
            return
        try:
            self._offer(job, self._prepare(job))
        except UserError as error:
            self.deliver.fail(job, str(error), kind="bad_input")
        except StaleJob:
            logger.info("somebody else has moved the job on")

    def _waiting_job(self, job_id: str) -> Job | None:
        job = self.store.load(job_id)
        if job is None:
            logger.error("a message names a job that does not exist")
            return None
        if job.state is JobState.QUEUED:
            return job
        if self._died_while_submitting(job):
            logger.warning("the room that dispatched this attempt died before it submitted")
            return self._return(job)
        if job.state is JobState.DELIVERING:
            self.deliver.resume(job)
        logger.info("nothing to dispatch", extra={"state": job.state})
        return None

    def _died_while_submitting(self, job: Job) -> bool:
        return (
            job.state is JobState.DISPATCHED
            and job.provider_job_id is None
            and self.clock() - job.times["dispatched"] > SUBMIT_GRACE_S
        )

    def _prepare(self, job: Job) -> Recipe:
        """Copy the member's files to our store, once, before a slot is taken."""
        recipe = self.recipes.get(job.request.workflow)
        if recipe is None:
            raise UserError(f"The workflow `{job.request.workflow}` is no longer installed.")
        if job.attempt > 0:
            return recipe  # an earlier attempt has copied them
        for option, attachment in job.request.attachments.items():
            data = self.attachments.fetch(attachment.url, attachment.size)
            key = keys.input_key(job.job_id, option)
            self.objects.put(key, data, attachment.content_type)
        return recipe

    def _offer(self, job: Job, recipe: Recipe) -> None:
        """Offer the job to one provider after the other until one takes it."""
        slots = {s.provider.name: s for s in self.providers}
        candidates = [Candidate(s.provider.name, s.provider.condition()) for s in self.providers]
        refused = False
        for name in route(candidates, avoid=job.failed_on):
            try:
                waiting = self._try_provider(job, recipe, slots[name])
            except NoFreeSlot:
                continue
            if waiting is None:
                return
            job, refused = waiting, True
        if refused:
            self._put_off(job)
        else:
            self._recheck(job)

    def _try_provider(self, job: Job, recipe: Recipe, slots: Slots) -> Job | None:
        """Submit one attempt. Returns None when it was taken, else the job, waiting again."""
        provider = slots.provider
        attempt = job.dispatched(provider.name, self.clock())
        self.store.move(job, attempt, slot_limit=slots.limit)
        envelope = build_envelope(
            attempt,
            recipe,
            self.objects,
            timeout_s=self.job_timeout_s,
            input_life_s=ADDRESS_LIFE_S,
        )
        try:
            provider_job_id = provider.submit(envelope)
        except ProviderError as error:
            logger.warning("provider did not take the job: %s", error)
            self.telemetry.count("ProviderRefusals", provider=provider.name)
            return self._return(attempt)
        self.telemetry.count("JobsDispatched", provider=provider.name)
        try:
            self.store.move(attempt, attempt.submitted(provider_job_id, self.clock()))
        except StaleJob:
            logger.info("the result came before the provider's answer was written down")
        return None

    def _return(self, attempt: Job) -> Job:
        waiting = attempt.returned(self.clock())
        self.store.move(attempt, waiting)
        return waiting

    def _recheck(self, job: Job) -> None:
        """Come by again later; one message that does so is enough for a job, however long it waits.

        A job that is due only later than the watchdog would look has one on its way.
        """
        now = self.clock()
        if job.due_at > now + LOOK_AGAIN_S:
            return
        self.store.move(job, job.rechecked(now, RECHECK_DELAY_S))
        self.queue.send(job.job_id, group=job.origin.user_id, delay_s=RECHECK_DELAY_S)

    def _put_off(self, job: Job) -> None:
        if job.tries >= len(RETRY_DELAYS_S):
            self.deliver.fail(job, NO_PROVIDER, kind="no_provider")
            return
        delay_s = RETRY_DELAYS_S[job.tries]
        self.store.move(job, job.put_off(self.clock(), delay_s))
        self.queue.send(job.job_id, group=job.origin.user_id, delay_s=delay_s)
