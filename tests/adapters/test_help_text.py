"""What /help says of the shipped recipes and of all commands, in messages that Discord takes."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from distillery.core.recipes.recipe import Option, OptionKind, Recipe
from distillery.discord.commands import all_commands
from distillery.discord.help_text import of_command, of_recipe, overview, pages
from distillery.discord.paged import PAGE_CHARACTERS
from distillery.discord.translation import Words, languages
from distillery.recipe_files import load_recipes

SHIPPED = load_recipes(Path(__file__).parents[2] / "workflows")
COMMANDS = all_commands(SHIPPED)


def test_every_shipped_workflow_is_told_whole() -> None:
    for recipe in SHIPPED.values():
        said = "\n".join(of_recipe(recipe))

        shown = [option for option in recipe.options if not option.hidden]
        assert all(f"`{option.name}`" in said for option in shown)
        assert all(f"`--{option.flag}" in said for option in recipe.options if option.flag)


def test_the_workflow_of_those_who_choose_none_is_marked() -> None:
    said = "\n".join(overview(SHIPPED))

    assert said.count("(if you choose none)") == 1
    assert all(recipe.description in said for recipe in SHIPPED.values())


def test_every_command_is_told_with_what_it_does_and_takes() -> None:
    said = "\n".join(overview(SHIPPED, COMMANDS))
    for command in COMMANDS:
        if command["type"] == 1:
            assert f"`/{command['name']}`: {command['description']}" in said
            whole = "\n".join(of_command(command))
            assert all(f"`{option['name']}`" in whole for option in command["options"])
        else:
            assert f"**{command['name']}**" in said
    [info] = [command for command in COMMANDS if command["name"] == "info"]
    assert "- `image` (needed): A picture that was made here" in "\n".join(of_command(info))


def test_help_is_in_the_member_s_language() -> None:
    recipe = Recipe("a", "A", "Paints", True, {}, (), ("9",), titles={"de": "Ah"})
    assert (
        "**Was hier gemacht werden kann**\n- **Ah**" in overview({"a": recipe}, (), Words("de"))[0]
    )
    for locale in languages():
        for said in (
            overview(SHIPPED, COMMANDS, Words(locale)),
            of_command(COMMANDS[1], Words(locale)),
        ):
            assert COMMANDS[1]["description_localizations"][locale] in "\n".join(said)


def test_flags_are_shown_as_the_workflow_takes_them() -> None:
    said = "\n".join(of_recipe(SHIPPED["sdxl_fast"]))
    assert "`--cfg 1`" in said
    assert "`--sampler euler`" in said


def test_where_there_is_one_workflow_help_tells_it_whole() -> None:
    only = SHIPPED["sdxl_text_to_image"]
    said = "\n".join(overview({only.name: only}, COMMANDS))
    assert "- `steps` (whole number" in said
    assert "`--lora pixel-art-xl`" in said
    assert "- `steps`" not in "\n".join(overview(SHIPPED, COMMANDS))


def test_help_names_options_as_the_command_does() -> None:
    said = "\n".join(of_recipe(SHIPPED["sdxl_fast"], Words("de")))
    assert "- `schritte` (ganze Zahl" in said
    [serve] = [command for command in COMMANDS if command["name"] == "serve"]
    assert "- `bild`: " in "\n".join(of_command(serve, Words("de")))


def test_what_only_a_flag_sets_is_named_among_the_flags_alone() -> None:
    hidden = Option("raw", OptionKind.BOOLEAN, "x", flag="raw", hidden=True)

    [said] = of_recipe(Recipe("a", "A", "x", True, {}, (hidden,), ("9",)))

    assert "`--raw`" in said
    assert "`raw`" not in said


def test_words_of_a_manifest_may_hold_braces() -> None:
    braced = Option("b", OptionKind.STRING, "Such as {this}")
    [said] = of_recipe(Recipe("a", "{A}", "Paints {0}", True, {}, (braced,), ("9",)))
    assert "**{A}**\nPaints {0}" in said
    assert "Such as {this}" in said


@given(st.lists(st.text(max_size=4000), max_size=40))
def test_whatever_is_said_is_parted_into_messages_that_discord_takes(lines: list[str]) -> None:
    parted = pages(lines)

    assert parted
    assert all(len(page) <= PAGE_CHARACTERS for page in parted)


def test_a_line_is_not_parted_between_two_messages() -> None:
    options = tuple(Option(f"option_{n}", OptionKind.STRING, "x" * 100) for n in range(25))

    said = of_recipe(Recipe("a", "A", "x", True, {}, options, ("9",)))

    assert len(said) == 2
    assert "\n".join(said).count("x" * 100) == 25
    assert all(line.endswith("x" * 100) for line in said[1].splitlines())


def test_a_large_bound_is_told_in_all_its_digits() -> None:
    said = "\n".join(of_recipe(SHIPPED["sdxl_text_to_image"]))

    assert "0 to 4294967295" in said
