"""Pictures found unfit, through the deployed stack: the grants, the message and the record."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from local.discord.component_rules import walk
from local.member import words_of
from tests.local.conftest import Cloud

pytestmark = pytest.mark.cloud
AGE_RESTRICTED = "1200000000000000401"
SMALL = {"size": "512x512", "steps": "4"}


@pytest.fixture
def judge(cloud: Cloud) -> Iterator[Any]:
    """Says what the judge of pictures finds from now on, and ends with everything fit."""

    def finds(pictures: str) -> None:
        url = f"{cloud.state['control_url']}/judge"
        requests.post(url, json={"pictures": pictures}, timeout=10).raise_for_status()

    yield finds
    finds("fit")


def answered(cloud: Cloud, channel: str) -> tuple[Any, Any]:
    """Use /serve in a channel; return the job at its end and its message."""
    body = {
        "member": "barley",
        "channel": channel,
        "command": "serve",
        "options": {"prompt": "a heron in the reeds", **SMALL},
    }
    url = f"{cloud.state['discord_url']}/control/commands"
    sent = requests.post(url, json=body, timeout=30).json()
    assert sent["answer"]["type"] == 5, sent
    cloud.until(lambda: cloud.job(sent["interaction_id"])["state"] in ("SUCCEEDED", "FAILED"))
    return cloud.job(sent["interaction_id"]), cloud.message(sent["token"]).json()


def covered(message: Any) -> list[bool]:
    """Of each picture of a message: whether it is a spoiler."""
    parts = [part for _, part in walk(message["components"], "c") if part["type"] == 12]
    return [bool(item.get("spoiler")) for part in parts for item in part["items"]]


def test_a_picture_found_unfit_is_withheld_or_covered_as_the_channel_allows(
    cloud: Cloud, judge: Any
) -> None:
    judge("unfit")
    job, message = answered(cloud, cloud.state["channel_id"])
    assert (job["state"], job["error_kind"]) == ("FAILED", "withheld"), cloud.denied()
    assert "unfit for this channel. Nothing was charged" in words_of(message)
    assert message["attachments"] == []

    job, message = answered(cloud, AGE_RESTRICTED)
    assert job["state"] == "SUCCEEDED"
    assert covered(message) == [True]
    assert "Click to see it" in words_of(message)

    log = {"member": "oak", "command": "admin log", "options": {}}
    url = f"{cloud.state['discord_url']}/control/commands"
    said = requests.post(url, json=log, timeout=30).json()["answer"]["data"]["content"]
    assert "picture left out, `picture-check:Explicit`" in said
    assert "picture covered, `picture-check:Explicit`" in said


def test_where_nobody_can_judge_the_operator_s_choice_holds(cloud: Cloud, judge: Any) -> None:
    """The local cloud's is to show them."""
    judge("silent")
    job, message = answered(cloud, cloud.state["channel_id"])
    assert job["state"] == "SUCCEEDED"
    assert covered(message) == [False]
