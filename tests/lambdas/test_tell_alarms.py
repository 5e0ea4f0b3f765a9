"""An alarm is told in the operators' channel: once, with what there is to do, pinging nobody."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from distillery.core.errors import DiscordUnavailable
from lambdas.tell_alarms.handler import build_handler
from local.discord.openapi import OpenApi, document_at_hand
from local.discord.rules import channel_message_problems
from tests.house_rules.repository import ROOT

RUNBOOK = "https://example.com/docs/operations.md#no-provider"
ALARM = {
    "AlarmName": "Distillery-no-provider",
    "AlarmDescription": f"Requests wait, and no provider is known to work. What to do: {RUNBOOK}",
    "AWSAccountId": "123456789012",
    "NewStateValue": "ALARM",
    "OldStateValue": "OK",
    "NewStateReason": "Threshold Crossed: 1 datapoint [2.0] was greater than the threshold (1.0).",
}


class Channel:
    def __init__(self) -> None:
        self.posted: list[tuple[str, Mapping[str, Any]]] = []

    def post(self, payload: Mapping[str, Any], *, nonce: str) -> None:
        self.posted.append((nonce, payload))


def told(message: str) -> Mapping[str, Any]:
    """What is posted for a message of the topic."""
    channel = Channel()
    event = json.loads((ROOT / "tests/events/sns_alarm.json").read_text())
    event["Records"][0]["Sns"]["Message"] = message
    build_handler(channel.post)(event)
    ((_, payload),) = channel.posted
    return payload


def words(payload: Mapping[str, Any]) -> str:
    (frame,) = payload["components"]
    return "\n".join(part["content"] for part in frame["components"]).replace("\\", "")


def test_it_says_what_rings_why_and_what_there_is_to_do() -> None:
    said = words(told(json.dumps(ALARM)))
    assert "**Distillery-no-provider** rings" in said
    assert RUNBOOK in said
    assert "Threshold Crossed" in said


def test_it_says_when_it_is_over() -> None:
    over = told(json.dumps(ALARM | {"NewStateValue": "OK"}))
    assert "is over" in words(over)
    assert (
        over["components"][0]["accent_color"]
        != told(json.dumps(ALARM))["components"][0]["accent_color"]
    )


def test_a_composite_alarm_names_the_one_that_set_it_off_and_no_account() -> None:
    reason = (
        "arn:aws:cloudwatch:us-east-1:123456789012:alarm:Distillery-dead-letters transitioned to "
        "ALARM at Friday 27 November, 2026 12:00:00 UTC"
    )
    said = words(told(json.dumps(ALARM | {"NewStateReason": reason})))
    assert "Distillery-dead-letters transitioned to ALARM" in said
    assert "123456789012" not in said


def test_nobody_is_pinged_whatever_it_says_and_discord_takes_it() -> None:
    payload = told(json.dumps(ALARM | {"NewStateReason": "@everyone " * 500}))
    assert payload["allowed_mentions"] == {"parse": []}
    openapi = OpenApi(document_at_hand())
    assert not openapi.problems("MessageCreateRequest", payload)
    assert not channel_message_problems(dict(payload))


@pytest.mark.parametrize("message", ["Just a test of the topic.", "[1, 2]", '{"a": 1}'])
def test_what_is_no_alarm_is_shown_as_it_is(message: str) -> None:
    assert words(told(message)) == message


def test_the_same_message_has_the_same_nonce_so_that_discord_posts_it_once() -> None:
    channel = Channel()
    event = json.loads((ROOT / "tests/events/sns_alarm.json").read_text())
    handle = build_handler(channel.post)
    handle(event)
    handle(event)
    (first, _), (second, _) = channel.posted
    assert first == second
    assert len(first) <= 25


def test_what_discord_did_not_take_is_tried_again_by_lambda() -> None:
    def post(payload: Mapping[str, Any], *, nonce: str) -> None:
        raise DiscordUnavailable("down")

    event = json.loads((ROOT / "tests/events/sns_alarm.json").read_text())
    with pytest.raises(DiscordUnavailable):
        build_handler(post)(event)
