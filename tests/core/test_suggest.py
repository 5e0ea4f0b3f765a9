"""What is offered for what was typed, and prompts that stand for earlier ones."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distillery.core.errors import InvalidOption
from distillery.core.job import Job, Origin, Request
from distillery.core.past_prompts import standing_for, with_past_prompt
from distillery.core.suggest import MOST, matching
from local.memory_store import MemoryJobStore

JOB_ID = "1300000000000000001"
LONG = "a red fox in snow, " * 20
JOB = Job(JOB_ID, Origin("1", "t", "42", "7"), Request("w", {"prompt": LONG}), 1_790_000_000.0)


def found(typed: str, *names: str) -> list[str]:
    return [names[place] for place in matching(typed, names)]


def test_what_begins_so_comes_before_a_word_that_does_and_before_the_rest() -> None:
    names = ("Firefox", "A fox", "Fox one", "Owl", "fox two")
    assert found("fo", *names) == ["Fox one", "fox two", "A fox", "Firefox"]


def test_nothing_typed_offers_the_first_ones() -> None:
    assert matching("", [f"{n}" for n in range(40)]) == list(range(MOST))


def test_case_and_blanks_do_not_matter() -> None:
    assert found("  RED   fOx ", "a red fox", "Red fox", "GROSSE Eule") == ["Red fox", "a red fox"]
    assert found("große", "a red fox", "GROSSE Eule") == ["GROSSE Eule"]


@given(st.text(), st.lists(st.text(), max_size=60))
def test_any_text_finds_at_most_what_is_shown_and_all_of_it_fits(
    typed: str, names: list[str]
) -> None:
    places = matching(typed, names)
    assert len(places) == len(set(places)) <= MOST
    wanted = " ".join(typed.casefold().split())
    assert all(wanted in " ".join(names[place].casefold().split()) for place in places)


def store() -> MemoryJobStore:
    kept = MemoryJobStore()
    kept.create(JOB)
    return kept


@pytest.mark.parametrize("more", ["", " in a storm", ", at night", " --seed 7"])
def test_what_stands_for_a_prompt_is_that_prompt_with_the_words_after_it(more: str) -> None:
    given_ = {"prompt": standing_for(JOB) + more, "steps": 3}
    assert with_past_prompt(store(), "42", given_) == {"prompt": LONG + more, "steps": 3}


@pytest.mark.parametrize(
    "written", ["again: a fox", "again:and again", f"say again:{JOB_ID}", "", 3]
)
def test_other_words_stay_as_they_are(written: str | int) -> None:
    assert with_past_prompt(store(), "42", {"prompt": written}) == {"prompt": written}
    assert with_past_prompt(store(), "42", {"steps": 3}) == {"steps": 3}


@pytest.mark.parametrize("named", ["lead", "own"])
def test_a_prompt_of_several_pictures_is_read_by_any_of_them(named: str) -> None:
    parts = tuple(f"{JOB_ID}{end}" for end in ("", "-2", "-3", "-4"))
    kept = MemoryJobStore()
    kept.create(*(replace(JOB, job_id=part, parts=parts) for part in parts))
    latest = kept.load(parts[-1])
    assert latest is not None

    written = standing_for(latest) if named == "lead" else f"again:{latest.job_id}"
    assert with_past_prompt(kept, "42", {"prompt": written}) == {"prompt": LONG}


@pytest.mark.parametrize("end", ["12", f"{JOB_ID}-2", f"{JOB_ID}-x", "1" * 5000, f"{JOB_ID}:0"])
def test_what_stands_for_no_prompt_is_answered_and_never_painted(end: str) -> None:
    with pytest.raises(InvalidOption, match="Write it anew"):
        with_past_prompt(store(), "42", {"prompt": f"again:{end}"})


@pytest.mark.parametrize(
    ("user_id", "written"),
    [("43", standing_for(JOB)), ("42", standing_for(replace(JOB, job_id="1300000000000000009")))],
)
def test_nobody_reads_a_prompt_of_another_member_or_one_that_is_gone(
    user_id: str, written: str
) -> None:
    with pytest.raises(InvalidOption, match="not kept any more"):
        with_past_prompt(store(), user_id, {"prompt": written})
