"""What each slash command does: one small function for each, found by the command's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from distillery.core.accept_job import AcceptJob
from distillery.core.cancel_job import CancelJob
from distillery.core.list_jobs import ListJobs
from distillery.core.past_prompts import with_past_prompt
from distillery.core.tier import tier_of
from distillery.discord import account_text, listings
from distillery.discord.account_text import Use
from distillery.discord.interaction import (
    ALL,
    CANCEL,
    ME,
    QUEUE,
    SERVE,
    Interaction,
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
    """The commands with which members ask for pictures and about what is under way."""

    accept: AcceptJob
    cancel: CancelJob
    jobs: ListJobs
    words: Callable[[Interaction], Words]

    def by_name(self) -> Mapping[str, Command]:
        """Return the function of each command. All raise MalformedInteraction or UserError."""
        own = dict.fromkeys(self.accept.recipes, self._serve)  # whether or not they are in use now
        return own | {
            SERVE: self._serve,
            QUEUE: self._queue,
            CANCEL: self._cancel,
            ME: self._me,
        }

    def _serve(self, interaction: Interaction) -> Answer:
        order = read_order(interaction)
        options = with_past_prompt(self.accept.store, order.origin.user_id, order.options)
        self.accept(replace(order, options=options))
        return DEFERRED

    def _queue(self, interaction: Interaction) -> Answer:
        user_id = read_user(interaction)
        standings = self.jobs.open(user_id, listings.MOST_OPEN)
        balance = self.accept.store.account(user_id).balance
        words = self.words(interaction)
        return private(listings.queue(standings, balance, self.accept.clock(), words))

    def _cancel(self, interaction: Interaction) -> Answer:
        user_id, words = read_user(interaction), self.words(interaction)
        if read_which(interaction) != ALL:
            return private(listings.cancelled(self.cancel.latest(user_id), words))
        number = self.cancel.all(user_id)
        are_more = self.cancel.any_open(user_id)
        return private(listings.cancelled(number, words, are_more=are_more))

    def _me(self, interaction: Interaction) -> Answer:
        order = read_order(interaction)
        user_id = order.origin.user_id
        account = self.accept.store.account(user_id)
        today, month = account_text.beginnings(self.accept.clock())
        use = Use(
            today=self.accept.store.asked_since(user_id, today),
            this_month=self.accept.store.asked_since(user_id, month),
            in_flight=len(account.in_flight),
        )
        cleared = self.accept.check_content.of_member(order.origin)
        tier = cleared.terms(tier_of(self.accept.tiers, order.role_ids))
        words = self.words(interaction)
        return private(account_text.me(words, tier, account, use, cleared.notice))
