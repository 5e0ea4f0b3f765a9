"""What becomes of `/serve`: a job, or words for that member alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.lambdas.conftest import event
from tests.lambdas.interactions_room import EPHEMERAL, GOLD, Room

Interaction = Callable[[str], bytes]


@pytest.fixture
def room() -> Room:
    return Room()


def test_a_serve_command_is_deferred_and_queued(room: Room, interaction: Interaction) -> None:
    assert room.answer(interaction("serve")) == (200, {"type": 5})

    job = room.store.load("400000000000000101")
    assert job is not None
    assert job.request.values["prompt"] == "a red fox"
    assert job.request.values["seed"] == 7
    assert job.origin.user_id == "400000000000000042"
    assert job.origin.token == "interaction-token"


def test_a_serve_command_works_in_a_direct_message(room: Room, interaction: Interaction) -> None:
    assert room.answer(interaction("serve_in_dm")) == (200, {"type": 5})
    job = room.store.load("400000000000000102")
    assert job is not None
    assert job.origin.guild_id is None


@pytest.mark.parametrize("recorded", ["interaction_serve", "interaction_serve_in_dm"])
def test_a_workflow_s_own_command_asks_for_that_workflow(room: Room, recorded: str) -> None:
    document = event(recorded)
    document["data"] |= {
        "name": "sdxl_image_to_image",
        "options": [{"name": "prompt", "type": 3, "value": "a red fox"}],
    }
    _, answer = room.answer(json.dumps(document).encode())
    assert "`image` is needed for SDXL image to image" in answer["data"]["content"]

    document["data"]["name"] = "sdxl_text_to_image"
    assert room.answer(json.dumps(document).encode()) == (200, {"type": 5})
    assert room.job(document["id"]).request.workflow == "sdxl_text_to_image"


def test_an_attached_picture_becomes_an_input(room: Room, interaction: Interaction) -> None:
    assert room.answer(interaction("serve_with_image")) == (200, {"type": 5})
    job = room.store.load("400000000000000103")
    assert job is not None
    assert job.request.attachments["image"].filename == "fox.png"


def test_when_the_queue_is_down_the_request_is_taken_and_waits(
    room: Room, interaction: Interaction
) -> None:
    room.queue.broken = True
    _, answer = room.answer(interaction("serve"))
    assert answer["type"] == 5
    assert len(room.store.table.jobs) == 1


def test_the_same_interaction_a_hundred_times_is_one_job(
    room: Room, interaction: Interaction
) -> None:
    for _ in range(100):
        assert room.answer(interaction("serve")) == (200, {"type": 5})
    assert list(room.store.table.jobs) == ["400000000000000101"]


@pytest.mark.parametrize(("roles", "tier"), [([], "free"), ([GOLD], "gold"), (["1", GOLD], "gold")])
def test_a_member_s_roles_choose_their_tier(room: Room, roles: list[str], tier: str) -> None:
    assert room.ask_for("a fox", *roles).tier.name == tier


def test_in_a_direct_message_everybody_has_the_last_tier(
    room: Room, interaction: Interaction
) -> None:
    room.answer(interaction("serve_in_dm"))
    assert room.job("400000000000000102").tier.name == "free"


def test_without_credits_the_member_is_told(room: Room) -> None:
    for number in range(5):
        room.ask_for(f"fox {number}")
    document = event("interaction_serve") | {"id": "400000000000000199"}
    _, answer = room.answer(json.dumps(document).encode())
    assert "0 credits" in answer["data"]["content"]
    assert len(room.store.table.jobs) == 5


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"prompt": ""}, "empty"),
        ({"prompt": "   \u200b"}, "empty"),
        ({"prompt": "a" * 6001}, "characters"),
        ({"prompt": "a fox", "steps": 9999}, "must be from"),
        ({"prompt": "a fox", "stepz": 9}, "steps"),
        ({"prompt": "a fox", "workflow": "sdxl_text_to_imag"}, "sdxl_text_to_image"),
        ({"prompt": "a fox", "workflow": "sdxl_image_to_image"}, "image"),
        ({"seed": 3}, "prompt"),
    ],
)
def test_a_mistake_is_told_to_the_member_alone_and_nothing_is_queued(
    room: Room, options: dict[str, Any], words: str
) -> None:
    answer = room.serve(**options)
    assert answer["type"] == 4
    assert answer["data"]["flags"] == EPHEMERAL
    assert answer["data"]["allowed_mentions"] == {"parse": []}
    assert words in answer["data"]["content"]
    assert room.untouched


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("content_type", "application/pdf", "application/pdf"),
        ("size", 500_000_000, "MB"),
        ("url", "https://evil.example/fox.png", "attached in Discord"),
    ],
)
def test_a_wrong_attachment_is_refused(room: Room, field: str, value: object, words: str) -> None:
    document = event("interaction_serve_with_image")
    [attachment] = document["data"]["resolved"]["attachments"].values()
    attachment[field] = value
    _, answer = room.answer(json.dumps(document).encode())
    assert answer["type"] == 4
    assert words in answer["data"]["content"]
    assert room.untouched


def test_what_is_missing_is_described_in_the_member_s_language(room: Room) -> None:
    document = event("interaction_serve") | {"locale": "de"}
    document["data"]["options"] = [
        {"name": "prompt", "type": 3, "value": "a fox"},
        {"name": "workflow", "type": 3, "value": "upscale"},
    ]
    _, answer = room.answer(json.dumps(document).encode())
    assert "`bild` ist für Upscale nötig: Das Bild, das" in answer["data"]["content"]


def test_a_mistake_is_told_in_the_member_s_language_line_by_line(room: Room) -> None:
    document = event("interaction_serve") | {"locale": "de"}
    document["data"]["options"] = [
        {"name": "prompt", "type": 3, "value": "a fox"},
        {"name": "steps", "type": 4, "value": 10**6},
        {"name": "cfg", "type": 10, "value": 10**6},
    ]
    _, answer = room.answer(json.dumps(document).encode())
    assert "`schritte` muss von 1 bis" in answer["data"]["content"]
    assert "\n`cfg` muss von" in answer["data"]["content"]
