from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from distillery.core.accept_job import AcceptJob
from distillery.discord.signature import SignatureCheck
from distillery.recipe_files import load_recipes
from lambdas.interactions.handler import BROKEN, Handler, build_handler
from local.memory import FakeClock, MemoryJobStore, MemoryQueue, MemoryTelemetry
from tests.lambdas.conftest import KEY, event, signed

RECIPES = load_recipes(Path(__file__).parents[2] / "workflows")
EPHEMERAL = 64


class Room:
    """The interactions room on a core in memory."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store = MemoryJobStore()
        self.queue = MemoryQueue()
        self.telemetry = MemoryTelemetry()
        accept = AcceptJob(
            recipes=RECIPES,
            store=self.store,
            queue=self.queue,
            telemetry=self.telemetry,
            clock=self.clock,
            attachment_origins=frozenset({"https://cdn.discordapp.com"}),
        )
        check = SignatureCheck(KEY.verify_key.encode().hex())
        self.handle: Handler = build_handler(check, accept, self.telemetry, self.clock)

    def answer(self, body: bytes, **kwargs: Any) -> tuple[int, dict[str, Any]]:
        response = self.handle(signed(body, self.clock(), **kwargs))
        assert response["headers"]["content-type"] == "application/json"
        return response["statusCode"], json.loads(response["body"])

    def serve(self, **changes: Any) -> dict[str, Any]:
        """Send /serve with the given options instead of the recorded ones; return the answer."""
        document = event("interaction_serve")
        kinds = {str: 3, int: 4, bool: 5, float: 10}
        document["data"]["options"] = [
            {"name": name, "type": kinds[type(value)], "value": value}
            for name, value in changes.items()
        ]
        status, answer = self.answer(json.dumps(document).encode())
        assert status == 200
        return answer

    @property
    def untouched(self) -> bool:
        return self.queue.sent == [] and self.store.waiting(1) == []


@pytest.fixture
def room() -> Room:
    return Room()


Interaction = Callable[[str], bytes]


def test_a_ping_is_answered(room: Room, interaction: Interaction) -> None:
    assert room.answer(interaction("ping")) == (200, {"type": 1})


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


def test_an_attached_picture_becomes_an_input(room: Room, interaction: Interaction) -> None:
    assert room.answer(interaction("serve_with_image")) == (200, {"type": 5})
    job = room.store.load("400000000000000103")
    assert job is not None
    assert job.request.attachments["image"].filename == "fox.png"


def test_a_body_that_api_gateway_has_encoded_is_decoded_first(
    room: Room, interaction: Interaction
) -> None:
    assert room.answer(interaction("ping"), encoded=True) == (200, {"type": 1})


@pytest.mark.parametrize(
    "headers",
    [
        {"x_signature_ed25519": None},
        {"x_signature_timestamp": None},
        {"x_signature_ed25519": "not hex"},
        {"x_signature_ed25519": "00" * 64},
        {"x_signature_timestamp": "yesterday"},
        {"x_signature_timestamp": "1600000000"},
    ],
)
def test_a_missing_or_wrong_signature_is_401_and_touches_nothing(
    room: Room, interaction: Interaction, headers: dict[str, str | None]
) -> None:
    status, _ = room.answer(interaction("serve"), **headers)
    assert status == 401
    assert room.untouched


def test_a_request_older_than_five_minutes_is_401(room: Room, interaction: Interaction) -> None:
    request = signed(interaction("serve"), room.clock())
    room.clock.pass_time(301)
    assert room.handle(request)["statusCode"] == 401
    assert room.untouched


def test_a_body_that_is_not_utf8_is_401_even_when_signed(room: Room) -> None:
    status, _ = room.answer(b'{"type":1,"x":"\xff"}', encoded=True)
    assert status == 401


def test_a_body_that_is_not_base64_is_401(room: Room, interaction: Interaction) -> None:
    request = signed(interaction("ping"), room.clock(), encoded=True)
    request["body"] = "%%%"
    assert room.handle(request)["statusCode"] == 401


@pytest.mark.parametrize("missing", ["headers", "body"])
def test_an_event_without_headers_or_body_is_401(
    room: Room, interaction: Interaction, missing: str
) -> None:
    request = signed(interaction("ping"), room.clock())
    del request[missing]
    assert room.handle(request)["statusCode"] == 401


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


def test_an_unknown_command_is_named(room: Room) -> None:
    document = event("interaction_serve")
    document["data"]["name"] = "imagine"
    _, answer = room.answer(json.dumps(document).encode())
    assert "/imagine" in answer["data"]["content"]


@pytest.mark.parametrize("name", ["button", "autocomplete"])
def test_every_other_interaction_gets_an_answer_of_its_kind(
    room: Room, interaction: Interaction, name: str
) -> None:
    status, answer = room.answer(interaction(name))
    assert status == 200
    assert answer["type"] == {"button": 4, "autocomplete": 8}[name]


@pytest.mark.parametrize(
    "body",
    [b"{}", b"[]", b"3", b"nonsense", b'{"type": 99}', b'{"type": 2, "data": {"name": "serve"}}'],
)
def test_a_signed_body_that_makes_no_sense_is_answered_kindly(room: Room, body: bytes) -> None:
    status, answer = room.answer(body)
    assert (status, answer["type"]) == (200, 4)
    assert room.untouched


def test_when_the_queue_is_down_the_request_is_taken_and_waits(
    room: Room, interaction: Interaction
) -> None:
    room.queue.broken = True
    _, answer = room.answer(interaction("serve"))
    assert answer["type"] == 5
    assert len(room.store.waiting(10)) == 1


def test_a_defect_is_told_to_the_member_too(
    room: Room, interaction: Interaction, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(room.store, "create", broken)
    _, answer = room.answer(interaction("serve"))
    assert answer["data"]["content"] == BROKEN
    assert room.telemetry.counts["InteractionsFailed"] == 1


def test_the_same_interaction_a_hundred_times_is_one_job(
    room: Room, interaction: Interaction
) -> None:
    for _ in range(100):
        assert room.answer(interaction("serve")) == (200, {"type": 5})
    assert list(room.store.waiting(10)) == ["400000000000000101"]
