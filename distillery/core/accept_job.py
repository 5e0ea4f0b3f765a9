"""Use case: a member asks for pictures. Check all, write the job once, wake the dispatcher."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from distillery.core.errors import (
    DuplicateJob,
    InvalidOption,
    QueueUnavailable,
    StoreUnsure,
)
from distillery.core.flags.apply import apply_flags
from distillery.core.job import NOT_ADMITTED_S, Job, Origin, Request
from distillery.core.ports import Clock, JobQueue, JobStore, Telemetry
from distillery.core.recipe import Attachment, Recipe, Value, default_recipe
from distillery.core.recipe_options import nearest, resolve_options
from distillery.core.tier import Tier, tier_of

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Order:
    """A member's command, as it came: nothing in it has been checked."""

    job_id: str  # the interaction's id, so that one interaction is one job
    origin: Origin
    workflow: str | None  # None: the default recipe
    options: Mapping[str, Value]
    role_ids: frozenset[str] = frozenset()  # of the member, in the guild they asked in


@dataclass(frozen=True, slots=True)
class AcceptJob:
    """Accepts orders. `attachment_origins` are the only places a member's file may lie."""

    recipes: Mapping[str, Recipe]
    store: JobStore
    queue: JobQueue
    telemetry: Telemetry
    clock: Clock
    attachment_origins: frozenset[str]
    tiers: Sequence[Tier] = (Tier(),)  # the best first; the last is everybody's

    def __call__(self, order: Order) -> Job:
        """Make a job of the order and reserve its charge.

        Raises UserError with what the member should change, or that their credits are used up.
        Accepting the same order twice changes nothing.
        """
        job = self._job(order)
        self._create(job)
        # A duplicate is queued again too: the first delivery may have died before this line,
        # and the dispatcher ignores a job that has moved on.
        try:
            self.queue.send(job.job_id, group=job.origin.user_id)
        except QueueUnavailable:
            # The job is written, and whether the message was taken is unknown: the watchdog wakes
            # it. To take it back could break a promise that another delivery has made already.
            logger.exception("the queue did not take the job")
        return job

    def _create(self, job: Job) -> None:
        try:
            self.store.create(job)
        except DuplicateJob:
            logger.info("duplicate order")
        except StoreUnsure:
            if self.store.load(job.job_id) is None:
                raise
            logger.warning("the job was written, though the store did not say so")
        else:
            self.telemetry.count("JobsAccepted", workflow=job.request.workflow)

    def _job(self, order: Order) -> Job:
        recipe = self._recipe(order.workflow)
        values = resolve_options(
            recipe,
            apply_flags(recipe, list(self.recipes.values()), order.options),
            draw=lambda low, high: _draw(order.job_id, low, high),
        )
        attachments = {n: v for n, v in values.items() if isinstance(v, Attachment)}
        for name, attachment in attachments.items():
            self._check_origin(name, attachment)
        now = self.clock()
        return Job(
            job_id=order.job_id,
            origin=order.origin,
            request=Request(
                workflow=recipe.name,
                values={n: v for n, v in values.items() if not isinstance(v, Attachment)},
                attachments=attachments,
            ),
            created_at=now,
            tier=self._tier(order.role_ids),
            due_at=now + NOT_ADMITTED_S,
        )

    def _tier(self, role_ids: frozenset[str]) -> Tier:
        return tier_of(self.tiers, role_ids)

    def _recipe(self, name: str | None) -> Recipe:
        if name is None:
            return default_recipe(self.recipes)
        if name not in self.recipes:
            raise InvalidOption(
                f"There is no workflow `{name[:100]}`.{nearest(name, list(self.recipes))}"
            )
        return self.recipes[name]

    def _check_origin(self, name: str, attachment: Attachment) -> None:
        parts = urlsplit(attachment.url)
        if f"{parts.scheme}://{parts.netloc}" not in self.attachment_origins:
            raise InvalidOption(
                f"`{name}` must be a file attached in Discord, not a link to another place."
            )


def _draw(job_id: str, low: int, high: int) -> int:
    """Choose a number that a repeat of the same order chooses again."""
    digest = hashlib.sha256(job_id.encode()).digest()
    return low + int.from_bytes(digest[:8], "big") % (high - low + 1)
