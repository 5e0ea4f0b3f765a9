"""A word is found however it is hidden, and only where it stands."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distillery.core.rules.judge import Setting, judge
from distillery.core.rules.reading import MAX_CHARACTERS, read
from distillery.core.rules.rule import Action, Level, Rule, Rules
from distillery.core.rules.rule_book import RuleBook
from distillery.rule_files import load_rules

WORDS = Rule(
    "w",
    "c",
    Action.REFUSE,
    message="no",
    words=["harbour", "tides*", "pen15"],
    anywhere=["lantern"],
    phrases=["low water mark"],
    patterns=[r"\b\d{2} knots\b"],
)
BOOK = RuleBook(
    Rules("1", [WORDS], allowed_words=["lanternfish"], allowed_phrases=["harbour seal"])
)
SHIPPED = RuleBook(load_rules())


def is_found(text: str) -> bool:
    return judge(BOOK, {"prompt": text}, Setting()).is_refused


@pytest.mark.parametrize(
    "text",
    [
        "a harbour",
        "HARBOUR!",
        "the (harbour:1.3) at night",
        "hárbòur",
        "h\u200ba\u200dr\u00adb\u2060o\ufeffur",
        "h\u0336a\u0336r\u0336bour",
        "\uff48\uff41\uff52\uff42\uff4f\uff55\uff52",
        "h\u0430rb\u043eur",
        "\u029c\u1d00\u0280\u0299\u1d0f\u1d1c\u0280",
        "\U0001f1ed\U0001f1e6\U0001f1f7\U0001f1e7\U0001f1f4\U0001f1fa\U0001f1f7",
        "\u24d7\u24d0\u24e1\u24d1\u24de\u24e4\u24e1",
        "h\u3164a\u2800rbour",
        "h a r b o u r",
        "see h a r b o u r here",
        "a h a r b o u r   v i e w",
        "h.a.r.b.o.u.r",
        "h-a-r-b-o-u-r",
        "har/b/our",
        "har\U0001f525bour",
        "h4rb0ur",
        "h@rbour",
        "h*rbour",
        "har_bour",
        "haaarbour",
        "harrbbour",
        "h arbour",
        "harbou r",
        "tidesman",
        "lanternlight",
        "olantern",
        "the low-water mark",
        "low   water\nmark",
        "lowwatermark",
        "low, water, mark",
        "l0w w@ter mark",
        "15 knots",
    ],
)
def test_a_hidden_word_is_found(text: str) -> None:
    assert is_found(text)


@pytest.mark.parametrize(
    "text",
    [
        "harbours",
        "harboured",
        "har bour",
        "ebb tide",
        "lanternfish",
        "a harbour seal",
        "low mark water",
        "155 knots",
        "he has bor u",
        "",
        "   ",
        "...",
        "1 2 3 4 5 6",
    ],
)
def test_what_only_looks_like_a_word_is_not_found(text: str) -> None:
    assert not is_found(text)


def test_what_is_allowed_hides_nothing_else() -> None:
    assert is_found("a harbour seal in a harbour")
    assert is_found("a lanternfish by a lanternlight")


def test_a_gap_where_something_allowed_stood_makes_no_new_phrase() -> None:
    rules = Rules(
        "1",
        [Rule("w", "c", Action.REFUSE, message="no", phrases=["red fox"])],
        allowed_words=["big"],
    )
    assert not judge(RuleBook(rules), {"p": "red big fox"}, Setting()).is_refused


@given(st.text(max_size=300))
def test_any_text_can_be_read_and_every_word_stands_where_it_says(text: str) -> None:
    reading = read(text)
    for words in (*reading.views, reading.runs, *reading.masked):
        for word in words:
            assert 0 <= word.start < word.end <= len(text)


@given(st.text(max_size=200))
def test_what_stands_around_a_word_cannot_hide_it(text: str) -> None:
    assert is_found(f"{text} harbour , {text}") or "seal" in text


HOSTILE = {
    "one long word": "a" * 6000,
    "letters alone": "a " * 3000,
    "signs": "!@$|*_#" * 857,
    "masks": "a*b " * 1500,
    "digits and letters": "1l" * 3000,
    "combining marks": "n" + "\u0336" * 5999,
    "a phrase begun again and again": "low water " * 600,
    "numbers": "15 kno " * 857,
    "stretched": "haarbbou" * 750,
    "every plane": "".join(chr(code) for code in range(0x250, 0x250 + 6000)),
    "commas": "a,b;c/" * 1000,
    "years": "17 years 16 year 15 " * 300,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_text_takes_long_to_judge(text: str) -> None:
    """Process time: a busy machine does not count. The bound is far above what is measured."""
    began = time.process_time()
    judge(SHIPPED, {"prompt": text}, Setting(Level.STRICT))
    assert time.process_time() - began < 0.5


def test_what_is_longer_than_any_prompt_is_read_up_to_there() -> None:
    assert is_found("x " * (MAX_CHARACTERS // 2 - 10) + "harbour")
    assert not is_found("x " * MAX_CHARACTERS + "harbour")
