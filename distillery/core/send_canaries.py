"""Use case: every third day Runpod makes a picture: an endpoint that nobody needed still works.

Runpod lowers the workers of an endpoint without requests after three days, and to none after seven,
which only a person can undo (Runpod's documentation, "Endpoint settings"). A canary is a job like
any other, bound to its provider; nobody is told, but a failure is counted and so raises an alarm.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from distillery.core.deadlines import NOT_ADMITTED_S
from distillery.core.errors import DuplicateJob, QueueUnavailable
from distillery.core.job import Job, Origin, Request
from distillery.core.ports import Clock, JobQueue, JobStore
from distillery.core.recipes.options import resolve_options
from distillery.core.recipes.recipe import Attachment, Recipe, default_recipe

logger = logging.getLogger(__name__)

MEMBER = "canary"
PROMPT = "a canary in a coal mine"
PERIOD_S = 3 * 24 * 3600


@dataclass(frozen=True, slots=True)
class SendCanaries:
    """Sends one job to each provider."""

    recipes: Mapping[str, Recipe]
    providers: Iterable[str]
    store: JobStore
    queue: JobQueue
    clock: Clock

    def __call__(self) -> None:
        """Send this period's canaries. A second call in the same one changes nothing."""
        for provider in self.providers:
            self.send(provider, f"canary-{provider}-{int(self.clock() // PERIOD_S)}")

    def send(self, provider: str, job_id: str) -> None:
        """Send one job to one provider; to send the same one again changes nothing."""
        try:
            self.store.create(self._job(provider, job_id))
        except DuplicateJob:
            logger.info("this canary has been sent", extra={"provider": provider})
        try:
            self.queue.send(job_id, group=MEMBER)
        except QueueUnavailable:
            logger.warning("the watchdog will wake this canary", extra={"provider": provider})

    def _job(self, provider: str, job_id: str) -> Job:
        now = self.clock()
        recipe = default_recipe(self.recipes)
        values = resolve_options(recipe, {"prompt": PROMPT}, draw=lambda low, high: low)
        plain = {name: v for name, v in values.items() if not isinstance(v, Attachment)}
        return Job(
            job_id=job_id,
            origin=Origin("", "", MEMBER, ""),
            request=Request(recipe.name, plain),
            created_at=now,
            charge=0,
            only_on=provider,
            due_at=now + NOT_ADMITTED_S,
        )
