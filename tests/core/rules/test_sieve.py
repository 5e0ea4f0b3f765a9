"""A long text is not read as a whole, and yet all is found in it that is found when it is."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.labelled_prompts.generate import labelled_prompts
from distillery.core.rules.judge import Setting, judge
from distillery.core.rules.reading import MAX_CHARACTERS, read
from distillery.core.rules.rule import Action, Level, Rule, Rules
from distillery.core.rules.rule_book import RuleBook
from distillery.rule_files import load_rules

BOOK = RuleBook(load_rules())
PROMPTS = [prompt.text for prompt in labelled_prompts()]
FILLING = (
    "a quiet harbour in the morning, (detailed:1.2), 35mm photo of boats & nets, B&W, f/1.8, "
    "best quality, an old man mends his nets -- oil on canvas, 1girl_solo, t-shirt, x y "
)


def found(book: RuleBook, text: str, *, whole: bool) -> set[tuple[str, int, int, bool]]:
    hits = book.find_in(read(text)) if whole else book.find(text)
    return {(hit.rule.id, hit.start, hit.end, hit.excused) for hit in hits}


def test_of_labelled_prompts_the_same_is_found() -> None:
    for text in PROMPTS[::4]:
        assert found(BOOK, text, whole=False) == found(BOOK, text, whole=True), ascii(text)


@pytest.mark.parametrize("text", ["two foxes", "a prefox", "a prebarn", "barn", "a dogbarn"])
def test_a_choice_outside_of_groups_is_found_on_both_its_sides(text: str) -> None:
    patterns = [r"\bfoxes|barn", r"\b(?:foxes|prefox)\b"]
    book = RuleBook(Rules("1", [Rule("a", "a", Action.REFUSE, message="No.", patterns=patterns)]))
    assert found(book, text, whole=False) == found(book, text, whole=True) != set()


@pytest.mark.parametrize("seed", range(25))
def test_what_is_hidden_far_inside_a_long_text_is_found(seed: int) -> None:
    chance = random.Random(seed)
    parts = [FILLING * chance.randint(0, 9)]
    for text in chance.sample(PROMPTS, 4):
        parts += [text, FILLING * chance.randint(1, 9)]
    text = " , ".join(parts)[:MAX_CHARACTERS]
    assert _rules(found(BOOK, text, whole=False)) == _rules(found(BOOK, text, whole=True))


def _rules(hits: set[tuple[str, int, int, bool]]) -> set[tuple[str, bool]]:
    return {(rule, excused) for rule, _, _, excused in hits}


SOME = (
    "a i n u d e 1 4 14 years old y.o. year age teen no clothes cl0thes without the wi thout nu de "
    "nnuuddee n*de * - -- , see through-dress bare br easts x R&B sex linked education nude heels "
    "heel naked eyes flame breast clinic cancer 👍 \u200b"
)
WORDS = st.sampled_from(SOME.split(" "))


@given(st.lists(WORDS, max_size=40).map(" ".join))
def test_of_whatever_is_put_together_the_same_is_found(text: str) -> None:
    assert found(BOOK, text, whole=False) == found(BOOK, text, whole=True)


@given(st.text(max_size=60))
def test_of_whatever_can_be_typed_the_same_is_found(text: str) -> None:
    assert found(BOOK, text, whole=False) == found(BOOK, text, whole=True)


def test_the_longest_innocent_prompt_takes_no_time_to_speak_of() -> None:
    text = (FILLING * 99)[:6000]
    judge(BOOK, {"prompt": text}, Setting(Level.STANDARD))
    began = time.process_time()
    for _ in range(20):
        judge(BOOK, {"prompt": text}, Setting(Level.STANDARD))
    assert (time.process_time() - began) / 20 < 0.008  # some 2 ms; a busy machine takes its share


def test_what_members_write_does_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("distillery.core.rules.kept.MOST_KEPT", 50)
    book = RuleBook(load_rules())
    for number in range(30):
        judge(book, {"prompt": " ".join(f"w{number}x{n}" for n in range(9))}, Setting())
    assert len(book._sieve._kept) <= 50
