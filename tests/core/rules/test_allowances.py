"""What stands beside a word decides whether it means what a rule is about."""

from __future__ import annotations

import pytest

from distillery.core.rules.judge import Setting, judge
from distillery.core.rules.rule import Level
from distillery.core.rules.rule_book import RuleBook
from distillery.core.rules.rule_file import BrokenRules, parse_rules

TEXT = """
version = "1"
[[rule]]
id = "sail"
category = "sail"
action = "refuse"
message = "no sails"
words = ["sail", "sails", "jib"]
phrases = ["full rig"]
[[rule]]
id = "young"
category = "young"
action = "mark"
words = ["cadet"]
[[combination]]
id = "young-sailors"
any_of = ["sail"]
with_any_of = ["young"]
message = "no young sailors"
[allow]
phrases = ["sail cloth"]
[[allow.pair]]
first = ["jib", "top sail"]
second = ["crane", "cutter knife"]
[[allow.excuse]]
words = ["sail"]
beside = ["lizard", "windmill"]
"""
BOOK = RuleBook(parse_rules({"a.toml": TEXT}))


def refused_by(text: str) -> str:
    return judge(BOOK, {"prompt": text}, Setting(Level.STANDARD)).rule_id


@pytest.mark.parametrize(
    "text",
    [
        "a roll of sail cloth",
        "rolls of Sail Cloths",
        "a jib crane",
        "two jib-cranes",
        "a top sail cutter knife",
        "the sail of a lizard",
        "lizards, each with a large sail",
    ],
)
def test_what_only_looks_like_it_is_allowed(text: str) -> None:
    assert refused_by(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "a sail",
        "sails cloth",  # a word of a rule has no plural but its own
        "sail, cloth",
        "jib",
        "crane jib",
        "jib, crane",
        "a sail as wide as the sky above that lizard",  # too far away
        "sails of a lizard",  # only what is listed is excused
        "a s-a-i-l lizard",  # whoever hides a word means it
        "a lizard with a full rig",
        "a lizard's sail and another sail over there in the open sea",
    ],
)
def test_what_is_meant_is_refused(text: str) -> None:
    assert refused_by(text) == "sail"


def test_what_is_excused_counts_where_two_things_must_not_meet() -> None:
    assert refused_by("a windmill with a sail, a cadet") == "young-sailors"
    assert refused_by("a jib crane, a cadet") == ""


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ('[[allow.pair]]\nfirst = ["a"]\nthen = ["b"]', "allow.pair 1.then: unknown"),
        ('[[allow.pair]]\nfirst = "a"', "allow.pair 1.first: must be a list"),
        ('[[allow.excuse]]\nwords = ["..."]', "allow.excuse 1.words: '...' has too few letters"),
        ("[allow]\nexcuse = 3", "allow.excuse: must be tables; begin each with [[allow.excuse]]"),
    ],
)
def test_what_is_wrong_with_an_allowance_is_named(part: str, said: str) -> None:
    with pytest.raises(BrokenRules) as caught:
        parse_rules({"a.toml": f'version = "1"\n{part}'})
    assert said in str(caught.value)
