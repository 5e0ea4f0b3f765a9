"""Which rule decides, where, and in what words."""

from __future__ import annotations

import pytest

from distillery.core.rules.judge import GUILD_RULE, Setting, Verdict, judge
from distillery.core.rules.rule import Action, Combination, Level, Rule, Rules
from distillery.core.rules.rule_book import RuleBook

RULES = Rules(
    "7",
    [
        Rule("grown", "adult", Action.AGE_RESTRICTED, message="not here", words=["grownup"]),
        Rule("mild", "mild", Action.AGE_RESTRICTED, Level.STRICT, "milder", words=["mildly"]),
        Rule("never", "never", Action.REFUSE, message="never", words=["never"]),
        Rule("young", "young", Action.MARK, words=["young"]),
        Rule(
            "swap",
            "swap",
            Action.REPLACE,
            replacement="ink",
            words=["blood", "bloody"],
            phrases=["pool of blood"],
        ),
    ],
    [Combination("both", frozenset({"adult", "mild"}), frozenset({"young"}), "in no place")],
)
BOOK = RuleBook(RULES)
STANDARD = Setting(Level.STANDARD)
ADULTS = Setting(Level.STANDARD, age_restricted=True)


def judged(setting: Setting = STANDARD, **texts: str) -> Verdict:
    return judge(BOOK, texts, setting)


def test_what_no_rule_is_about_is_allowed_as_it_is() -> None:
    assert judged(prompt="a red fox") == Verdict()


@pytest.mark.parametrize("field", ["prompt", "negative", "image.filename"])
def test_every_text_counts(field: str) -> None:
    assert judged(**{field: "never"}).rule_id == "never"


def test_some_things_are_made_only_where_there_are_adults_alone() -> None:
    assert judged(prompt="a grownup fox").message == "not here"
    assert not judged(ADULTS, prompt="a grownup fox").is_refused


def test_a_rule_applies_from_its_level_on() -> None:
    assert not judged(prompt="mildly").is_refused
    assert judged(Setting(Level.STRICT), prompt="mildly").is_refused


@pytest.mark.parametrize("setting", [STANDARD, ADULTS, Setting(Level.RELAXED, age_restricted=True)])
@pytest.mark.parametrize("adult", ["grownup", "mildly"])
def test_a_combination_is_refused_everywhere_and_over_all_texts(
    setting: Setting, adult: str
) -> None:
    verdict = judged(setting, prompt=f"a {adult}", negative="y o u n g")
    assert (verdict.action, verdict.rule_id) == (Action.REFUSE, "both")


def test_half_of_a_combination_is_no_combination() -> None:
    assert not judged(ADULTS, prompt="young").is_refused


def test_the_sternest_rule_decides() -> None:
    assert judged(prompt="a grownup never").rule_id == "never"


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("blood on snow", "ink on snow"),
        ("a pool of blood, blood", "a ink, ink"),
        ("(blood:1.3) and BLOODY", "(ink:1.3) and ink"),
        ("b.l.o.o.d here", "ink here"),
        ("some bl\u00adood", "some ink"),
        ("b l o o d", "ink"),
    ],
)
def test_a_rule_that_replaces_leaves_the_rest_as_it_was(text: str, becomes: str) -> None:
    verdict = judged(prompt=text, negative="blur")
    assert verdict.action is Action.REPLACE
    assert verdict.texts == {"prompt": becomes}


def test_a_guild_may_not_want_words_of_its_own() -> None:
    setting = Setting(Level.RELAXED, words=frozenset({"clown", "red nose"}))
    assert judged(setting, prompt="a cl0wn").rule_id == GUILD_RULE
    assert judged(setting, prompt="a red-nose").rule_id == GUILD_RULE
    assert not judged(setting, prompt="a red, big nose").is_refused
    assert not judged(prompt="a clown").is_refused
