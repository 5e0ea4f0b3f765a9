"""What each button, menu and form below a message does: one small function for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from distillery.core import keys
from distillery.core.accept_job import AcceptJob
from distillery.core.answer import answer_of
from distillery.core.cancel_job import WORDS, CancelJob
from distillery.core.errors import StaleJob, StoreBusy, UserError
from distillery.core.follow_up import (
    as_attachment,
    options_again,
    options_changed,
    options_on_picture,
    recipe_made_for,
    recipe_of,
)
from distillery.core.job import Job, Picture
from distillery.core.order import Order
from distillery.core.ports import Clock, JobStore, ObjectStore
from distillery.core.recipes.recipe import Recipe, Value
from distillery.core.tier import tier_of
from distillery.discord.buttons import MADE_BY, Action, custom_id, offer_same
from distillery.discord.clicks import Click, read_click
from distillery.discord.components import private_parts, text, update_to
from distillery.discord.forms import PROMPT, editable, read_fields, request_form
from distillery.discord.info_text import info
from distillery.discord.interaction import Interaction
from distillery.discord.link_cards import link_card
from distillery.discord.looks import Looks
from distillery.discord.responses import DEFERRED, NOTHING_NEW, private
from distillery.discord.translation import Words

LINK_LIFE_S = 3600
_TRIES = 3
TOO_OLD = (
    "This request is so old that it is not kept any more. Send a new one with `/serve`; "
    "its words are still in the message."
)
NO_PICTURE = "There is no such picture any more. Make it again with the same seed:"
DELETED = "That answer was deleted. Send a new request with `/serve`."
NOT_YOURS = (
    "Only <@{user_id}>, whose request this is, or a moderator may do that. "
    "You can upscale, vary or repeat it as a request of your own."
)
HAS_ENDED = "It has just ended by itself, so there is nothing to cancel."
NOT_OVER = "This request is not over yet. Cancel it first."
LINKED = "The file as it was made. The link works for an hour; the button makes a new one."

Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Buttons:
    """The buttons of messages. `objects` is asked only where a picture itself is needed."""

    accept: AcceptJob
    cancel: CancelJob
    store: JobStore
    objects: Callable[[], ObjectStore]
    looks: Looks
    clock: Clock
    words: Callable[[Interaction], Words]

    def components(self) -> Mapping[str, Callable[[Interaction], Answer]]:
        """Return what each button and menu does. All raise MalformedInteraction or UserError."""
        return {
            Action.AGAIN: self._again,
            Action.SAME: self._again,
            Action.EDIT: self._edit_form,
            Action.UPSCALE: self._on_picture,
            Action.VARY: self._on_picture,
            Action.ZOOM: self._on_picture,
            Action.REMIX: self._remix_form,
            Action.FILE: self._file,
            Action.INFO: self._info,
            Action.DELETE: self._delete,
            Action.CANCEL: self._cancel,
        }

    def modals(self) -> Mapping[str, Callable[[Interaction], Answer]]:
        """Return the function of each form."""
        return {Action.EDIT: self._edited, Action.REMIX: self._on_picture}

    def _again(self, interaction: Interaction) -> Answer:
        click, job = self._read(interaction)
        recipe = recipe_of(self._recipes, job)
        same_seed = click.action == Action.SAME
        options = options_again(job, recipe, same_seed=same_seed)
        return self._order(click, recipe, options, images=len(job.parts) or 1)

    def _edit_form(self, interaction: Interaction) -> Answer:
        _, job = self._read(interaction)
        recipe = recipe_of(self._recipes, job)
        name = custom_id(Action.EDIT, job.job_id)
        words = self.words(interaction)
        return request_form(words, name, recipe, editable(recipe), job.request.values)

    def _edited(self, interaction: Interaction) -> Answer:
        click, job = self._read(interaction)
        recipe = recipe_of(self._recipes, job)
        changes = read_fields(editable(recipe), click.fields, job.request.values)
        options = options_changed(job, recipe, changes)
        return self._order(click, recipe, options, images=len(job.parts) or 1)

    def _remix_form(self, interaction: Interaction) -> Answer:
        click, job = self._read(interaction)
        recipe = recipe_made_for(self._recipes, MADE_BY[Action.REMIX])
        options = [option for option in recipe.options if option.name == PROMPT]
        if not options:
            return self._on_picture(interaction)  # there are no words to change
        name = custom_id(Action.REMIX, f"{job.job_id}:{click.picture or 0}")
        return request_form(self.words(interaction), name, recipe, options, job.request.values)

    def _on_picture(self, interaction: Interaction) -> Answer:
        """Let the recipe that is made for it work on one picture, with a form's words if any."""
        click, job = self._read(interaction)
        recipe = recipe_made_for(self._recipes, MADE_BY[Action(click.action)])
        picture = _picture(click, job)
        if picture is None:
            return self._gone(interaction, job)
        given = as_attachment(job, picture, recipe.picture_option.max_bytes)
        if not self.objects().exists(str(given.key)):
            return self._gone(interaction, job)
        words = [option for option in recipe.options if option.name == PROMPT]
        typed = read_fields(words, click.fields, job.request.values)
        changes = {name: value for name, value in typed.items() if value is not None}
        made_by = self._recipes.get(job.request.workflow)
        options = options_on_picture(job, made_by, recipe, given)
        number = answer_of(job, self.store).number_of(job, click.picture or 0)
        return self._order(click, recipe, options | changes, number=number)

    def _file(self, interaction: Interaction) -> Answer:
        click, job = self._read(interaction)
        picture = _picture(click, job)
        if picture is None:
            return self._gone(interaction, job)
        key = keys.output_key(job.job_id, job.attempt, picture.name)
        objects = self.objects()
        if not objects.exists(key):
            return self._gone(interaction, job)
        words = self.words(interaction)
        return private(
            words(LINKED),
            [link_card(words, picture.name, objects.sign_get(key, LINK_LIFE_S))],
        )

    def _info(self, interaction: Interaction) -> Answer:
        _, job = self._read(interaction)
        jobs, recipe = answer_of(job, self.store).jobs, self._recipes.get(job.request.workflow)
        return private_parts([text(info(self.words(interaction), jobs, recipe))])

    def _delete(self, interaction: Interaction) -> Answer:
        click, job = self._read(interaction, even_deleted=True)
        _check_rule(click, job)
        answer = answer_of(job, self.store)
        if not answer.is_complete:
            return private(self.words(interaction)(NOT_OVER))
        for part in answer.jobs:
            self._remove(part)
        return update_to(self.looks.removed(job, click.asker.origin.user_id))

    def _cancel(self, interaction: Interaction) -> Answer:
        click, job = self._read(interaction)
        _check_rule(click, job)
        if not self.cancel.request_of(job):
            return private(self.words(interaction)(HAS_ENDED))
        answer = answer_of(self._job(click), self.store)
        if answer.succeeded:
            return NOTHING_NEW  # the dispatcher shows the pictures that are made
        return update_to(self.looks.failure(answer.last, WORDS))

    def _gone(self, interaction: Interaction, job: Job) -> Answer:
        words = self.words(interaction)
        return private_parts([text(words(NO_PICTURE)), offer_same(words, job)])

    def _remove(self, job: Job) -> None:
        for _ in range(_TRIES):
            try:
                self.store.move(job, job.removed(self.clock()))
            except StaleJob:  # whoever tells the member has just done so
                job = self.store.load(job.job_id) or job
            else:
                return
        raise StoreBusy(f"others move job {job.job_id} all the time")

    @property
    def _recipes(self) -> Mapping[str, Recipe]:
        return self.accept.recipes

    def _read(self, interaction: Interaction, *, even_deleted: bool = False) -> tuple[Click, Job]:
        click = read_click(interaction)
        job = self._job(click)
        if "removed" in job.times and not (even_deleted or _is_in_history(click, job)):
            raise UserError(DELETED)
        return click, job

    def _job(self, click: Click) -> Job:
        job = self.store.load(click.job_id)
        if job is None:
            raise UserError(TOO_OLD)
        return job

    def _order(
        self,
        click: Click,
        recipe: Recipe,
        options: Mapping[str, Value],
        images: int = 1,
        number: int | None = None,
    ) -> Answer:
        """Make a job of the click: one for each, by the interaction's id, paid by who clicked.

        `number` is that of the picture which it goes on from.
        """
        asker = click.asker
        self.accept(
            Order(
                job_id=asker.interaction_id,
                origin=asker.origin,
                workflow=recipe.name,
                options=options,
                images=min(images, tier_of(self.accept.tiers, asker.role_ids).images),
                role_ids=asker.role_ids,
                parent=replace(click.parent, number=number),
            )
        )
        return DEFERRED


def _check_rule(click: Click, job: Job) -> None:
    if not click.may_rule_over(job):
        raise UserError(NOT_YOURS, user_id=job.origin.user_id)


def _is_in_history(click: Click, job: Job) -> bool:
    """Tell whether this is done with a request of one's own: `/history` keeps it to its owner."""
    is_own = click.asker.origin.user_id == job.origin.user_id
    return is_own and click.action in (Action.AGAIN, Action.EDIT)


def _picture(click: Click, job: Job) -> Picture | None:
    pictures = job.outcome.pictures if job.outcome else ()
    number = click.picture or 0
    return pictures[number] if number < len(pictures) else None
