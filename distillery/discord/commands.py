"""The slash commands. `/serve` is made from the recipes: nobody writes an option down twice.

Discord shows one command for all workflows: it offers the union of their options, and the bounds
of the widest. What a member sends is then checked against the one recipe it is for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from distillery.core.errors import BrokenRecipe
from distillery.core.manifest_option import MAX_CHOICES, MAX_LABEL
from distillery.core.recipe import Choice, Option, OptionKind, Recipe, default_recipe
from distillery.core.recipe_manifest import MAX_OPTIONS
from distillery.discord.interaction import (
    ALL,
    CANCEL,
    HELP,
    HISTORY,
    LATEST,
    QUEUE,
    SERVE,
    WHICH_OPTION,
    WORKFLOW_OPTION,
)

MAX_CHARACTERS = 8000  # of a whole command (Discord, "Application Commands")

_TYPES: Mapping[OptionKind, int] = {
    OptionKind.STRING: 3,
    OptionKind.SIZE: 3,
    OptionKind.INTEGER: 4,
    OptionKind.BOOLEAN: 5,
    OptionKind.NUMBER: 10,
    OptionKind.ATTACHMENT: 11,
}
_CHAT_INPUT = 1
_EVERYWHERE = [0, 1, 2]  # contexts: servers, messages with the bot, all other direct messages
_INSTALLS = [0, 1]  # integration types: in a server, by a user for themselves

Declared = Sequence[tuple[Recipe, Option]]
"""The options of one name, each with the recipe that declares it."""


def all_commands(recipes: Mapping[str, Recipe]) -> list[dict[str, Any]]:
    """Return every command, as `PUT /applications/{id}/commands` takes them.

    Raises BrokenRecipe when two recipes contradict each other or Discord's limits are passed.
    """
    which = {
        "type": _TYPES[OptionKind.STRING],
        "name": WHICH_OPTION,
        "description": "Which of your requests (the latest if left out)",
        "required": False,
        "choices": [{"name": name, "value": name} for name in (LATEST, ALL)],
    }
    return [
        serve_command(recipes),
        _command(QUEUE, "See where your requests stand"),
        _command(CANCEL, "Call off requests that have not ended; they cost nothing", [which]),
        _command(HISTORY, "See how your last requests ended, with their pictures"),
        _command(HELP, "See what can be made, and how", _workflow_options(recipes)),
    ]


def serve_command(recipes: Mapping[str, Recipe]) -> dict[str, Any]:
    """Return the `/serve` command alone; raises BrokenRecipe as `all_commands` does."""
    declared = _by_name(recipes.values())
    options = [_merged(same, len(recipes)) for same in declared.values()]
    options += _workflow_options(recipes)
    if len(options) > MAX_OPTIONS:
        named = ", ".join(option["name"] for option in options)
        raise BrokenRecipe(
            f"{_files(recipes)}: {len(options)} options together, a command takes {MAX_OPTIONS}; "
            f"use fewer, or the same names for the same things: {named}"
        )
    # Discord demands required options first; then what most members look for.
    order = ("prompt", WORKFLOW_OPTION)
    options.sort(key=lambda o: (not o["required"], _rank(o["name"], order)))
    command = _command(SERVE, "Make pictures from your words", options)
    if (size := characters(command)) > MAX_CHARACTERS:
        raise BrokenRecipe(
            f"{_files(recipes)}: /{SERVE} has {size:,} characters of names, descriptions "
            f"and choices, Discord takes {MAX_CHARACTERS:,}; shorten them"
        )
    return command


def characters(part: Mapping[str, Any]) -> int:
    """Count what Discord counts: name, description and value, in all options and choices."""
    own = sum(len(str(part[key])) for key in ("name", "description", "value") if key in part)
    inner = [*part.get("options", ()), *part.get("choices", ())]
    return own + sum(characters(item) for item in inner)


def _command(
    name: str, description: str, options: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    return {
        "type": _CHAT_INPUT,
        "name": name,
        "description": description,
        "options": list(options),
        "contexts": _EVERYWHERE,
        "integration_types": _INSTALLS,
    }


def _rank(name: str, order: Sequence[str]) -> int:
    return order.index(name) if name in order else len(order)


def _by_name(recipes: Iterable[Recipe]) -> dict[str, list[tuple[Recipe, Option]]]:
    declared: dict[str, list[tuple[Recipe, Option]]] = {}
    for recipe in sorted(recipes, key=lambda recipe: not recipe.default):
        for option in recipe.options:
            if option.hidden:
                continue
            declared.setdefault(option.name, []).append((recipe, option))
    return declared


def _merged(declared: Declared, recipe_count: int) -> dict[str, Any]:
    """Merge the options of one name. The words of the first recipe, the default one, win."""
    _check_same_kind(declared)
    options = [option for _, option in declared]
    everywhere = len(options) == recipe_count
    merged: dict[str, Any] = {
        "type": _TYPES[options[0].kind],
        "name": options[0].name,
        "description": options[0].description,
        "required": everywhere and all(option.required for option in options),
    }
    if all(option.choices and not option.suggest for option in options):
        merged["choices"] = _merged_choices(declared)
        return merged
    bounds = {
        "min_value": _widest(min, [option.minimum for option in options]),
        "max_value": _widest(max, [option.maximum for option in options]),
        "min_length": _widest(min, [option.min_length for option in options]),
        "max_length": _widest(max, [option.max_length for option in options]),
    }
    return merged | {key: bound for key, bound in bounds.items() if bound is not None}


def _widest(pick: Callable[[list[float]], float], bounds: Sequence[float | None]) -> float | None:
    """The least or greatest bound; none when one recipe has none."""
    known = [bound for bound in bounds if bound is not None]
    return pick(known) if len(known) == len(bounds) else None


def _check_same_kind(declared: Declared) -> None:
    first_recipe, first = declared[0]
    for recipe, option in declared[1:]:
        if option.kind is not first.kind:
            raise BrokenRecipe(
                f"{_file(recipe)}: options.{option.name}.type: is {option.kind}, but {first.kind} "
                f"in {_file(first_recipe)}; use one type or two names"
            )


def _merged_choices(declared: Declared) -> list[dict[str, Any]]:
    merged: dict[str | int | float, Choice] = {}
    for recipe, option in declared:
        for choice in option.choices:
            merged.setdefault(choice.value, choice)
        names = [choice.name for choice in merged.values()]
        problem = None
        if len(merged) > MAX_CHOICES:
            problem = (
                f"{len(merged)} with those of the other workflows; Discord takes {MAX_CHOICES}"
            )
        elif len(set(names)) < len(names):
            problem = "a name stands for another value in another workflow; rename it"
        if problem:
            raise BrokenRecipe(f"{_file(recipe)}: options.{option.name}.choices: {problem}")
    return [{"name": choice.name, "value": choice.value} for choice in merged.values()]


def _workflow_options(recipes: Mapping[str, Recipe]) -> list[dict[str, Any]]:
    """Return the option that chooses a recipe, where there is more than one."""
    if len(recipes) == 1:
        return []
    first = default_recipe(recipes)
    titles = [recipe.title for recipe in recipes.values()]
    if len(recipes) > MAX_CHOICES:
        raise BrokenRecipe(
            f"{_files(recipes)}: {len(recipes)} workflows, a member can choose from {MAX_CHOICES}; "
            "remove some"
        )
    if len(set(titles)) < len(titles):
        raise BrokenRecipe(f"{_files(recipes)}: name: two workflows share one; rename one of them")
    return [
        {
            "type": _TYPES[OptionKind.STRING],
            "name": WORKFLOW_OPTION,
            "description": f"How to make them ({first.title} if left out)"[:MAX_LABEL],
            "required": False,
            "choices": [{"name": r.title, "value": r.name} for r in recipes.values()],
        }
    ]


def _file(recipe: Recipe) -> str:
    return f"workflows/{recipe.name}/manifest.toml"


def _files(recipes: Mapping[str, Recipe]) -> str:
    return ", ".join(_file(recipe) for recipe in recipes.values())
