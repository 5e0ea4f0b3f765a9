from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from distillery.core.deadlines import (
    ANSWER_WITHIN_S,
    LOOK_AGAIN_S,
    LOOK_SOONEST_S,
    NOT_ADMITTED_S,
    SUBMIT_GRACE_S,
)
from distillery.core.job import CANCELLED, LEGAL_MOVES, Job, JobState, Origin, Outcome, Request
from distillery.core.tier import Tier

JOB = Job(
    job_id="1",
    origin=Origin(application_id="1", token="t", user_id="2", channel_id="3"),
    request=Request(workflow="plain", values={}),
    created_at=0.0,
)
IN_LINE = JOB.admitted(5.0, 1.0)


def test_every_dispatch_is_a_new_attempt() -> None:
    first = IN_LINE.dispatched("runpod", 1.0)
    second = first.returned(2.0, lost=True).dispatched("sagemaker", 3.0)

    assert (first.attempt, second.attempt) == (1, 2)
    assert second.provider == "sagemaker"
    assert second.failed_on == "runpod"


def test_a_new_attempt_knows_nothing_of_the_last_one() -> None:
    first = IN_LINE.dispatched("runpod", 1.0, is_probe=True).submitted("r-1", 2.0).showed(7, 3.0)
    waiting = first.returned(4.0, lost=True)
    second = waiting.dispatched("sagemaker", 5.0)

    assert (waiting.provider, waiting.provider_job_id, waiting.is_probe) == (None, None, False)
    assert (second.provider_job_id, second.progress_shown, second.is_probe) == (None, 0, False)
    assert second.start_tag == IN_LINE.start_tag  # it keeps its place in the line


def test_only_what_a_provider_took_and_lost_counts_as_a_loss() -> None:
    at_provider = IN_LINE.dispatched("runpod", 1.0)
    assert at_provider.returned(2.0, lost=False).losses == 0
    assert at_provider.hedged(2.0).losses == 0
    lost = at_provider.returned(2.0, lost=True)
    assert lost.losses == 1
    assert lost.dispatched("runpod", 3.0).returned(4.0, lost=True).losses == 2


def test_a_job_that_was_hedged_stays_so() -> None:
    hedged = IN_LINE.dispatched("runpod", 1.0).hedged(2.0)
    assert hedged.was_hedged
    assert hedged.dispatched("sagemaker", 3.0).was_hedged
    assert not IN_LINE.dispatched("runpod", 1.0).returned(2.0, lost=True).was_hedged


def test_a_job_holds_a_slot_only_while_it_is_dispatched() -> None:
    dispatched = IN_LINE.dispatched("runpod", 1.0)
    concluded = dispatched.concluded(Outcome(error="no"), 2.0, 10.0)

    assert not IN_LINE.holds_slot
    assert dispatched.holds_slot
    assert not dispatched.returned(2.0, lost=True).holds_slot
    assert not concluded.holds_slot


def test_no_two_attempts_hold_a_slot_under_one_name() -> None:
    first = IN_LINE.dispatched("runpod", 1.0)
    second = first.returned(2.0, lost=True).dispatched("runpod", 3.0)
    assert first.slot_holder != second.slot_holder


def test_a_job_counts_towards_its_members_limit_from_the_line_to_its_end() -> None:
    dispatched = IN_LINE.dispatched("runpod", 1.0)

    assert not JOB.is_in_flight
    assert not JOB.held(1.0).is_in_flight
    assert IN_LINE.is_in_flight
    assert dispatched.is_in_flight
    assert dispatched.returned(2.0, lost=True).is_in_flight
    assert not dispatched.concluded(Outcome(), 2.0, 10.0).is_in_flight


def test_a_job_is_held_back_until_it_is_in_the_line_or_has_ended() -> None:
    held = JOB.held(1.0)

    assert not JOB.is_held
    assert held.is_held
    assert not held.admitted(5.0, 2.0).is_held
    assert not held.concluded(Outcome(error="no"), 2.0, 10.0).is_held


def test_a_members_next_job_stands_a_unit_behind_shared_by_their_weight() -> None:
    heavy = dataclasses.replace(IN_LINE, tier=Tier(weight=4.0))
    assert (IN_LINE.finish_tag, heavy.finish_tag) == (6.0, 5.25)
    assert JOB.finish_tag is None


def test_the_outcome_decides_how_a_job_ends() -> None:
    ends = [
        (Outcome(error="no"), JobState.FAILED),
        (Outcome(), JobState.SUCCEEDED),
        (Outcome(error="gone", error_kind=CANCELLED), JobState.CANCELLED),
    ]
    for outcome, end in ends:
        assert JOB.concluded(outcome, 1.0, 10.0).delivered(2.0).state is end


def test_an_answer_that_nobody_saw_is_told_from_one_that_was_seen() -> None:
    concluded = JOB.concluded(Outcome(), 1.0, 10.0)
    assert dict(concluded.delivered(2.0).times) == {"concluded": 1.0, "delivered": 2.0}
    assert dict(concluded.delivered(2.0, seen=False).times) == {"concluded": 1.0, "kept": 2.0}


def test_a_job_without_an_outcome_cannot_have_been_delivered() -> None:
    with pytest.raises(ValueError, match="no outcome"):
        JOB.delivered(1.0)


def test_a_final_job_moves_nowhere() -> None:
    done = JOB.concluded(Outcome(), 1.0, 10.0).delivered(2.0)

    assert done.is_final
    moves: list[Callable[[], Job]] = [
        lambda: done.held(3.0),
        lambda: done.admitted(1.0, 3.0),
        lambda: done.dispatched("runpod", 3.0),
        lambda: done.returned(3.0, lost=True),
        lambda: done.looked_after(3.0),
        lambda: done.concluded(Outcome(), 3.0, 1.0),
        lambda: done.reclaimed(3.0, 1.0),
        lambda: done.delivered(3.0),
    ]
    for move in moves:
        with pytest.raises(ValueError, match="may not go from"):
            move()


def test_a_delivering_job_cannot_be_dispatched_again() -> None:
    delivering = JOB.concluded(Outcome(), 1.0, 10.0)
    with pytest.raises(ValueError, match="may not go from DELIVERING to DISPATCHED"):
        delivering.dispatched("runpod", 2.0)


def test_every_state_says_what_may_follow_it() -> None:
    assert set(LEGAL_MOVES) == set(JobState)


def test_the_time_of_each_stage_is_kept() -> None:
    job = IN_LINE.dispatched("runpod", 2.0).submitted("r-1", 3.0).showed(1, 4.0).showed(2, 5.0)
    assert dict(job.times) == {
        "admitted": 1.0,
        "dispatched": 2.0,
        "submitted": 3.0,
        "started": 4.0,
    }


def test_every_stage_says_when_the_watchdog_looks() -> None:
    dispatched = IN_LINE.dispatched("runpod", 2.0)
    concluded = dispatched.concluded(Outcome(), 3.0, 40.0)
    for job, due_at in (
        (JOB.held(1.0), ANSWER_WITHIN_S),  # whoever waits is called, not looked for
        (IN_LINE, ANSWER_WITHIN_S),
        (dispatched.returned(3.0, lost=True), ANSWER_WITHIN_S),
        (dispatched, 2.0 + SUBMIT_GRACE_S),
        (dispatched.submitted("r-1", 3.0), 3.0 + LOOK_AGAIN_S),
        (dispatched.showed(1, 4.0), 4.0 + LOOK_AGAIN_S),  # never later than that
        (dispatched.submitted("r-1", 3.0).showed(1, 4.0), 3.0 + LOOK_AGAIN_S),
        (dispatched.looked_after(5.0), 5.0 + LOOK_AGAIN_S),
        (JOB.looked_after(5.0), 5.0 + NOT_ADMITTED_S),
        (concluded, 43.0),
        (concluded.reclaimed(50.0, 40.0), 90.0),
        (concluded.released(4.0), 4.0 + LOOK_AGAIN_S),
    ):
        assert job.due_at == due_at


def test_progress_every_second_moves_the_watchdog_s_look_only_when_it_is_near() -> None:
    job, moves = IN_LINE.dispatched("runpod", 0.0).submitted("r-1", 0.0), 0
    for second in range(1, 61):
        shown = job.showed(second, float(second))
        assert LOOK_SOONEST_S <= shown.due_at - second <= LOOK_AGAIN_S
        moves += shown.due_at != job.due_at
        job = shown
    assert moves == 7


def test_whoever_releases_a_delivery_lets_anybody_take_it_over_at_once() -> None:
    assert JOB.concluded(Outcome(), 1.0, 40.0).released(2.0).lease_until == 2.0
