"""/history and /help page by page, and a past request to see and to do again."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from distillery.core.job import Job, Outcome, Picture
from distillery.discord.command_style import CommandStyle
from distillery.discord.commands import all_commands
from local.discord import rules
from local.discord.openapi import OpenApi, document_at_hand
from local.discord.sending import SCHEMAS
from tests.lambdas.conftest import event
from tests.lambdas.interactions_room import GOLD, RECIPES, Room

OPENAPI = OpenApi(document_at_hand())
COMMAND, CLICK = 2, 3
PLACES = ["interaction_serve", "interaction_serve_in_dm"]


class Reader:
    """A member who turns pages."""

    def __init__(self) -> None:
        self.room = Room()

    def send(self, kind: int, data: Any, recorded: str = PLACES[0], **more: Any) -> Any:
        document = event(recorded) | {"type": kind, "data": data} | more
        if kind == CLICK:
            document["message"] = {"id": "88", "channel_id": "7"}
        status, answer = self.room.answer(json.dumps(document).encode())
        assert status == 200
        assert rules.answer_problems(kind, answer) == []
        assert OPENAPI.problems(SCHEMAS[answer["type"]], answer) == []
        return answer

    def use(self, command: str, recorded: str = PLACES[0], **options: str) -> Any:
        given = [{"name": name, "type": 3, "value": value} for name, value in options.items()]
        data = {"id": "3", "name": command, "type": 1, "options": given}
        return self.send(COMMAND, data, recorded)

    def click(self, custom_id: str, *values: str, **more: Any) -> Any:
        data: dict[str, Any] = {"custom_id": custom_id, "component_type": 3 if values else 2}
        return self.send(CLICK, data | ({"values": list(values)} if values else {}), **more)

    def ended(self, number: int) -> Job:
        """Return a request of the member that has made a picture."""
        job = self.room.ask_for(f"fox {number}", GOLD)
        for after in (
            lambda job: job.admitted(0.0, self.room.clock()),
            lambda job: job.dispatched("runpod", self.room.clock()),
            lambda job: job.concluded(
                Outcome(pictures=(Picture("0_9.png", "image/png", 4),)), self.room.clock(), 40.0
            ),
            lambda job: job.delivered(self.room.clock()),
        ):
            job = self.room.move(job, after(job))
        return job


def parts(answer: Any, kind: int) -> list[Any]:
    """Return the buttons (2) or menus (3) of an answer."""
    rows = [row for row in answer["data"]["components"] if row["type"] == 1]
    return [part for row in rows for part in row["components"] if part["type"] == kind]


def turns(answer: Any) -> list[str]:
    return [button["custom_id"] for button in parts(answer, 2)]


@pytest.fixture
def reader() -> Reader:
    return Reader()


@pytest.mark.parametrize("recorded", PLACES)
def test_a_short_history_is_one_page_with_a_menu(reader: Reader, recorded: str) -> None:
    jobs = [reader.ended(number) for number in range(3)]
    answer = reader.use("history", recorded)
    [menu] = parts(answer, 3)
    assert [choice["label"] for choice in menu["options"]] == ["1. fox 2", "2. fox 1", "3. fox 0"]
    assert [choice["value"] for choice in menu["options"]] == [j.job_id for j in reversed(jobs)]
    assert turns(answer) == []
    assert "Page" not in answer["data"]["content"]


def test_who_has_no_history_has_nothing_to_choose(reader: Reader) -> None:
    assert reader.use("history")["data"]["components"] == []


def test_a_long_history_is_turned_page_by_page(reader: Reader) -> None:
    for number in range(25):
        reader.ended(number)
    first = reader.use("history")
    assert turns(first) == ["history:1"]
    assert "-# Page 1 of 3" in first["data"]["content"]

    second = reader.click("history:1")
    assert second["type"] == 7
    assert turns(second) == ["history:0", "history:2"]
    assert "\n11. **fox 14** " in second["data"]["content"]
    assert parts(second, 3)[0]["options"][0]["label"] == "11. fox 14"

    last = reader.click("history:2")
    assert turns(last) == ["history:1"]
    assert len(parts(last, 3)[0]["options"]) == 5
    assert reader.click("history:99")["data"] == last["data"]


def test_a_past_request_is_shown_with_its_picture_and_done_again(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = reader.ended(1)
    monkeypatch.setattr(reader.room.objects, "sign_get", lambda key, life_s: f"https://s3/{key}")
    answer = reader.click("look", job.job_id)
    said, gallery, row = answer["data"]["components"]
    assert "fox 1" in said["content"]
    url = f"https://s3/jobs/{job.job_id}/1/outputs/0_9.png"
    assert gallery["items"] == [{"media": {"url": url}}]
    again, edit, star = row["components"]
    assert star["custom_id"] == f"star:{job.job_id}"

    reader.room.clock.pass_time(1)
    assert reader.click(again["custom_id"], id="400000000000000999") == {"type": 5}
    assert reader.room.job("400000000000000999").request.values["prompt"] == "fox 1"
    assert reader.click(edit["custom_id"])["type"] == 9


def test_an_answer_that_its_owner_deleted_is_done_again_from_their_history(reader: Reader) -> None:
    job = reader.ended(1)
    reader.room.move(job, job.removed(reader.room.clock()))
    row = reader.click("look", job.job_id)["data"]["components"][-1]
    again, edit = (button["custom_id"] for button in row["components"])  # it is nobody's favourite

    form = reader.click(edit)
    assert form["type"] == 9
    assert reader.click(again, id="400000000000000999") == {"type": 5}
    assert reader.room.job("400000000000000999").request.values["prompt"] == "fox 1"


def test_a_request_without_pictures_cannot_become_a_favourite(reader: Reader) -> None:
    job = reader.room.ask_for("a fox", GOLD)
    failed = Outcome(error="No GPU.", error_kind="lost")
    job = reader.room.move(job, job.concluded(failed, reader.room.clock(), 40.0))
    reader.room.move(job, job.delivered(reader.room.clock()))
    row = reader.click("look", job.job_id)["data"]["components"][-1]
    assert [button["custom_id"].split(":")[0] for button in row["components"]] == ["again", "edit"]


def test_what_was_covered_is_covered_in_the_history_too(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = reader.ended(1)
    monkeypatch.setattr(reader.room.objects, "sign_get", lambda key, life_s: f"https://s3/{key}")
    outcome = Outcome(pictures=(Picture("0_9.png", "image/png", 4, spoiler=True),))
    reader.room.store.table.jobs[job.job_id] = replace(job, outcome=outcome)
    _, gallery, _ = reader.click("look", job.job_id)["data"]["components"]
    assert gallery["items"][0]["spoiler"] is True


def test_nobody_sees_a_past_request_of_another_member(reader: Reader) -> None:
    job = reader.ended(1)
    stranger = event(PLACES[0])["member"]
    stranger["user"]["id"] = "400000000000000099"
    answer = reader.click("look", job.job_id, member=stranger)
    assert "not kept any more" in answer["data"]["content"]
    assert "not kept any more" in reader.click("look", "1")["data"]["content"]


@pytest.mark.parametrize(
    "custom_id", ["history", "history:", "history:x", "history:-1", "history:1:²", "look", "help:x"]
)
def test_a_button_that_makes_no_sense_is_answered_kindly(reader: Reader, custom_id: str) -> None:
    assert reader.click(custom_id)["type"] == 4


def test_help_is_turned_page_by_page(reader: Reader) -> None:
    answer = reader.use("help")
    seen = [answer["data"]["content"]]
    while following := [one for one in turns(answer) if one.endswith(f":{len(seen)}")]:
        answer = reader.click(following[0])
        assert answer["type"] == 7
        seen.append(answer["data"]["content"])
    said = "\n".join(seen)
    assert all(recipe.title in said for recipe in RECIPES.values())
    assert "`/cancel`" in said
    assert "**Info**" in said


@pytest.mark.parametrize("topic", [*RECIPES, "cancel", "serve", "unknown", ""])
def test_a_page_of_help_is_found_by_its_button_alone(reader: Reader, topic: str) -> None:
    shown = reader.use("help", workflow=topic)["data"]["content"]
    assert reader.click(f"help:{topic}:0")["data"]["content"] == shown


def admins(answer: Any) -> bool:
    return "`/admin`" in answer["data"]["content"]


@pytest.mark.parametrize(
    ("permissions", "named"),
    [("0", False), (str(1 << 13), False), (str(1 << 5), True), (str(1 << 3), True)],
)
def test_help_names_admin_to_those_alone_who_may_use_it(
    reader: Reader, permissions: str, named: bool
) -> None:
    member = event(PLACES[0])["member"] | {"permissions": permissions}
    pages = [reader.click(f"help::{page}", member=member) for page in range(4)]
    assert any(admins(page) for page in pages) is named
    assert admins(reader.click("help:admin:0", member=member)) is named


@pytest.mark.parametrize("style", CommandStyle)
def test_help_may_be_asked_about_every_command_of_members(style: CommandStyle) -> None:
    commands = all_commands(RECIPES, style)
    [help_] = [command for command in commands if command["name"] == "help"]
    [which] = [option for option in help_["options"] if option["name"] == "command"]
    offered = {choice["value"] for choice in which["choices"]}
    mine = {c["name"] for c in commands if c["type"] == 1 and c["name"] not in RECIPES}
    assert offered == mine - {"admin"}
