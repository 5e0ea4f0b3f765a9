"""What `/help` says, made from the recipes and the commands: nobody writes an option down twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from distillery.core.flags.example import example_for
from distillery.core.flags.table import FLAGS
from distillery.core.locales import version
from distillery.core.recipes.recipe import Option, OptionKind, Recipe, default_recipe
from distillery.discord.command_parts import CHAT_INPUT, MESSAGE
from distillery.discord.paged import PAGE_CHARACTERS
from distillery.discord.translation import Words

_KINDS: Mapping[OptionKind, str] = {
    OptionKind.STRING: "text",
    OptionKind.INTEGER: "whole number",
    OptionKind.NUMBER: "number",
    OptionKind.BOOLEAN: "yes or no",
    OptionKind.SIZE: "shape",
    OptionKind.ATTACHMENT: "image",
}
_EXAMPLE = "a red fox in snow --ar 3:2"
_ENGLISH = Words()


def overview(
    recipes: Mapping[str, Recipe],
    commands: Sequence[Mapping[str, Any]] = (),
    words: Words = _ENGLISH,
) -> list[str]:
    """Say which workflows and commands there are, and how to see more of one, in pages."""
    first = default_recipe(recipes)
    lines = [words("**What can be made here**")]
    for recipe in recipes.values():
        mark = words(" (if you choose none)") if recipe is first else ""
        title = words.own(recipe.title, recipe.titles)
        described = words.own(recipe.description, recipe.descriptions)
        lines.append(f"- **{title}**{mark}: {described}")
    lines.append(words("Begin with `/serve prompt: {example}`.", example=_EXAMPLE))
    if len(recipes) > 1:
        lines.append(words("`/help workflow:` shows the options and flags of one of them."))
    elif first.options:
        lines += ["", *_lines(first, words)]
    own = [c for c in commands if c["name"] not in recipes]
    if own:
        lines += [
            "",
            words("**Commands**"),
            *(f"- {_command(words, c)}" for c in own if "description" in c),
        ]
        menu = ", ".join(f"**{_name(words, c)}**" for c in own if c["type"] == MESSAGE)
        lines.append(words("In the menu of a message, under Apps: {commands}", commands=menu))
    return pages(lines)


def of_recipe(recipe: Recipe, words: Words = _ENGLISH) -> list[str]:
    """Say what one workflow takes: its options, and the flags that a prompt may carry for it."""
    return pages(_lines(recipe, words))


def _lines(recipe: Recipe, words: Words) -> list[str]:
    title = words.own(recipe.title, recipe.titles)
    lines = [f"**{title}**", words.own(recipe.description, recipe.descriptions)]
    lines += [f"- {_option(words, option)}" for option in recipe.options if not option.hidden]
    used = [FLAGS[option.flag] for option in recipe.options if option.flag]
    flags = [f"`{example_for(recipe, flag)}`" for flag in used]
    if flags:
        shown = ", ".join(dict.fromkeys(flags))
        lines.append(words("Flags for the prompt: {flags}", flags=shown))
    return lines


def of_command(command: Mapping[str, Any], words: Words = _ENGLISH) -> list[str]:
    """Say what one command does, and what its options are."""
    lines = [_command(words, command)]
    for option in command.get("options", ()):
        described = version(
            option["description"], option.get("description_localizations", {}), words.locale
        )
        needed = words(" (needed)") if option.get("required") else ""
        lines.append(f"- `{_name(words, option)}`{needed}: {described}")
    return pages(lines)


def pages(lines: Sequence[str]) -> list[str]:
    """Part lines into texts that each fit a message; no line is parted but one too long itself."""
    parted = [""]
    for line in lines:
        room = PAGE_CHARACTERS - len(parted[-1])
        if parted[-1] and len(line) + 1 > room:
            parted.append("")
        parted[-1] += f"{line[: PAGE_CHARACTERS - 1]}\n"
    return [page.rstrip() for page in parted]


def _command(words: Words, command: Mapping[str, Any]) -> str:
    described = version(
        command.get("description", ""), command.get("description_localizations", {}), words.locale
    )
    mark = "/" if command["type"] == CHAT_INPUT else ""
    return f"`{mark}{command['name']}`: {described}"


def _name(words: Words, part: Mapping[str, Any]) -> str:
    return version(part["name"], part.get("name_localizations", {}), words.locale)


def _option(words: Words, option: Option) -> str:
    facts = ", ".join([words(_KINDS[option.kind]), *_bounds(words, option)])
    name = words.own(option.name, option.names).lower()
    return f"`{name}` ({facts}): {words.own(option.description, option.descriptions)}"


def _bounds(words: Words, option: Option) -> Iterator[str]:
    if option.required:
        yield words("needed")
    if option.minimum is not None and option.maximum is not None:
        low, high = (f"{bound:.12g}" for bound in (option.minimum, option.maximum))
        yield words("{low} to {high}", low=low, high=high)
