"""A file of rules is taken as a whole, or all that is wrong with it is said."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distillery.core.errors import ConfigError
from distillery.core.rules.rule import Action, Level
from distillery.core.rules.rule_file import BrokenRules, parse_rules
from distillery.core.rules.safe_pattern import problem_of
from distillery.rule_files import FOLDER, load_rules

GOOD = """
version = "1"
[[rule]]
id = "a"
category = "c"
action = "age-restricted"
from = "strict"
words = ["one", "two*"]
message = "no"
"""


def problems(**files: str) -> str:
    with pytest.raises(BrokenRules) as caught:
        parse_rules({f"{name}.toml": text for name, text in files.items()})
    return str(caught.value)


def test_the_rules_that_are_shipped_can_be_read() -> None:
    rules = load_rules()
    assert {"sexual-minors", "sexual-persons"} <= {one.id for one in rules.combinations}
    assert re.fullmatch(r"(\d{4}-\d\d-\d\d\+?){2}", rules.version)  # of each file


def test_a_rule_is_read_with_what_it_leaves_out() -> None:
    [rule] = parse_rules({"a.toml": GOOD}).rules
    assert (rule.action, rule.level) == (Action.AGE_RESTRICTED, Level.STRICT)
    assert (rule.words, rule.phrases, rule.replacement) == (["one", "two*"], [], "")


def test_several_files_are_one_set_and_one_version() -> None:
    more = GOOD.replace('"a"', '"b"').replace('version = "1"', 'version = "mine 2"')
    rules = parse_rules({"b.toml": more, "a.toml": GOOD})
    assert [rule.id for rule in rules.rules] == ["a", "b"]
    assert rules.version == "1+mine 2"


def test_all_that_is_wrong_is_said_with_its_file_and_key() -> None:
    said = problems(
        broken="version = ",
        wrong="""
        colour = "red"
        [[rule]]
        id = "x"
        action = "forbid"
        from = "severe"
        words = ["...", "ok"]
        anywhere = ["abc"]
        patterns = ["(a+)+", "fine"]
        wordz = []
        [[rule]]
        id = "y"
        category = "c"
        action = "replace"
        words = "one"
        [[combination]]
        id = "z"
        any_of = ["nowhere"]
        with_any_of = ["c"]
        message = "no"
        """,
    )
    for part in (
        "broken.toml: no TOML",
        "wrong.toml: version: is missing",
        "wrong.toml: colour: unknown",
        "wrong.toml: x.category: is missing",
        "wrong.toml: x.action: must be one of refuse, age-restricted, replace, mark",
        "wrong.toml: x.from: must be one of relaxed, standard, strict",
        "wrong.toml: x.words: '...' has too few letters",
        "wrong.toml: x.anywhere: 'abc' has too few letters",
        "wrong.toml: x.patterns: '(a+)+' repeats without an end",
        "wrong.toml: x.wordz: unknown",
        "wrong.toml: x.message: is missing",
        "wrong.toml: y.replacement: is missing",
        "wrong.toml: y.words: must be a list of texts",
        "z: no rule is of the category nowhere",
    ):
        assert part in said, f"{part!r} is not in {said}"


def test_two_rules_of_one_name_are_refused() -> None:
    assert "'a' is used twice" in problems(one=GOOD, two=GOOD)


@pytest.mark.parametrize("text", ["rule = 3", "allow = 3", "rule = [3]", "[[rule]]", "version = 3"])
def test_what_is_no_table_of_rules_is_refused(text: str) -> None:
    assert problems(odd=text)


def test_a_folder_without_rules_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no rules"):
        load_rules(tmp_path)
    (tmp_path / "a.toml").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="UTF-8"):
        load_rules(tmp_path)


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+",
        "a*",
        "a{2,}",
        r"(a)\1",
        "(?=a)",
        "(?P<n>a)",
        "(a{0,30}){0,30}",
        "(a|b){2}",
        "(a|b|c){0,20}(d|e|f){0,20}",
        "a{0,99}a{0,99}",
        "(a?){0,300}",
        "(a",
        "a" * 301,
    ],
)
def test_a_pattern_that_could_run_away_is_refused(pattern: str) -> None:
    assert problem_of(pattern)


@pytest.mark.parametrize("pattern", [r"\b\d{1,2} ?(?:years?|yrs?) old\b", "[a-z]{1,9} of war"])
def test_a_simple_pattern_is_taken(pattern: str) -> None:
    assert problem_of(pattern) is None


ATOMS = st.sampled_from(["a", "b", "[ab]", r"\w", r"\d", " "])
REPEATS = st.sampled_from(["", "?", "{0,9}", "{1,20}", "{3}"])
PARTS = st.lists(st.tuples(ATOMS, REPEATS).map("".join), min_size=1, max_size=5).map("".join)
GROUPS = st.tuples(st.lists(PARTS, min_size=1, max_size=3).map("|".join), REPEATS).map(
    lambda pair: f"({pair[0]}){pair[1]}"
)


@given(st.lists(GROUPS | PARTS, min_size=1, max_size=4).map("".join))
def test_no_pattern_that_is_taken_runs_away(pattern: str) -> None:
    if problem_of(pattern) is None:
        began = time.process_time()
        re.compile(pattern + "!").search("ab" * 500 + "a" * 1000)
        assert time.process_time() - began < 1.0


def test_the_folder_that_is_bundled_is_the_one_that_is_read() -> None:
    names = {file.name for file in FOLDER.glob("*.toml")}
    assert names == {"languages.toml", "standard.toml"}
