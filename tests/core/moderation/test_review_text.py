"""A second opinion is asked once the job waits; what it finds ends the job, which costs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from distillery.core.errors import NoOpinion
from distillery.core.job import JobState
from distillery.core.moderation.ports import Finding
from distillery.core.moderation.records import fingerprint
from distillery.core.moderation.review_text import UNCHECKED, UNWANTED, ReviewText
from local.memory_moderation import MemoryModeration
from tests.core.world import World


@dataclass
class Somebody:
    """Says what it was told to say, and keeps what it was asked."""

    findings: Sequence[Finding] = ()
    silent: bool = False
    asked: list[str] = field(default_factory=list)

    def of_text(self, text: str) -> Sequence[Finding]:
        self.asked.append(text)
        if self.silent:
            raise NoOpinion("down")
        return self.findings


def reviewed(
    world: World, somebody: Somebody, *, fails_open: bool = False, keep_text: bool = False
) -> MemoryModeration:
    """Let somebody review what the dispatcher admits from now on."""
    moderation = MemoryModeration()
    review = ReviewText(
        *(somebody, moderation, world.telemetry, world.clock),
        score=0.7,
        fails_open=fails_open,
        keep_text=keep_text,
    )
    world.dispatch = replace(world.dispatch, admit=replace(world.admit, review=review))
    return moderation


def test_what_nobody_minds_goes_on(world: World) -> None:
    somebody = Somebody([Finding("INSULT", 0.69)])
    moderation = reviewed(world, somebody)
    assert world.dispatched().state is JobState.DISPATCHED
    assert somebody.asked == ["a red fox"]
    assert moderation.kept == {}


def test_what_somebody_minds_ends_with_words_and_is_given_back(world: World) -> None:
    moderation = reviewed(world, Somebody([Finding("INSULT", 0.1), Finding("SEXUAL", 0.9)]))
    world.dispatched()
    assert world.job().state is JobState.FAILED
    assert world.words() == UNWANTED
    assert (world.account().reserved, world.account().spent) == (0, 0)
    [decision] = moderation.kept.values()
    assert (decision.decision_id, decision.rule_id) == ("1001.words", "second-opinion:SEXUAL")
    assert decision.text is None
    assert world.runpod.submitted == world.sagemaker.submitted == []


@pytest.mark.parametrize("fails_open", [False, True])
def test_without_an_opinion_the_operator_s_choice_holds(world: World, fails_open: bool) -> None:
    reviewed(world, Somebody(silent=True), fails_open=fails_open)
    world.dispatched()
    assert world.telemetry.counts["OpinionsMissed"] == 1
    if fails_open:
        assert world.job().state is JobState.DISPATCHED
    else:
        assert world.words() == UNCHECKED
        assert world.telemetry.counts["AnswersMissed"] == 1  # it is not the member's mistake
        assert (world.account().reserved, world.account().spent) == (0, 0)


@pytest.mark.parametrize("keeps", [False, True])
def test_the_text_is_kept_only_where_the_operator_wants_it(world: World, keeps: bool) -> None:
    moderation = reviewed(world, Somebody([Finding("SEXUAL", 0.9)]), keep_text=keeps)
    world.dispatched()
    [decision] = moderation.kept.values()
    assert decision.text == ("a red fox" if keeps else None)
    assert decision.text_hash == fingerprint(moderation.hash_key(), "a red fox")
