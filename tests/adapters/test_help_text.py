"""What /help says of the shipped recipes, and of any recipe within a message's length."""

from __future__ import annotations

from pathlib import Path

from distillery.core.recipe import Option, OptionKind, Recipe
from distillery.discord.help_text import of_recipe, overview
from distillery.discord.responses import MAX_CONTENT
from distillery.recipe_files import load_recipes

SHIPPED = load_recipes(Path(__file__).parents[2] / "workflows")


def test_every_shipped_workflow_is_told_whole() -> None:
    for recipe in SHIPPED.values():
        said = of_recipe(recipe)

        shown = [option for option in recipe.options if not option.hidden]
        assert all(f"`{option.name}`" in said for option in shown)
        assert all(f"`--{option.flag}" in said for option in recipe.options if option.flag)
        assert not said.endswith("…")


def test_the_workflow_of_those_who_choose_none_is_marked() -> None:
    said = overview(SHIPPED)

    assert said.count("(if you choose none)") == 1
    assert all(recipe.description in said for recipe in SHIPPED.values())


def test_what_only_a_flag_sets_is_named_among_the_flags_alone() -> None:
    hidden = Option("raw", OptionKind.BOOLEAN, "x", flag="raw", hidden=True)

    said = of_recipe(Recipe("a", "A", "x", True, {}, (hidden,), ("9",)))

    assert "`--raw`" in said
    assert "`raw`" not in said


def test_a_text_too_long_for_a_message_ends_after_a_whole_line() -> None:
    options = tuple(Option(f"option_{n}", OptionKind.STRING, "x" * 100) for n in range(25))

    said = of_recipe(Recipe("a", "A", "x", True, {}, options, ("9",)))

    assert len(said) <= MAX_CONTENT
    assert said.endswith("x\n…")
