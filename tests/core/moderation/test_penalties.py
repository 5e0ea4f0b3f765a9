"""What repeated refusals lead to is the operator's to say, and is read as a whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distillery.core.moderation.penalties import Penalties, Penalty, parse_penalties
from distillery.core.moderation.records import Standing


def test_nothing_said_is_what_the_documents_say() -> None:
    assert parse_penalties("{}") == Penalties()


def test_rungs_and_window_are_read() -> None:
    text = '{"window_minutes": 5, "rungs": [{"kind": "block", "after": 1, "minutes": 2}]}'
    assert parse_penalties(text) == Penalties((Penalty("block", 1, 2),), 5)


def test_no_rungs_is_no_penalty() -> None:
    penalties = parse_penalties('{"rungs": []}')
    assert penalties.after_refusal(Standing(refusals=99), 10.0).penalty == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "JSON object"),
        ("[]", "JSON object"),
        ('{"steps": 1}', "JSON object"),
        ('{"window_minutes": 0}', "window_minutes"),
        ('{"window_minutes": true}', "window_minutes"),
        ('{"rungs": 1}', "must be a list"),
        ('{"rungs": [{"kind": "block"}]}', "rung 1: it must have kind, after, minutes"),
        ('{"rungs": [{"kind": "jail", "after": 0, "minutes": 1}]}', "pause, gray-list, block"),
        ('{"rungs": [{"kind": "jail", "after": 0, "minutes": 1}]}', "after must be"),
        (
            '{"rungs": [{"kind": "block", "after": 2, "minutes": 1},'
            ' {"kind": "pause", "after": 2, "minutes": 1}]}',
            "in the order",
        ),
    ],
)
def test_what_is_wrong_is_named(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_penalties(text)


@given(st.lists(st.floats(0, 100_000), min_size=1, max_size=30))
def test_a_penalty_never_ends_sooner_for_another_refusal(waits: list[float]) -> None:
    standing, now = Standing(), 1_000_000.0
    for wait in waits:
        now += wait
        after = Penalties().after_refusal(standing, now)
        assert after.until >= standing.until
        assert after.revision == standing.revision + 1
        standing = after
