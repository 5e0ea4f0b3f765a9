"""What counts as lost and as doubled, seen from the channel."""

from __future__ import annotations

from typing import Any

import pytest

from local.chaos.channel import Request, Verdict, judge
from local.discord.messages import LOADING


def entry(*states: dict[str, Any], notice: str | None = None) -> dict[str, Any]:
    """A message as the control route lists it; the last state is what it shows now."""
    whole = [
        {"author": {"bot": True}, "content": "", "attachments": [], "flags": 0} | state
        for state in states
    ]
    for state in whole:
        state.setdefault("interaction_metadata", {"id": "1"})
    return {"message": whole[-1], "edits": whole[:-1], "notice": notice}


def picture(size: int = 5, name: str = "0_9.png") -> dict[str, Any]:
    return {"content": "**a fox**", "attachments": [{"filename": name, "size": size}]}


THINKING = {"flags": LOADING}
WORKING = {"content": "**a fox**\n`█░` 50 %"}
PREVIEW = {"content": "**a fox**", "attachments": [{"filename": "preview.jpg", "size": 1}]}
FAILED = {"content": "**a fox**\n⚠️ try again"}
BY_BOT = picture() | {"interaction_metadata": None}


def verdict(*entries: dict[str, Any], acknowledged: bool = True) -> Verdict:
    return judge(entries, [Request("1", "a fox", acknowledged)])


@pytest.mark.parametrize(
    "entries",
    [
        [entry(THINKING, WORKING, picture())],
        [entry(THINKING, picture(), picture())],  # the same answer once more
        [entry(THINKING, picture(), WORKING, picture())],
        [entry(THINKING, WORKING), entry(BY_BOT)],  # after the token's death
        [entry({"content": "**a fox**\n[0_9.png](<https://a>)"})],
    ],
)
def test_one_answer_is_neither_lost_nor_doubled(entries: list[dict[str, Any]]) -> None:
    assert verdict(*entries) == Verdict(
        frozenset({"a fox"}), frozenset(), frozenset(), frozenset(), unasked=0
    )


def test_words_are_an_answer_too() -> None:
    judged = verdict(entry(THINKING, FAILED))
    assert (judged.words, judged.lost) == ({"a fox"}, frozenset())


@pytest.mark.parametrize(
    "entries",
    [
        [],
        [entry(THINKING)],
        [entry(THINKING, WORKING)],
        [entry(PREVIEW)],
        [entry(picture(), WORKING)],
    ],
)
def test_an_acknowledged_request_that_shows_no_answer_is_lost(
    entries: list[dict[str, Any]],
) -> None:
    assert verdict(*entries).lost == {"a fox"}


def test_nothing_is_owed_to_whoever_was_told_that_nobody_answered() -> None:
    told = entry({}, notice="The application did not respond")
    assert verdict(told, acknowledged=False).lost == frozenset()


@pytest.mark.parametrize(
    "entries",
    [
        [entry(picture(5), picture(6))],
        [entry(FAILED, picture())],
        [entry(picture()), entry(picture())],
        [entry(picture()), entry(BY_BOT)],
        [entry({**picture(), "attachments": 2 * picture()["attachments"]})],
    ],
)
def test_a_second_answer_in_whatever_form_is_a_double(entries: list[dict[str, Any]]) -> None:
    assert verdict(*entries).doubled == {"a fox"}


def test_a_message_that_nobody_asked_for_is_counted() -> None:
    stray = {"content": "hello", "interaction_metadata": None}
    assert verdict(entry(picture()), entry(stray)).unasked == 1
    said_by_a_member = entry(stray | {"author": {}})
    assert verdict(entry(picture()), said_by_a_member).unasked == 0
