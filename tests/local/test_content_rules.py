"""Rules of content and moderation through the deployed stack, where IAM is enforced."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.local.conftest import Cloud

pytestmark = pytest.mark.cloud
MODERATOR, MEMBER, MEMBER_ID = "oak", "juniper", "1200000000000000001"
OTHER, OTHER_ID = "barley", "1200000000000000002"
AGE_RESTRICTED = "1200000000000000401"
DEFERRED = 5


def standing(cloud: Cloud, member_id: str) -> dict[str, Any]:
    """Where the table keeps how often a member was refused."""
    key = {"pk": {"S": f"MEMBER#{member_id}"}, "sk": {"S": "STANDING"}}
    return {"TableName": cloud.state["table"], "Key": key}


@pytest.fixture(autouse=True)
def forgiven(cloud: Cloud) -> Iterator[None]:
    """Nobody is held off for what another test has asked for."""
    yield
    for member_id in (MEMBER_ID, OTHER_ID):
        cloud.aws("dynamodb").delete_item(**standing(cloud, member_id))


def let_penalty_pass(cloud: Cloud, member_id: str) -> None:
    """Do what waiting does: a penalty ends, and the refusals still count."""
    cloud.aws("dynamodb").update_item(
        **standing(cloud, member_id),
        UpdateExpression="SET until_at = :now",
        ExpressionAttributeValues={":now": {"N": "0"}},
    )


def use(cloud: Cloud, who: str, command: str, at: str = "", /, **options: Any) -> Any:
    """Use a command in a channel of the guild; return what Distillery answers at once."""
    body: dict[str, Any] = {"member": who, "command": command, "options": options}
    if at:
        body["channel"] = at
    if command == "serve":
        options.update(size="512x512", steps="4")  # what is drawn is not looked at
    url = f"{cloud.state['discord_url']}/control/commands"
    said = requests.post(url, json=body, timeout=30)
    assert said.ok, f"{said.text} {cloud.denied()}"
    assert said.json()["answer"], f"{said.text} {cloud.denied()}"
    return said.json()["answer"]


def words(answer: Any) -> str:
    """What an answer says to its reader alone."""
    assert answer["type"] == 4, answer
    return str(answer["data"].get("content"))


def test_a_refused_prompt_is_told_recorded_and_makes_no_job(cloud: Cloud) -> None:
    answer = use(cloud, MEMBER, "serve", prompt="a n-u-d-e heron")
    assert "age-restricted" in words(answer), cloud.denied()
    log = words(use(cloud, MODERATOR, "admin log"))
    assert f"<@{MEMBER_ID}>: refused outside age-restricted channels, `nudity`" in log
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


@pytest.mark.parametrize(
    ("part", "options"),
    [
        ("ban", {"member": OTHER_ID}),
        ("unban", {"member": OTHER_ID}),
        ("limits", {"jobs_at_once": 1}),
        ("rules", {"level": "relaxed"}),
        ("channel", {"do": "close"}),
        ("log", {}),
    ],
)
def test_who_is_no_moderator_is_not_offered_any_of_it(
    cloud: Cloud, part: str, options: dict[str, Any]
) -> None:
    body = {"member": MEMBER, "command": f"admin {part}", "options": options}
    url = f"{cloud.state['discord_url']}/control/commands"
    said = requests.post(url, json=body, timeout=30)
    assert said.status_code == 400
    assert "lacks the permissions" in said.text


def test_a_server_s_level_decides_and_is_said(cloud: Cloud) -> None:
    prompt = "a corset on a stand"
    assert use(cloud, MEMBER, "serve", prompt=prompt)["type"] == DEFERRED
    try:
        assert "strict" in words(use(cloud, MODERATOR, "admin rules", level="strict"))
        assert "**Rules of content:** strict" in words(use(cloud, MODERATOR, "admin rules"))
        assert "Suggestive" in words(use(cloud, MEMBER, "serve", prompt=prompt))
        # At this level a word is replaced, and the job has the other one.
        assert use(cloud, MEMBER, "serve", prompt="a bloody sword")["type"] == DEFERRED
        log = words(use(cloud, MODERATOR, "admin log"))
        assert f"<@{MEMBER_ID}>: words replaced, `blood`" in log
    finally:
        use(cloud, MODERATOR, "admin rules", level="standard")


def test_what_only_looks_forbidden_is_allowed(cloud: Cloud) -> None:
    for prompt in ("grilled chicken breasts", "nude heels on a shelf", "breast cancer biopsy"):
        assert use(cloud, MEMBER, "serve", prompt=prompt)["type"] == DEFERRED, prompt


def test_a_server_has_words_of_its_own(cloud: Cloud) -> None:
    assert "added" in words(use(cloud, MODERATOR, "admin rules", add="velociraptor"))
    assert "moderators" in words(use(cloud, MEMBER, "serve", prompt="a v3lociraptor"))
    assert "removed" in words(use(cloud, MODERATOR, "admin rules", remove="velociraptor"))
    assert use(cloud, MEMBER, "serve", prompt="a velociraptor")["type"] == DEFERRED


def test_a_closed_channel_takes_nothing_until_it_is_opened(cloud: Cloud) -> None:
    assert "closed" in words(use(cloud, MODERATOR, "admin channel", do="close"))
    try:
        assert "closed this channel" in words(use(cloud, MEMBER, "serve", prompt="a fox"))
        assert use(cloud, MEMBER, "serve", AGE_RESTRICTED, prompt="a fox")["type"] == DEFERRED
        assert "**Closed:**" in words(use(cloud, MODERATOR, "admin channel"))
    finally:
        assert "opened" in words(use(cloud, MODERATOR, "admin channel", do="open"))
    assert use(cloud, MEMBER, "serve", prompt="a fox")["type"] == DEFERRED


def test_a_member_who_is_limited_has_one_request_under_way(cloud: Cloud) -> None:
    said = words(use(cloud, MODERATOR, "admin limits", jobs_at_once=1, member=OTHER_ID))
    assert f"requests of <@{OTHER_ID}> to 1 at once" in said
    use(cloud, OTHER, "serve", prompt="a fox")
    [latest, *_] = [job for job in cloud.control("jobs")[::-1] if job["member"] == OTHER_ID]
    assert tier(cloud, latest["job_id"])["jobs_at_once"] == 1
    assert "no limit" in words(
        use(cloud, MODERATOR, "admin limits", jobs_at_once=0, member=OTHER_ID)
    )


def tier(cloud: Cloud, job_id: str) -> Any:
    """What a job was accepted under."""
    key = {"pk": {"S": f"JOB#{job_id}"}, "sk": {"S": "JOB"}}
    item = cloud.aws("dynamodb").get_item(TableName=cloud.state["table"], Key=key)["Item"]
    return json.loads(item["tier"]["S"])


def test_refusals_lead_to_a_pause_then_stricter_rules_then_a_block(cloud: Cloud) -> None:
    def refused() -> str:
        return words(use(cloud, OTHER, "serve", prompt="a n-u-d-e heron"))

    assert "Too many" not in refused() + refused()
    assert "you can ask again" in refused()
    assert "You can ask again" in words(use(cloud, OTHER, "serve", prompt="a fox"))

    let_penalty_pass(cloud, OTHER_ID)
    assert "you can ask again" in refused()
    let_penalty_pass(cloud, OTHER_ID)
    assert "the strictest rules hold for you" in refused()
    assert "Suggestive" in words(use(cloud, OTHER, "serve", prompt="a corset on a stand"))
    assert use(cloud, OTHER, "serve", prompt="a fox")["type"] == DEFERRED

    refused()
    assert "none is taken until" in refused()
    assert "none is taken until" in words(use(cloud, OTHER, "serve", prompt="a fox"))
