"""What each slash command does: one small function for each, found by the command's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from distillery.core import keys
from distillery.core.accept_job import AcceptJob
from distillery.core.cancel_job import CancelJob
from distillery.core.job import Job, Picture
from distillery.core.list_jobs import ListJobs
from distillery.core.past_prompts import with_past_prompt
from distillery.core.ports import Clock, JobStore, ObjectStore
from distillery.core.tier import tier_of
from distillery.discord import account_text, help_text, listings
from distillery.discord.account_text import Use
from distillery.discord.interaction import (
    ALL,
    CANCEL,
    HELP,
    HISTORY,
    ME,
    QUEUE,
    SERVE,
    Interaction,
    read_help,
    read_order,
    read_user,
    read_which,
)
from distillery.discord.responses import DEFERRED, private
from distillery.discord.translation import Words

Answer = Mapping[str, Any]
Command = Callable[[Interaction], Answer]


@dataclass(frozen=True, slots=True)
class Commands:
    """The commands of members. `objects` is asked only for links to pictures.

    `registered` are the commands as Discord has them, for `/help` alone.
    """

    accept: AcceptJob
    cancel: CancelJob
    jobs: ListJobs
    store: JobStore
    objects: Callable[[], ObjectStore]
    clock: Clock
    registered: Callable[[], Sequence[Mapping[str, Any]]] = lambda: ()
    words: Callable[[Interaction], Words] = lambda interaction: Words(interaction.locale)

    def by_name(self) -> Mapping[str, Command]:
        """Return the function of each command. All raise MalformedInteraction or UserError."""
        own = dict.fromkeys(self.accept.recipes, self._serve)  # whether or not they are in use now
        return own | {
            SERVE: self._serve,
            QUEUE: self._queue,
            CANCEL: self._cancel,
            HISTORY: self._history,
            ME: self._me,
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
        words = self.words(interaction)
        return private(listings.queue(standings, balance, self.clock(), words))

    def _cancel(self, interaction: Interaction) -> Answer:
        end = self.cancel.all if read_which(interaction) == ALL else self.cancel.latest
        return private(listings.cancelled(end(read_user(interaction)), self.words(interaction)))

    def _history(self, interaction: Interaction) -> Answer:
        jobs = self.jobs.ended(read_user(interaction), listings.MOST_ENDED)
        history = listings.history(jobs, self._link, self.words(interaction))
        return private(history.content, history.embeds)

    def _me(self, interaction: Interaction) -> Answer:
        order = read_order(interaction)
        user_id = order.origin.user_id
        account = self.store.account(user_id)
        today, month = account_text.beginnings(self.clock())
        use = Use(
            today=self.store.asked_since(user_id, today),
            this_month=self.store.asked_since(user_id, month),
            in_flight=len(account.in_flight),
        )
        tier = tier_of(self.accept.tiers, order.role_ids)
        return private(account_text.me(self.words(interaction), tier, account, use))

    def _help(self, interaction: Interaction) -> Answer:
        workflow, command = read_help(interaction)
        words = self.words(interaction)
        recipe = self.accept.recipes.get(workflow)
        registered = self.registered()
        named = next((one for one in registered if one["name"] == command), None)
        if recipe:
            pages = help_text.of_recipe(recipe, words)
        elif named:
            pages = help_text.of_command(named, words)
        else:
            pages = help_text.overview(self.accept.recipes, registered, words)
        return private(pages[0])

    def _link(self, job: Job, picture: Picture) -> str:
        key = keys.output_key(job.job_id, job.attempt, picture.name)
        return self.objects().sign_get(key, listings.LINK_LIFE_S)
