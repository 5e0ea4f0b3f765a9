"""`/help`, and the language that a member is answered in."""

from __future__ import annotations

import json

import pytest

from distillery.discord.command_style import CommandStyle
from tests.lambdas.conftest import event
from tests.lambdas.interactions_room import RECIPES, Room


@pytest.fixture
def room() -> Room:
    return Room()


@pytest.mark.parametrize("command", ["queue", "history", "me", "help", "cancel"])
def test_a_member_is_answered_in_their_own_language(room: Room, command: str) -> None:
    said = set()
    for locale in ("de", "fr", "es-419", "ja", "pt-BR", "en-US", "fi", None, 3):
        document = event("interaction_serve") | {"locale": locale}
        document["data"] = {"id": "3", "name": command, "type": 1}
        _, answer = room.answer(json.dumps(document).encode())
        said.add(answer["data"]["content"])
    assert len(said) == 6


def test_where_there_is_no_serve_members_are_told_of_the_command_that_there_is() -> None:
    room = Room(style=CommandStyle.PER_WORKFLOW)
    for command in ("queue", "help", "history", "imagine"):
        assert "`/sdxl_text_to_image" in room.use(command)
        assert "`/serve" not in room.use(command)


def test_help_for_a_command_says_what_it_takes(room: Room) -> None:
    assert "`image` (needed)" in room.use("help", **{"command": "info"})
    assert "`/queue`" in room.use("help", **{"command": "unknown"})


def test_help_names_every_workflow_and_says_how_to_begin(room: Room) -> None:
    said = room.used("help")["content"]

    assert all(recipe.title in said for recipe in RECIPES.values())
    assert "/serve prompt:" in said


def test_help_for_a_workflow_names_its_options_and_flags(room: Room) -> None:
    name, recipe = next(iter(RECIPES.items()))

    said = room.used("help", workflow=name)["content"]

    shown = [option for option in recipe.options if not option.hidden]
    assert all(f"`{option.name}`" in said for option in shown)
