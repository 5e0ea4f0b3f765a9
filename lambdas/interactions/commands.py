"""What each slash command does: one small function for each, found by the command's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from distillery.core import keys
from distillery.core.accept_job import AcceptJob
from distillery.core.cancel_job import CancelJob
from distillery.core.job import Job, Picture
from distillery.core.list_jobs import ListJobs
from distillery.core.past_prompts import with_past_prompt
from distillery.core.ports import Clock, JobStore, ObjectStore
from distillery.discord import help_text, listings
from distillery.discord.interaction import (
    ALL,
    CANCEL,
    HELP,
    HISTORY,
    QUEUE,
    SERVE,
    Interaction,
    read_order,
    read_user,
    read_which,
    read_workflow,
)
from distillery.discord.responses import DEFERRED, private

Answer = Mapping[str, Any]
Command = Callable[[Interaction], Answer]


@dataclass(frozen=True, slots=True)
class Commands:
    """The commands of members. `objects` is asked only for links to pictures."""

    accept: AcceptJob
    cancel: CancelJob
    jobs: ListJobs
    store: JobStore
    objects: Callable[[], ObjectStore]
    clock: Clock

    def by_name(self) -> Mapping[str, Command]:
        """Return the function of each command. All raise MalformedInteraction or UserError."""
        own = dict.fromkeys(self.accept.recipes, self._serve)  # whether or not they are in use now
        return own | {
            SERVE: self._serve,
            QUEUE: self._queue,
            CANCEL: self._cancel,
            HISTORY: self._history,
            HELP: self._help,
        }

    def _serve(self, interaction: Interaction) -> Answer:
        order = read_order(interaction)
        options = with_past_prompt(self.store, order.origin.user_id, order.options)
        self.accept(replace(order, options=options))
        return DEFERRED

    def _queue(self, interaction: Interaction) -> Answer:
        user_id = read_user(interaction)
        standings = self.jobs.open(user_id, listings.MOST_OPEN)
        balance = self.store.account(user_id).balance
        return private(listings.queue(standings, balance, self.clock()))

    def _cancel(self, interaction: Interaction) -> Answer:
        end = self.cancel.all if read_which(interaction) == ALL else self.cancel.latest
        return private(listings.cancelled(end(read_user(interaction))))

    def _history(self, interaction: Interaction) -> Answer:
        jobs = self.jobs.ended(read_user(interaction), listings.MOST_ENDED)
        history = listings.history(jobs, self._link)
        return private(history.content, history.embeds)

    def _help(self, interaction: Interaction) -> Answer:
        recipes = self.accept.recipes
        recipe = recipes.get(read_workflow(interaction) or "")
        return private(help_text.of_recipe(recipe) if recipe else help_text.overview(recipes))

    def _link(self, job: Job, picture: Picture) -> str:
        key = keys.output_key(job.job_id, job.attempt, picture.name)
        return self.objects().sign_get(key, listings.LINK_LIFE_S)
