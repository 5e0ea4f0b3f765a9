"""The `/serve` command made from recipes: what members may type, within what Discord takes."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from distillery.core.errors import BrokenRecipe
from distillery.core.recipes.recipe import Choice, Option, OptionKind, Recipe
from distillery.discord.command_limits import characters
from distillery.discord.commands import all_commands
from distillery.discord.serve_command import serve_command
from distillery.recipe_files import load_recipes
from local.discord.command_routes import as_in_the_document

ROOT = Path(__file__).parents[2]
SHIPPED = load_recipes(ROOT / "workflows")
DOCUMENT = (
    Path(os.environ.get("DISTILLERY_CONTRACTS", ROOT.parent / "shared" / "contracts"))
    / "discord-openapi.json"
)
PROMPT = Option("prompt", OptionKind.STRING, "What to paint", required=True, max_length=6000)
STEPS = Option("steps", OptionKind.INTEGER, "Steps", default=20, minimum=1, maximum=60)


def recipe(name: str, *options: Option, default: bool = False) -> Recipe:
    """Make a recipe of which only the options matter."""
    return Recipe(name, name.title(), "Paints", default, {}, options, ("9",))


def command(*recipes: Recipe) -> dict[str, Any]:
    """Make the command of some recipes."""
    return serve_command({recipe.name: recipe for recipe in recipes})


def merged(first: Option, second: Option) -> dict[str, Any]:
    """Return the option made of one that two recipes share."""
    made = command(recipe("a", first, default=True), recipe("b", second))
    return next(option for option in made["options"] if option["name"] == first.name)


def test_the_shipped_command_begins_with_prompt_and_workflow() -> None:
    options = serve_command(SHIPPED)["options"]

    names = [option["name"] for option in options]
    assert names[:5] == ["prompt", "workflow", "negative", "size", "steps"]
    assert len(names) <= 25
    assert [option["name"] for option in options if option["required"]] == ["prompt"]


def test_a_member_chooses_a_workflow_by_its_title() -> None:
    workflow = serve_command(SHIPPED)["options"][1]

    assert workflow["description"] == "How to make them (SDXL text to image if left out)"
    offered = [{key: c[key] for key in ("name", "value")} for c in workflow["choices"]]
    assert offered == [{"name": r.title, "value": r.name} for r in SHIPPED.values()]


def test_one_recipe_alone_leaves_no_workflow_to_choose() -> None:
    assert [o["name"] for o in command(recipe("a", PROMPT, default=True))["options"]] == ["prompt"]


def test_the_command_is_there_in_servers_and_in_direct_messages() -> None:
    made = serve_command(SHIPPED)

    assert (made["type"], made["name"]) == (1, "serve")
    assert (made["contexts"], made["integration_types"]) == ([0, 1, 2], [0, 1])


@pytest.mark.skipif(not DOCUMENT.is_file(), reason="Discord's OpenAPI document is not at hand")
def test_discord_takes_the_command_by_its_own_document() -> None:
    document = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    route = document["paths"]["/applications/{application_id}/commands"]["put"]
    schema = route["requestBody"]["content"]["application/json"]["schema"]
    validator = jsonschema.Draft202012Validator({**schema, "components": document["components"]})

    commands = [as_in_the_document(command) for command in all_commands(SHIPPED)]
    assert list(validator.iter_errors(commands)) == []
    assert list(validator.iter_errors([{**serve_command(SHIPPED), "name": "x" * 33}])) != []


def test_the_other_commands_are_wherever_serve_is() -> None:
    serve, *others = all_commands(SHIPPED)

    assert serve == serve_command(SHIPPED)
    names = [command["name"] for command in others if command["type"] == 1]
    assert names == ["queue", "cancel", "history", "me", "info", "help", "admin"]
    assert all(len(command.get("description", "")) <= 100 for command in others)
    assert all(characters(command) <= 8000 for command in others)
    for command in others[:-1]:
        assert command["contexts"] == serve["contexts"]
        assert command["integration_types"] == serve["integration_types"]


def test_the_command_of_moderators_is_in_servers_alone_for_who_may_manage_them() -> None:
    admin = all_commands(SHIPPED)[-1]
    assert (admin["name"], admin["default_member_permissions"]) == ("admin", str(1 << 5))
    assert (admin["contexts"], admin["integration_types"]) == ([0], [0])


def test_a_member_chooses_whether_to_cancel_the_latest_request_or_all() -> None:
    options = {command["name"]: command.get("options") for command in all_commands(SHIPPED)}

    assert options["queue"] == []
    [show] = options["history"]
    assert [choice["value"] for choice in show["choices"]] == ["all", "favourites"]
    [which] = options["cancel"]
    assert (which["name"], which["type"], which["required"]) == ("which", 3, False)
    assert [choice["value"] for choice in which["choices"]] == ["latest", "all"]


def test_every_kind_of_option_has_the_number_that_discord_gave_it() -> None:
    options = [Option(kind.value, kind, "x", required=True) for kind in OptionKind]

    made = command(recipe("a", *options, default=True))["options"]

    assert {option["name"]: option["type"] for option in made} == {
        "string": 3,
        "integer": 4,
        "boolean": 5,
        "size": 3,
        "number": 10,
        "attachment": 11,
    }


def test_required_options_come_before_all_others_and_prompt_before_its_like() -> None:
    image = Option("image", OptionKind.ATTACHMENT, "Start", required=True)

    made = command(recipe("a", STEPS, image, PROMPT, default=True))["options"]

    assert [option["name"] for option in made] == ["prompt", "image", "steps"]


OPTIONAL = replace(PROMPT, required=False)


@pytest.mark.parametrize(
    ("first", "second", "required"),
    [(PROMPT, OPTIONAL, True), (OPTIONAL, PROMPT, False), (PROMPT, STEPS, False)],
)
def test_an_option_is_required_if_all_have_it_and_the_default_recipe_requires_it(
    first: Option, second: Option, required: bool
) -> None:
    made = command(recipe("a", first, default=True), recipe("b", second))["options"]

    assert {option["name"]: option["required"] for option in made}["prompt"] is required


def test_the_words_of_the_default_recipe_describe_a_shared_option() -> None:
    made = command(recipe("a", STEPS), recipe("b", replace(STEPS, description="B"), default=True))

    assert {option["name"]: option["description"] for option in made["options"]}["steps"] == "B"


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ((1, 60), (5, 100), {"min_value": 1, "max_value": 100}),
        ((0, 60), (None, 30), {"max_value": 60}),
        ((None, None), (1, 2), {}),
    ],
)
def test_the_widest_bounds_are_offered(
    first: tuple[int | None, int | None],
    second: tuple[int | None, int | None],
    expected: dict[str, int],
) -> None:
    made = merged(*(replace(STEPS, minimum=low, maximum=high) for low, high in (first, second)))

    assert {key: made[key] for key in made if key.endswith("_value")} == expected


def test_the_widest_lengths_are_offered() -> None:
    made = merged(
        replace(PROMPT, min_length=2, max_length=100), replace(PROMPT, min_length=1, max_length=50)
    )

    assert (made["min_length"], made["max_length"]) == (1, 100)


def test_the_choices_of_all_recipes_are_offered_once() -> None:
    one, two, three = (Choice(str(n), n) for n in (1, 2, 3))

    made = merged(
        Option("size", OptionKind.INTEGER, "Size", choices=(one, two)),
        Option("size", OptionKind.INTEGER, "Size", choices=(two, three)),
    )

    assert [choice["value"] for choice in made["choices"]] == [1, 2, 3]


def test_an_option_that_is_free_in_one_recipe_is_free_and_its_choices_are_suggested() -> None:
    made = merged(Option("steps", OptionKind.INTEGER, "x", choices=(Choice("1", 1),)), STEPS)

    assert made["autocomplete"] is True
    assert not made.keys() & {"choices", "min_value", "max_value"}


def size(*values: int, name: str = "size") -> Option:
    """Make an option with choices."""
    return Option(name, OptionKind.INTEGER, "x", choices=tuple(Choice(f"{v}", v) for v in values))


LONG = tuple(Choice(f"{n:0100}", f"{n:0100}") for n in range(25))
WORDY = [Option(f"o{n}", OptionKind.STRING, "x" * 100, choices=LONG) for n in range(2)]


@pytest.mark.parametrize(
    ("recipes", "answer"),
    [
        (
            [recipe("a", STEPS, default=True), recipe("b", replace(STEPS, kind=OptionKind.NUMBER))],
            "workflows/b/manifest.toml: options.steps.type: is number, but integer in "
            "workflows/a/manifest.toml; use one type or two names",
        ),
        (
            [
                recipe("a", size(1), default=True),
                recipe("b", replace(size(), choices=(Choice("1", 100),))),
            ],
            "workflows/b/manifest.toml: options.size.choices: a name stands for another value",
        ),
        (
            [
                recipe("a", *(replace(STEPS, name=f"a{n}") for n in range(12)), default=True),
                recipe("b", *(replace(STEPS, name=f"b{n}") for n in range(13))),
            ],
            "workflows/a/manifest.toml, workflows/b/manifest.toml: 26 options together, a command "
            "takes 25",
        ),
        (
            [recipe("a", *WORDY, default=True)],
            "workflows/a/manifest.toml: /serve has 10,2",
        ),
        (
            [recipe("a", default=True), replace(recipe("b"), title="A")],
            "workflows/a/manifest.toml, workflows/b/manifest.toml: name: two workflows share one",
        ),
    ],
)
def test_recipes_that_discord_would_not_take_together_are_named(
    recipes: list[Recipe], answer: str
) -> None:
    with pytest.raises(BrokenRecipe) as caught:
        command(*recipes)

    assert answer in str(caught.value)


def test_characters_are_counted_in_options_and_choices_too() -> None:
    part = {
        "name": "ab",
        "description": "cde",
        "options": [{"name": "f", "description": "g", "choices": [{"name": "h", "value": 100}]}],
    }

    assert characters(part) == 11
