"""Use case: a member asks for pictures. Check all, write the job once, wake the dispatcher."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from distillery.core.deadlines import NOT_ADMITTED_S
from distillery.core.errors import (
    DuplicateJob,
    InvalidOption,
    QueueUnavailable,
    StoreUnsure,
)
from distillery.core.flags.apply import apply_flags
from distillery.core.job import Job, Request
from distillery.core.moderation.cleared import ContentCheck, unchecked
from distillery.core.order import Order
from distillery.core.ports import Clock, JobQueue, JobStore, Telemetry
from distillery.core.recipes.options import nearest, resolve_options
from distillery.core.recipes.recipe import Attachment, Recipe, Value, default_recipe
from distillery.core.tier import Tier, tier_of

logger = logging.getLogger(__name__)


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
    check_content: ContentCheck = unchecked

    def __call__(self, order: Order) -> Job:
        """Make a job of the order, or one for each picture, and reserve the charge.

        Returns the first job. Raises UserError with what the member should change, or that their
        credits are used up. Accepting the same order twice changes nothing.
        """
        jobs = self._jobs(order)
        self._create(jobs)
        # A duplicate is queued again too: the first delivery may have died before this line,
        # and the dispatcher ignores a job that has moved on.
        for job in jobs:
            self._wake(job)
        return jobs[0]

    def _wake(self, job: Job) -> None:
        try:
            self.queue.send(job.job_id, group=job.origin.user_id)
        except QueueUnavailable:
            # The job is written, and whether the message was taken is unknown: the watchdog wakes
            # it. To take it back could break a promise that another delivery has made already.
            logger.exception("the queue did not take the job")

    def _create(self, jobs: Sequence[Job]) -> None:
        try:
            self.store.create(*jobs)
        except DuplicateJob:
            logger.info("duplicate order")
        except StoreUnsure:
            if self.store.load(jobs[0].job_id) is None:
                raise
            logger.warning("the job was written, though the store did not say so")
        else:
            workflow = jobs[0].request.workflow
            for job in jobs:
                logger.info("accepted", extra={"job_id": job.job_id, "workflow": workflow})
            self.telemetry.count("JobsAccepted", len(jobs), workflow=workflow)

    def _jobs(self, order: Order) -> Sequence[Job]:
        job, recipe = self._job(order)
        _check_images(order.images, job.tier, recipe)
        if order.images == 1:
            return [job]
        ids = (job.job_id, *(f"{job.job_id}-{n}" for n in range(2, order.images + 1)))
        return [
            replace(job, job_id=part, parts=ids, request=_drawn_anew(job.request, recipe, number))
            for number, part in enumerate(ids)
        ]

    def _job(self, order: Order) -> tuple[Job, Recipe]:
        recipe = self._recipe(order.workflow)
        recipes = list(self.recipes.values())
        given = apply_flags(recipe, recipes, order.options)
        values = resolve_options(
            recipe, given, draw=lambda low, high: _draw(order.job_id, low, high), others=recipes
        )
        # It reads the table, which a mere mistake is not worth.
        cleared = self.check_content(order, _written(recipe, given))
        # The name of a file is no value of the request.
        values |= {name: text for name, text in cleared.texts.items() if name in values}
        attachments = {n: v for n, v in values.items() if isinstance(v, Attachment)}
        for name, attachment in attachments.items():
            self._check_origin(name, attachment)
        now = self.clock()
        job = Job(
            job_id=order.job_id,
            origin=order.origin,
            request=Request(
                workflow=recipe.name,
                values={n: v for n, v in values.items() if not isinstance(v, Attachment)},
                attachments=attachments,
            ),
            created_at=now,
            parent=order.parent,
            tier=cleared.terms(self._tier(order.role_ids)),
            due_at=now + NOT_ADMITTED_S,
        )
        return job, recipe

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
        if attachment.key is not None:
            return  # only we say where in our own store a file lies
        if f"{parts.scheme}://{parts.netloc}" not in self.attachment_origins:
            raise InvalidOption(
                "`{option}` must be a file attached in Discord, not a link to another place.",
                option=name,
            )


def _check_images(images: int, tier: Tier, recipe: Recipe) -> None:
    if not 1 <= images <= tier.images:
        rule = "`images` must be 1 for you, not {images}."
        if tier.images > 1:
            rule = "`images` must be 1 to {most} for you, not {images}."
        raise InvalidOption(rule, most=tier.images, images=images)
    if images > 1 and not any(option.random for option in recipe.options):
        raise InvalidOption(
            "{title} would make the same picture {images} times. Leave `images` out.",
            title=recipe.title,
            images=images,
        )


def _drawn_anew(request: Request, recipe: Recipe, number: int) -> Request:
    """Give the picture with that number, from 0, a seed of its own: the one that follows."""
    values = dict(request.values)
    for option in recipe.options:
        if option.random:
            low, high = int(option.minimum or 0), int(option.maximum or 0)
            values[option.name] = low + (int(values[option.name]) - low + number) % (high - low + 1)
    return replace(request, values=values)


def _written(recipe: Recipe, given: Mapping[str, Value]) -> Mapping[str, str]:
    """Return all that is the member's own words; what a recipe offers as a choice is not."""
    offered = {o.name: [choice.value for choice in o.choices] for o in recipe.options}
    texts = {n: v for n, v in given.items() if isinstance(v, str) and v not in offered.get(n, ())}
    files = {f"{n}.filename": v.filename for n, v in given.items() if isinstance(v, Attachment)}
    return texts | files


def _draw(job_id: str, low: int, high: int) -> int:
    """Choose a number that a repeat of the same order chooses again."""
    digest = hashlib.sha256(job_id.encode()).digest()
    return low + int.from_bytes(digest[:8], "big") % (high - low + 1)
