"""What `/help` says, made from the recipes: nobody writes an option down twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from distillery.core.flags.table import FLAGS
from distillery.core.recipe import Option, OptionKind, Recipe, default_recipe
from distillery.discord.responses import MAX_CONTENT

_KINDS: Mapping[OptionKind, str] = {
    OptionKind.STRING: "text",
    OptionKind.INTEGER: "whole number",
    OptionKind.NUMBER: "number",
    OptionKind.BOOLEAN: "yes or no",
    OptionKind.SIZE: "shape",
    OptionKind.ATTACHMENT: "image",
}


def overview(recipes: Mapping[str, Recipe]) -> str:
    """Say which workflows there are, and how to see more of one."""
    first = default_recipe(recipes)
    lines = ["**What can be made here**"]
    for recipe in recipes.values():
        mark = " (if you choose none)" if recipe is first else ""
        lines.append(f"• **{recipe.title}**{mark}: {recipe.description}")
    lines.append(f"Begin with `/serve prompt: {_EXAMPLE}`.")
    if len(recipes) > 1:
        lines.append("`/help workflow:` shows the options and flags of one of them.")
    return _cut(lines)


def of_recipe(recipe: Recipe) -> str:
    """Say what one workflow takes: its options, and the flags that a prompt may carry for it."""
    lines = [f"**{recipe.title}**", recipe.description]
    lines += [f"• {_option(option)}" for option in recipe.options if not option.hidden]
    flags = [f"`{FLAGS[option.flag].example}`" for option in recipe.options if option.flag]
    if flags:
        lines.append(f"Flags for the prompt: {', '.join(dict.fromkeys(flags))}")
    return _cut(lines)


_EXAMPLE = "a red fox in snow --ar 3:2"


def _option(option: Option) -> str:
    facts = ", ".join([_KINDS[option.kind], *_bounds(option)])
    return f"`{option.name}` ({facts}): {option.description}"


def _bounds(option: Option) -> Iterator[str]:
    if option.required:
        yield "needed"
    if option.minimum is not None and option.maximum is not None:
        yield f"{option.minimum:g} to {option.maximum:g}"


def _cut(lines: list[str]) -> str:
    """Keep whole lines, as many as a message holds."""
    text = ""
    for line in lines:
        if len(text) + len(line) + 1 > MAX_CONTENT - 2:
            return f"{text}…"
        text += f"{line}\n"
    return text.rstrip()
