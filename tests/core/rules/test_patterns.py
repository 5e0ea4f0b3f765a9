"""Patterns are tried only where one may begin, and yet all is found that a plain search finds."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from distillery.core.rules.patterns import Patterns
from distillery.rule_files import load_rules

SHIPPED = [pattern for rule in load_rules().rules for pattern in rule.patterns]
PATTERNS = Patterns(SHIPPED)


def searched_for(patterns: Sequence[str], words: Sequence[str]) -> list[tuple[int, int, int]]:
    text = " ".join(words)
    return [
        (number, text.count(" ", 0, start), min(text.count(" ", 0, end), len(words) - 1))
        for number, pattern in enumerate(patterns)
        for start, end in (found.span() for found in re.finditer(pattern, text))
    ]


def of(patterns: Sequence[str]) -> list[str]:
    """Return all that they are written with: their words, and their numbers."""
    return re.findall(r"[^\W\d_]+|\d+", " ".join(patterns).replace(r"\b", " "))


OTHERS = "1 4 9 10 17 18 99 35mm 14y 12th a quiet harbour with boats and an old man who mends nets"
WORDS = st.sampled_from([*of(SHIPPED), *OTHERS.split()])


@given(st.lists(WORDS | st.text("aeiry14 少女歳", max_size=4).map(str.strip), max_size=30))
def test_of_the_shipped_patterns_all_is_found(some: list[str]) -> None:
    words = " ".join(some).split()
    assert sorted(PATTERNS.found_in(words)) == sorted(searched_for(SHIPPED, words))


@pytest.mark.parametrize("number", range(len(SHIPPED)))
def test_each_shipped_pattern_is_asked_of_few_words_only(number: int) -> None:
    asked = [w for w in OTHERS.split() if number in {one.number for one in PATTERNS._openings[w]}]
    assert [word for word in asked if word.isalpha()] == []


SIGNS = st.sampled_from(
    [
        "a",
        "b",
        "1",
        " ",
        r"\ ",
        r"\b",
        r"\w",
        r"\s",
        r"\d",
        r"\W",
        "[ab]",
        "[^a]",
        "[] ]",
        r"[\] b]",
    ]
)
REPEATED = st.tuples(
    SIGNS.filter(lambda sign: sign != r"\b"), st.sampled_from(["?", "{0,2}", "{2}"])
)
PATTERN = st.recursive(
    SIGNS | REPEATED.map("".join),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=4).map("".join)
        | st.lists(inner, min_size=1, max_size=3).map(lambda choices: f"(?:{'|'.join(choices)})")
        | st.lists(inner, min_size=2, max_size=3).map("|".join)
        | inner.map(lambda one: f"({one})?")
    ),
    max_leaves=8,
)


@example([r"[^b]b", r"a\sb", r"(?:a|b\W)b", r"(?:a|b )b"], ["a", "b", "b"])
@given(st.lists(PATTERN, min_size=1, max_size=3), st.lists(st.text("ab1", min_size=1, max_size=3)))
def test_of_whatever_patterns_all_is_found(patterns: list[str], words: list[str]) -> None:
    found = sorted(Patterns(patterns).found_in(words))
    assert found == (sorted(searched_for(patterns, words)) if words else [])
