"""The answer to a member who types: up to 25 suggestions, each within Discord's limits.

Source: Discord, "Application Commands" (Autocomplete, Application Command Option Choice).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from distillery.core.flags.example import example_for
from distillery.core.flags.table import FLAGS
from distillery.core.job import Job
from distillery.core.locales import version
from distillery.core.past_prompts import standing_for
from distillery.core.recipes.manifest_option import MAX_LABEL
from distillery.core.recipes.recipe import Choice, Recipe
from distillery.core.suggest import MOST, matching

_FLAG = re.compile(r"(?:^|\s)(?P<mark>--|\u2013|\u2014)(?P<name>[a-z0-9-]*)$", re.IGNORECASE)

Suggestion = tuple[str, str | int | float]
"""What a member sees, and what they send when they pick it."""


def suggested(suggestions: Iterable[Suggestion]) -> Mapping[str, Any]:
    """Return the answer. What Discord would not take is left out, also what is there twice."""
    shown: dict[str | int | float, str] = {}
    for name, value in suggestions:
        name_ = shortened(name)
        if name_ and not (isinstance(value, str) and not 0 < len(value) <= MAX_LABEL):
            shown.setdefault(value, name_)
    choices = [{"name": name, "value": value} for value, name in shown.items()]
    return {"type": 8, "data": {"choices": choices[:MOST]}}


def shortened(text: str) -> str:
    """Return a text on one line, no longer than the name of a suggestion may be."""
    line = " ".join(text.split())
    return line if len(line) <= MAX_LABEL else line[: MAX_LABEL - 1] + "…"


def of_choices(typed: str, choices: Sequence[Choice], locale: str) -> list[Suggestion]:
    """Suggest from the choices that a recipe has."""
    names = [version(choice.name, choice.names, locale) for choice in choices]
    return [(names[place], choices[place].value) for place in matching(typed, names)]


def of_workflows(typed: str, recipes: Mapping[str, Recipe], locale: str) -> list[Suggestion]:
    """Suggest workflows by their titles."""
    known = list(recipes.values())
    names = [version(recipe.title, recipe.titles, locale) for recipe in known]
    return [(names[place], known[place].name) for place in matching(typed, names)]


def of_past_prompts(typed: str, prompts: Sequence[tuple[str, Job]]) -> list[Suggestion]:
    """Suggest what the member has asked for before, the latest first.

    A prompt too long for Discord is sent as a text that stands for it.
    """
    fitting = [prompts[place] for place in matching(typed, [prompt for prompt, _ in prompts])]
    return [
        (prompt, prompt if len(prompt) <= MAX_LABEL else standing_for(job))
        for prompt, job in fitting
    ]


def is_typing_flag(typed: str) -> bool:
    """Tell whether the last word of a prompt begins a flag."""
    return _FLAG.search(typed) is not None


def of_flags(typed: str, recipe: Recipe) -> list[Suggestion]:
    """Suggest how the flag that a member has begun goes on, if it then still fits."""
    begun = _FLAG.search(typed)
    if begun is None:
        return []
    before, start = typed[: begun.start("mark")], begun["name"].lower()
    used = {option.flag for option in recipe.options}
    flags = [flag for flag in FLAGS.values() if flag.name in used and flag.name.startswith(start)]
    examples = {example_for(recipe, flag): flag.meaning for flag in flags}
    return [(f"{one}: {meaning}", f"{before}{one}") for one, meaning in examples.items()]
