"""What the rules catch and whom they wrong: the figures that docs/content-rules.md gives."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.labelled_prompts.generate import Prompt, labelled_prompts
from distillery.core.rules.rule_book import RuleBook
from distillery.rule_files import load_rules
from local.labelled_file import Confusion, confusion

DOCUMENT = Path(__file__).parents[3] / "docs" / "content-rules.md"


@pytest.fixture(scope="module")
def prompts() -> list[Prompt]:
    return labelled_prompts()


@pytest.fixture(scope="module")
def result(prompts: list[Prompt]) -> Confusion:
    return confusion(RuleBook(load_rules()), prompts)


def test_the_prompts_are_as_many_as_were_promised_and_each_is_one(prompts: list[Prompt]) -> None:
    kinds = [prompt.expected for prompt in prompts]
    assert kinds.count("refuse") >= 1500
    assert kinds.count("allow") >= 300
    assert len({(prompt.text, prompt.age_restricted) for prompt in prompts}) == len(prompts)


def test_the_prompts_are_the_same_every_time(prompts: list[Prompt]) -> None:
    assert labelled_prompts() == prompts


def test_what_is_forbidden_is_caught(result: Confusion) -> None:
    assert result.caught >= 0.98


def test_the_innocent_are_not_refused(result: Confusion) -> None:
    assert result.wronged <= 0.005


@pytest.mark.parametrize("kind", ["minors", "ages", "languages"])
def test_nothing_about_minors_passes_that_says_so_plainly(
    prompts: list[Prompt], result: Confusion, kind: str
) -> None:
    missed = [m for m in result.missed if m.prompt.kind == kind]
    asked = [p for p in prompts if p.kind == kind]
    assert asked
    assert len(missed) <= len(asked) // 50


def test_what_was_held_out_is_caught_as_well(prompts: list[Prompt]) -> None:
    held_out = confusion(RuleBook(load_rules()), [p for p in prompts if p.held_out])
    assert held_out.caught >= 0.98


def test_the_table_in_the_document_is_this_one(result: Confusion) -> None:
    rows = [line for line in result.table().splitlines() if not line.startswith("|-")]
    assert set(rows) <= set(re.findall(r"^\|.*$", DOCUMENT.read_text(), re.MULTILINE))
