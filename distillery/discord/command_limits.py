"""What Discord takes of commands, looked at before it is asked: the recipe is named here.

Source: Discord, "Application Commands".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from distillery.core.errors import BrokenRecipe
from distillery.core.recipes.manifest import MAX_OPTIONS
from distillery.discord.command_parts import CHAT_INPUT, MESSAGE

MAX_CHARACTERS = 8000  # of a whole command, with the longest version of each text
MAX_COMMANDS: Mapping[int, int] = {CHAT_INPUT: 100, MESSAGE: 15}


def check_command(command: Mapping[str, Any], files: str) -> None:
    """Raise BrokenRecipe, naming the `files` it was made from, if a command is too large."""
    options = command.get("options", ())
    if len(options) > MAX_OPTIONS:
        named = ", ".join(option["name"] for option in options)
        raise BrokenRecipe(
            f"{files}: {len(options)} options together, a command takes {MAX_OPTIONS}; "
            f"use fewer, or the same names for the same things: {named}"
        )
    if (size := characters(command)) > MAX_CHARACTERS:
        raise BrokenRecipe(
            f"{files}: /{command['name']} has {size:,} characters of names, descriptions and "
            f"choices, counting the longest translation of each; Discord takes "
            f"{MAX_CHARACTERS:,}; shorten them, or let choices be suggested"
        )
    for locale, name in _shared_names(options):
        raise BrokenRecipe(
            f"{files}: locales.{locale}: two options of /{command['name']} have the name "
            f"'{name}' in this language; use two"
        )


def check_together(commands: Sequence[Mapping[str, Any]]) -> None:
    """Raise BrokenRecipe if there are too many commands, or two of one kind and name."""
    for kind, most in MAX_COMMANDS.items():
        names = [command["name"] for command in commands if command["type"] == kind]
        if len(names) > most:
            raise BrokenRecipe(
                f"workflows: {len(names)} commands, Discord takes {most} of a kind; remove "
                "workflows, or set command_style to serve"
            )
        for name, times in Counter(names).items():
            if times > 1:
                raise BrokenRecipe(
                    f"workflows/{name}: /{name} is another command already; rename the folder, or "
                    "set command_style to serve"
                )


def characters(part: Mapping[str, Any]) -> int:
    """Count what Discord counts: name, description and value, in all options and choices.

    Of a text in several languages the longest version counts.
    """
    own = len(str(part.get("value", "")))
    for field in ("name", "description"):
        versions = [part.get(field, ""), *part.get(f"{field}_localizations", {}).values()]
        own += max(len(version) for version in versions)
    inner = [*part.get("options", ()), *part.get("choices", ())]
    return own + sum(characters(item) for item in inner)


def _shared_names(options: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Names that two options have in one language, where each has its default without another."""
    locales = {locale for option in options for locale in option.get("name_localizations", {})}
    shared = []
    for locale in sorted(locales):
        names = [o.get("name_localizations", {}).get(locale, o["name"]) for o in options]
        shared += [(locale, name) for name, times in Counter(names).items() if times > 1]
    return shared
