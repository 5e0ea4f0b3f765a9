from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from lambdas.interactions.handler import UNCERTAIN
from tests.lambdas.conftest import event, signed
from tests.lambdas.interactions_room import Room

Interaction = Callable[[str], bytes]


@pytest.fixture
def room() -> Room:
    return Room()


def test_a_ping_is_answered(room: Room, interaction: Interaction) -> None:
    assert room.answer(interaction("ping")) == (200, {"type": 1})


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


def test_an_unknown_command_is_named(room: Room) -> None:
    document = event("interaction_serve")
    document["data"]["name"] = "imagine"
    _, answer = room.answer(json.dumps(document).encode())
    assert "/imagine" in answer["data"]["content"]


def test_a_defect_is_told_to_the_member_too(
    room: Room, interaction: Interaction, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(room.store, "create", broken)
    _, answer = room.answer(interaction("serve"))
    assert answer["data"]["content"] == UNCERTAIN
    assert room.telemetry.counts["InteractionsFailed"] == 1


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


@pytest.mark.parametrize("body", ["%%%", "é", '{"type":1}'])
def test_a_body_that_is_not_base64_is_401(room: Room, interaction: Interaction, body: str) -> None:
    request = signed(interaction("ping"), room.clock(), encoded=True)
    request["body"] = body
    assert room.handle(request)["statusCode"] == 401


@pytest.mark.parametrize("missing", ["headers", "body"])
def test_an_event_without_headers_or_body_is_401(
    room: Room, interaction: Interaction, missing: str
) -> None:
    request = signed(interaction("ping"), room.clock())
    del request[missing]
    assert room.handle(request)["statusCode"] == 401
