"""Writes the tables of docs/commands.md from the code and the recipes.

`.venv/bin/python -m local.command_table` rewrites them; a test holds them to the code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from distillery.core.flags.apply import options_of
from distillery.core.flags.example import example_for
from distillery.core.flags.table import FLAGS
from distillery.core.recipes.recipe import Recipe
from distillery.discord.command_parts import CHAT_INPUT
from distillery.discord.commands import ON_PICTURES, all_commands
from distillery.discord.interaction import PICTURE_INFO
from distillery.discord.serve_command import serve_command
from distillery.recipe_files import load_recipes

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs" / "commands.md"
_KINDS = {3: "text", 4: "whole number", 5: "yes or no", 10: "number", 11: "file"}


def command_rows(recipes: Mapping[str, Recipe]) -> list[str]:
    """Return a row for each command that every deployment has, or may have."""
    rows = []
    for command in all_commands(recipes):
        if command["type"] != CHAT_INPUT:
            continue
        options = [f"`{option['name']}`" for option in command["options"]]
        taken = "see [below](#options-of-serve)" if command["name"] == "serve" else None
        rows.append(
            f"| `/{command['name']}` | {command['description']} | {taken or ', '.join(options)} |"
        )
    menu = (PICTURE_INFO, *ON_PICTURES)
    return rows + [f"| **{name}**, in a message's menu under Apps | | |" for name in menu]


def option_rows(recipes: Mapping[str, Recipe]) -> list[str]:
    """Return a row for each option of `/serve`, with the workflows that take it."""
    rows = []
    for option in serve_command(recipes)["options"]:
        name = option["name"]
        taking = [r.name for r in recipes.values() if any(o.name == name for o in r.options)]
        used = "all" if len(taking) in (0, len(recipes)) else ", ".join(f"`{n}`" for n in taking)
        kind = _KINDS[option["type"]]
        rows.append(f"| `{name}` | {kind} | {option['description']} | {used} |")
    return rows


def flag_rows(recipes: Mapping[str, Recipe]) -> list[str]:
    """Return a row for each flag, as the first workflow that uses it takes it."""
    rows = []
    for flag in FLAGS.values():
        using = [recipe for recipe in recipes.values() if options_of(recipe, flag.name)]
        example = example_for(using[0], flag) if using else flag.example
        used = ", ".join(f"`{recipe.name}`" for recipe in using) or "none yet"
        rows.append(f"| `{example}` | {flag.meaning} | {used} |")
    return rows


def rewritten(document: str, name: str, rows: list[str]) -> str:
    """Return the document with these rows in the table below the heading `name`."""
    found = re.search(rf"^#+ {name}$.*?^\|[-|]+\|\n", document, re.MULTILINE | re.DOTALL)
    if found is None:
        raise ValueError(f"docs/commands.md: no table below the heading {name}")
    before, after = document[: found.end()], document[found.end() :]
    return before + "".join(f"{row}\n" for row in rows) + re.sub(r"\A(\|.*\n)*", "", after)


def main() -> None:
    """Rewrite the document."""
    recipes = load_recipes(ROOT / "workflows")
    document = DOCUMENT.read_text(encoding="utf-8")
    document = rewritten(document, "Commands for members", command_rows(recipes))
    document = rewritten(document, "Options of /serve", option_rows(recipes))
    document = rewritten(document, "Flags", flag_rows(recipes))
    DOCUMENT.write_text(document, encoding="utf-8")


if __name__ == "__main__":
    main()
