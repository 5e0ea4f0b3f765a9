"""`/queue`, `/cancel` and `/history`: what a member has asked for."""

from __future__ import annotations

import json

import pytest

from distillery.core.job import JobState, Outcome, Picture
from distillery.core.tier import Tier
from tests.lambdas.conftest import event
from tests.lambdas.interactions_room import GOLD, MEMBER, Room, ended


@pytest.fixture
def room() -> Room:
    return Room()


def test_the_queue_says_where_each_request_stands(room: Room) -> None:
    at_a_gpu, in_the_line, held, _ = (room.ask_for(f"fox {n}", GOLD) for n in range(4))
    at_a_gpu = room.move(at_a_gpu, at_a_gpu.admitted(0.0, room.clock()))
    room.move(at_a_gpu, at_a_gpu.dispatched("runpod", room.clock()))
    room.move(in_the_line, in_the_line.admitted(0.1, room.clock()))
    room.move(held, held.held(room.clock()))
    room.clock.pass_time(12)

    assert room.use("queue").splitlines() == [
        "**Your open requests**",
        "- **fox 3** · being prepared",
        "- **fox 2** · waits until one of your 9 running requests has ended",
        "- **fox 1** · place 1 in the line",
        "- **fox 0** · at a GPU for 12 s",
    ]
    assert room.stores_opened == 0


def test_the_queue_shows_the_credits_of_a_limited_account(room: Room) -> None:
    room.ask_for("a fox")
    assert room.use("queue").endswith("-# You have 4 credits left.")


@pytest.mark.parametrize("command", ["queue", "cancel", "history"])
def test_who_has_asked_for_nothing_is_told_what_to_do(room: Room, command: str) -> None:
    said = room.use(command)
    assert "/serve" in said or "/history" in said
    assert room.untouched


@pytest.mark.parametrize("command", ["queue", "cancel", "history"])
def test_nobody_sees_or_ends_the_requests_of_another_member(room: Room, command: str) -> None:
    theirs = room.ask_for("a secret fox")
    other = event("interaction_serve")
    other["member"]["user"]["id"] = "400000000000000043"
    other["data"] = {"id": "3", "name": command, "type": 1}
    _, answer = room.answer(json.dumps(other).encode())
    assert "secret" not in answer["data"]["content"]
    assert room.job(theirs.job_id) == theirs


@pytest.mark.parametrize(
    ("options", "words", "left"),
    [
        ({}, "Cancelled 1 request. Nothing was charged.", ["fox 0", "fox 1"]),
        ({"which": "latest"}, "Cancelled 1 request. Nothing was charged.", ["fox 0", "fox 1"]),
        ({"which": "all"}, "Cancelled 3 requests. Nothing was charged.", []),
    ],
)
def test_cancel_ends_the_latest_request_or_all(
    room: Room, options: dict[str, str], words: str, left: list[str]
) -> None:
    for number in range(3):
        room.ask_for(f"fox {number}")
    room.queue.sent.clear()
    assert room.use("cancel", **options) == words
    jobs = room.store.table.jobs.values()
    assert [job.request.values["prompt"] for job in jobs if job.is_open] == left
    assert len(room.queue.sent) == 3 - len(left)
    assert room.store.account(MEMBER).balance == 5 - len(left)


def test_cancel_says_that_more_are_open_than_it_ends_at_once() -> None:
    room = Room(tiers=(Tier(),))
    for number in range(45):
        room.ask_for(f"fox {number}")
    said = [room.use("cancel", which="all") for _ in range(4)]
    twenty = "Cancelled 20 requests. Nothing was charged."
    again = f"{twenty} More are open still: send `/cancel which: all` again."
    assert said[:3] == [again, again, "Cancelled 5 requests. Nothing was charged."]
    assert "nothing to cancel" in said[3]


def test_cancel_works_in_a_direct_message(room: Room) -> None:
    room.ask_for("a fox")
    said = room.use("cancel", recorded="interaction_serve_in_dm", which="all")
    assert said == "Cancelled 1 request. Nothing was charged."


def test_a_choice_that_was_never_offered_cancels_nothing(room: Room) -> None:
    job = room.ask_for("a fox")
    room.use("cancel", which="everybody's")
    assert room.job(job.job_id) == job


def test_the_history_says_how_requests_ended_and_links_to_their_pictures(room: Room) -> None:
    pictures = (Picture("0_9.png", "image/png", 4), Picture("1_9.png", "image/png", 4))
    done = ended(room, room.ask_for("fox 0", GOLD), Outcome(pictures=pictures))
    ended(room, room.ask_for("fox 1", GOLD), Outcome(error="No GPU.", error_kind="too_late"))
    room.ask_for("fox 2", GOLD)
    room.use("cancel")
    message = room.used("history")

    when = int(done.times["concluded"])
    assert message["content"].splitlines()[:4] == [
        "**Your last requests**",
        f"1. **fox 2** · cancelled · <t:{when + 2}:R>",
        f"2. **fox 1** · failed: No GPU. · <t:{when + 1}:R>",
        f"3. **fox 0** · 2 pictures · <t:{when}:R>",
    ]
    outputs = f"memory://bucket/jobs/{done.job_id}/1/outputs"
    assert message["embeds"] == [
        {"title": f"Request 3, picture {n}", "url": url, "thumbnail": {"url": url}}
        for n, url in ((1, f"{outputs}/0_9.png"), (2, f"{outputs}/1_9.png"))
    ]


def test_the_history_says_first_that_an_answer_could_not_be_shown(room: Room) -> None:
    job = room.ask_for("a fox")
    job = ended(room, job, Outcome(pictures=(Picture("0_9.png", "image/png", 4),)), seen=False)
    assert job.state is JobState.SUCCEEDED
    message = room.used("history")
    assert "\n1. ⚠️ The answer could not be shown" in message["content"]
    assert len(message["embeds"]) == 1
