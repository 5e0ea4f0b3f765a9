"""What members ask about their requests, and call off, through the deployed stack."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from local.member import LocalMember, words_of
from tests.local.conftest import Cloud

pytestmark = pytest.mark.cloud
MEMBER = "barley"  # nobody else's tests use their requests


class Asked:
    """A /serve of one member, on its way."""

    def __init__(self, cloud: Cloud, prompt: str, **options: object) -> None:
        body = {"member": MEMBER, "command": "serve", "options": {"prompt": prompt, **options}}
        url = f"{cloud.state['discord_url']}/control/commands"
        sent = requests.post(url, json=body, timeout=10).json()
        assert sent["answer"] == {"type": 5}, sent
        self.job_id, self._token, self._cloud = sent["interaction_id"], sent["token"], cloud

    @property
    def job(self) -> Any:
        return self._cloud.job(self.job_id)

    @property
    def words(self) -> str:
        return words_of(self._cloud.message(self._token).json())


@pytest.fixture
def barley(cloud: Cloud) -> Iterator[LocalMember]:
    """A member with nothing open, before and after."""
    member = LocalMember(cloud.state, MEMBER)
    member.ask("cancel", {"which": "all"})
    yield member
    member.ask("cancel", {"which": "all"})


@pytest.fixture
def nobody_there(cloud: Cloud) -> Iterator[None]:
    """Neither provider answers, so nobody takes a job out of the line."""
    for provider in ("runpod", "sagemaker"):
        cloud.fault(provider, "down")
    yield
    for provider in ("runpod", "sagemaker"):
        cloud.fault(provider, "ok")


@pytest.mark.usefixtures("nobody_there")
def test_a_request_that_waits_has_a_place_and_can_be_cancelled(
    cloud: Cloud, barley: LocalMember
) -> None:
    asked = [Asked(cloud, f"patient heron {number}", steps=4) for number in range(3)]
    cloud.until(lambda: "in the line" in barley.ask("queue", {}))

    cancelled = barley.ask("cancel", {"which": "all"})
    assert cancelled == "Cancelled 3 requests. Nothing was charged."

    cloud.until(lambda: all(one.job["state"] == "CANCELLED" for one in asked))
    for one in asked:
        assert one.words.splitlines()[-1] == "Cancelled. Nothing was charged."
    assert "no open requests" in barley.ask("queue", {})
    assert "**patient heron 0** · cancelled" in barley.ask("history", {})


def test_a_request_at_a_gpu_is_cancelled_and_the_next_one_is_made(
    cloud: Cloud, barley: LocalMember
) -> None:
    asked = Asked(cloud, "a long road", steps=60)
    cloud.until(lambda: "started" in asked.job["times"])
    assert "**a long road** · at a GPU for" in barley.ask("queue", {})

    assert barley.ask("cancel", {"which": "latest"}).startswith("Cancelled 1 request.")

    cloud.until(lambda: asked.job["state"] == "CANCELLED")
    assert asked.words.splitlines()[-1] == "Cancelled. Nothing was charged."
    after = cloud.serve("a short road", MEMBER, size="512x512", steps="4")
    assert after.state == "SUCCEEDED"
    assert asked.words.splitlines()[-1] == "Cancelled. Nothing was charged."  # and it stays so


def test_the_history_links_to_the_bytes_that_were_delivered(
    cloud: Cloud, barley: LocalMember
) -> None:
    served = cloud.serve("a kept promise", MEMBER, size="512x512", steps="4")
    said = barley.ask("history", {})
    assert "1. **a kept promise** · 1 picture" in said
    title = "Request 1, picture 1: "
    link = next(line for line in said.splitlines() if line.startswith(title))
    picture = requests.get(link.removeprefix(title), timeout=10)
    assert picture.content == served.pictures[0].path.read_bytes()


def test_answers_about_requests_break_none_of_discord_s_rules(
    cloud: Cloud, barley: LocalMember
) -> None:
    for command in ("queue", "cancel", "history"):
        barley.ask(command, {})
    assert cloud.discord_control("violations") == []
