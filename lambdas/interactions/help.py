"""`/help`: what can be made and how, page by page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from distillery.core.recipes.recipe import Recipe
from distillery.discord import help_text
from distillery.discord.clicks import ADMINISTRATOR
from distillery.discord.interaction import HELP, Interaction, read_help, read_permissions
from distillery.discord.paged import paged, read_turn, turned
from distillery.discord.translation import Words

Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Help:
    """Help with workflows and commands; `registered` are the commands as Discord has them."""

    recipes: Mapping[str, Recipe]
    registered: Callable[[], Sequence[Mapping[str, Any]]]
    words: Callable[[Interaction], Words]

    def by_name(self) -> Mapping[str, Callable[[Interaction], Answer]]:
        """Return the function of the command."""
        return {HELP: self._help}

    def components(self) -> Mapping[str, Callable[[Interaction], Answer]]:
        """Return the function of the buttons that turn its pages."""
        return {HELP: self._turn}

    def _help(self, interaction: Interaction) -> Answer:
        workflow, command = read_help(interaction)
        return self._page(interaction, workflow or command, 0)

    def _turn(self, interaction: Interaction) -> Answer:
        return turned(self._page(interaction, *read_turn(interaction)))

    def _page(self, interaction: Interaction, topic: str, page: int) -> Answer:
        words = self.words(interaction)
        may = read_permissions(interaction)
        commands = [command for command in self.registered() if _may_use(command, may)]
        named = [one for one in commands if one["name"] == topic]
        if recipe := self.recipes.get(topic):
            pages = help_text.of_recipe(recipe, words)
        elif named:
            pages = help_text.of_command(named[0], words)
        else:
            topic = ""
            pages = help_text.overview(self.recipes, commands, words)
        page = min(page, len(pages) - 1)
        return paged(words, f"{HELP}:{topic}", page, len(pages), pages[page])


def _may_use(command: Mapping[str, Any], permissions: int) -> bool:
    """Tell whether Discord shows a member the command, as far as we know: a server may say else."""
    needed = int(command.get("default_member_permissions") or 0)
    return bool(permissions & ADMINISTRATOR) or not needed & ~permissions
