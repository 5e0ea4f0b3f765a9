"""The star below a message, and what takes it back: each member has favourites of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from distillery.core.errors import UserError
from distillery.core.ports import Favourites, JobStore
from distillery.discord.buttons import Action, star, unstar
from distillery.discord.clicks import read_click
from distillery.discord.components import private_parts, row, text
from distillery.discord.interaction import Interaction
from distillery.discord.translation import Words

KEPT = "⭐ This is one of your favourites now: `/history show: favourites` shows them to you alone."
NOT_KEPT = "This is no favourite of yours any more."
GONE = "This request is not kept any more. `/history` shows what is."

Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FavouriteButtons:
    """Keeps requests, those of others too, among a member's favourites."""

    favourites: Favourites
    store: JobStore
    words: Callable[[Interaction], Words]

    def components(self) -> Mapping[str, Callable[[Interaction], Answer]]:
        """Return what each button does. All raise MalformedInteraction or UserError."""
        return {Action.STAR: self._star, Action.UNSTAR: self._unstar}

    def _star(self, interaction: Interaction) -> Answer:
        words, click = self.words(interaction), read_click(interaction)
        job = self.store.load(click.job_id)
        if job is None or "removed" in job.times:
            raise UserError(words(GONE))
        self.favourites.add(click.asker.origin.user_id, job.lead_id)
        return private_parts([text(words(KEPT)), row([unstar(words, job.lead_id)])])

    def _unstar(self, interaction: Interaction) -> Answer:
        words, click = self.words(interaction), read_click(interaction)
        self.favourites.remove(click.asker.origin.user_id, click.job_id)
        return private_parts([text(words(NOT_KEPT)), row([star(words, click.job_id)])])
