"""What is suggested to a member who types: for prompts, flags, choices and workflows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from distillery.core.list_jobs import ListJobs
from distillery.core.recipes.recipe import PROMPT, Choice, Recipe, default_recipe
from distillery.discord.focus import Focus, read_focus
from distillery.discord.interaction import (
    HELP,
    SERVE,
    WORKFLOW_OPTION,
    Interaction,
    read_user,
)
from distillery.discord.suggestions import (
    is_typing_flag,
    of_choices,
    of_flags,
    of_past_prompts,
    of_workflows,
    suggested,
)

Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Suggestions:
    """Answers while a member types. Only past prompts need a look into the table."""

    recipes: Mapping[str, Recipe]
    jobs: ListJobs

    def by_command(self) -> Mapping[str, Callable[[Interaction], Answer]]:
        """Return what answers each command. All raise MalformedInteraction."""
        return dict.fromkeys((SERVE, HELP, *self.recipes), self._suggest)

    def _suggest(self, interaction: Interaction) -> Answer:
        focus = read_focus(interaction)
        if focus.option == WORKFLOW_OPTION:
            return suggested(of_workflows(focus.typed, self.recipes, interaction.locale))
        if focus.option != PROMPT:
            choices = self._choices(focus)
            return suggested(of_choices(focus.typed, choices, interaction.locale))
        if is_typing_flag(focus.typed):
            return suggested(of_flags(focus.typed, self._recipe(focus)))
        past = self.jobs.past_prompts(read_user(interaction))
        return suggested(of_past_prompts(focus.typed, past))

    def _recipe(self, focus: Focus) -> Recipe:
        return self.recipes.get(focus.workflow or "") or default_recipe(self.recipes)

    def _choices(self, focus: Focus) -> list[Choice]:
        """Choices of the workflow that was chosen; of all, as long as none was."""
        chosen = self.recipes.get(focus.workflow or "")
        among = [chosen] if chosen else list(self.recipes.values())
        found: dict[str | int | float, Choice] = {}
        for recipe in among:
            for option in recipe.options:
                if option.name == focus.option:
                    found |= {c.value: c for c in option.choices if c.value not in found}
        return list(found.values())
