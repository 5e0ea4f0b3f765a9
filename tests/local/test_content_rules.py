"""Rules of content and moderation through the deployed stack, where IAM is enforced."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.local.conftest import Cloud

pytestmark = pytest.mark.cloud
MODERATOR, MEMBER, MEMBER_ID = "oak", "juniper", "1200000000000000001"
AGE_RESTRICTED = "1200000000000000401"


def use(cloud: Cloud, who: str, command: str, at: str = "", /, **options: Any) -> Any:
    """Use a command in a channel of the guild; return what Distillery answers at once."""
    body: dict[str, Any] = {"member": who, "command": command, "options": options}
    if at:
        body["channel"] = at
    url = f"{cloud.state['discord_url']}/control/commands"
    said = requests.post(url, json=body, timeout=30)
    assert said.ok, f"{said.text} {cloud.denied()}"
    return said.json()["answer"]


def words(answer: Any) -> str:
    """What an answer says to its reader alone."""
    assert answer["type"] == 4, answer
    return str(answer["data"].get("content"))


def test_a_refused_prompt_is_told_recorded_and_makes_no_job(cloud: Cloud) -> None:
    answer = use(cloud, MEMBER, "serve", prompt="a n-u-d-e heron")
    assert "age-restricted" in words(answer), cloud.denied()
    log = words(use(cloud, MODERATOR, "admin log"))
    assert f"<@{MEMBER_ID}>: age-restricted by `nudity`" in log
    assert "heron" not in log
    assert use(cloud, MEMBER, "serve", AGE_RESTRICTED, prompt="a nude, charcoal")["type"] == 5


def test_a_banned_member_is_refused_until_the_ban_is_taken_back(cloud: Cloud) -> None:
    assert "banned" in words(use(cloud, MODERATOR, "admin ban", member=MEMBER_ID, reason="a test"))
    assert "do not take requests of yours" in words(use(cloud, MEMBER, "serve", prompt="a fox"))
    assert "took back" in words(use(cloud, MODERATOR, "admin unban", member=MEMBER_ID))
    assert use(cloud, MEMBER, "serve", prompt="a fox")["type"] == 5
    log = words(use(cloud, MODERATOR, "admin log"))
    assert "a test" in log
    assert "took back the ban" in log
