"""The star below a message: whose favourite it makes it, and who sees that."""

from __future__ import annotations

import json
from typing import Any

import pytest

from distillery.core.job import Job
from local.discord import rules
from local.discord.openapi import OpenApi, document_at_hand
from local.discord.sending import SCHEMAS
from local.member import words_of
from tests.lambdas.conftest import event
from tests.lambdas.interactions_room import GOLD
from tests.lambdas.members_at_buttons import ButtonRoom

OPENAPI = OpenApi(document_at_hand())
BARLEY = {"member": {"user": {"id": "400000000000000043"}, "roles": [], "permissions": "0"}}


class Room(ButtonRoom):
    """A room whose members keep favourites, and have no limit of credits."""

    def ask_for(self, prompt: str, *roles: str) -> Job:
        """Ask as a member of the best tier."""
        return super().ask_for(prompt, GOLD, *roles)

    def star(self, job: Job, word: str = "star", **who: Any) -> str:
        """Click the star; return the words of the answer."""
        answer = self.click(f"{word}:{job.lead_id}", **who)
        assert rules.answer_problems(3, answer) == []
        assert OPENAPI.problems(SCHEMAS[answer["type"]], answer) == []
        assert answer["data"]["flags"] & 64
        return words_of(answer["data"])

    def shown(self, **who: Any) -> str:
        """Use /history show: favourites; return the whole answer as text."""
        document = event("interaction_serve") | who
        given = [{"name": "show", "type": 3, "value": "favourites"}]
        document["data"] = {"id": "3", "name": "history", "type": 1, "options": given}
        _, answer = self.answer(json.dumps(document).encode())
        assert OPENAPI.problems(SCHEMAS[answer["type"]], answer) == []
        return json.dumps(answer["data"], ensure_ascii=False)


@pytest.fixture
def room() -> Room:
    return Room()


def test_a_favourite_is_found_again_months_later(room: Room) -> None:
    fox = room.made(prompt="a fox to keep")
    room.made(prompt="a dull stone")
    assert "favourites now" in room.star(fox)
    room.clock.pass_time(150 * 24 * 3600)
    assert "a fox to keep" in room.shown()
    assert "a dull stone" not in room.shown()


def test_a_star_clicked_twice_is_one_and_is_taken_back_once_for_all(room: Room) -> None:
    fox = room.made(prompt="a fox to keep")
    assert room.star(fox) == room.star(fox)
    assert "no favourite" in room.star(fox, "unstar")
    assert "no favourite" in room.star(fox, "unstar")
    assert "You have no favourites yet" in room.shown()


def test_each_member_has_favourites_of_their_own_among_everybody_s_pictures(room: Room) -> None:
    fox = room.made(prompt="a fox to keep")
    room.star(fox, **BARLEY)
    assert "a fox to keep" in room.shown(**BARLEY)
    assert "You have no favourites yet" in room.shown()


def test_who_kept_another_s_picture_may_look_at_it_and_nobody_else(room: Room) -> None:
    fox = room.made(prompt="a fox to keep")
    assert "not kept any more" in words_of(room.click("look", fox.job_id, **BARLEY)["data"])
    room.star(fox, **BARLEY)
    looked = room.click("look", fox.job_id, **BARLEY)
    assert "a fox to keep" in words_of(looked["data"])
    assert f"unstar:{fox.job_id}" in json.dumps(looked)


def test_an_answer_that_was_deleted_is_kept_from_all_but_its_owner(room: Room) -> None:
    fox = room.made(prompt="a fox to keep")
    room.star(fox)
    room.star(fox, **BARLEY)
    room.click(f"delete:{fox.job_id}")
    assert "a fox to keep" in room.shown()
    assert "a fox to keep" not in room.shown(**BARLEY)
    assert "not kept any more" in words_of(room.click("look", fox.job_id, **BARLEY)["data"])


def test_the_pages_of_favourites_stay_pages_of_favourites(room: Room) -> None:
    for number in range(12):
        room.star(room.made(prompt=f"fox {number}"))
    room.made(prompt="a dull stone")
    assert "history:favourites:1" in room.shown()
    second = json.dumps(room.click("history:favourites:1"))
    assert "fox 0" in second
    assert "fox 11" not in second
    assert "history:favourites:0" in second


def test_a_star_of_a_request_that_is_not_kept_is_answered(room: Room) -> None:
    answer = room.click("star:1")
    assert "not kept any more" in answer["data"]["content"]
    assert room.click("unstar:1")["type"] == 4


def test_a_choice_that_was_never_offered_shows_nothing(room: Room) -> None:
    document = event("interaction_serve")
    given = [{"name": "show", "type": 3, "value": "everybody's"}]
    document["data"] = {"id": "3", "name": "history", "type": 1, "options": given}
    _, answer = room.answer(json.dumps(document).encode())
    assert "cannot read" in answer["data"]["content"]
