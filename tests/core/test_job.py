from __future__ import annotations

import pytest

from distillery.core.job import LEGAL_MOVES, Job, JobState, Origin, Outcome, Request

JOB = Job(
    job_id="1",
    origin=Origin(application_id="1", token="t", user_id="2", channel_id="3"),
    request=Request(workflow="plain", values={}),
    created_at=0.0,
)


def test_every_dispatch_is_a_new_attempt() -> None:
    first = JOB.dispatched("runpod", 1.0)
    second = first.returned(2.0).dispatched("sagemaker", 3.0)

    assert (first.attempt, second.attempt) == (1, 2)
    assert second.provider == "sagemaker"
    assert second.failed_on == "runpod"


def test_a_job_holds_a_slot_only_while_it_is_dispatched() -> None:
    dispatched = JOB.dispatched("runpod", 1.0)
    concluded = dispatched.concluded(Outcome(error="no"), 2.0, 10.0)

    assert not JOB.holds_slot
    assert dispatched.holds_slot
    assert not dispatched.returned(2.0).holds_slot
    assert not concluded.holds_slot


def test_the_outcome_decides_how_a_job_ends() -> None:
    concluded = JOB.concluded(Outcome(error="no"), 1.0, 10.0)
    assert concluded.delivered(2.0).state is JobState.FAILED
    concluded = JOB.concluded(Outcome(), 1.0, 10.0)
    assert concluded.delivered(2.0).state is JobState.SUCCEEDED


def test_a_final_job_moves_nowhere() -> None:
    done = JOB.concluded(Outcome(), 1.0, 10.0).delivered(2.0)

    assert done.is_final
    for move in (
        lambda: done.dispatched("runpod", 3.0),
        lambda: done.put_off(3.0, 5.0),
        lambda: done.concluded(Outcome(), 3.0, 1.0),
        lambda: done.delivered(3.0),
    ):
        with pytest.raises(ValueError, match="may not go from"):
            move()


def test_a_delivering_job_cannot_be_dispatched_again() -> None:
    delivering = JOB.concluded(Outcome(), 1.0, 10.0)
    with pytest.raises(ValueError, match="may not go from DELIVERING to DISPATCHED"):
        delivering.dispatched("runpod", 2.0)


def test_every_state_says_what_may_follow_it() -> None:
    assert set(LEGAL_MOVES) == set(JobState)


def test_the_time_of_each_stage_is_kept() -> None:
    job = JOB.dispatched("runpod", 1.0).submitted("r-1", 2.0).showed(1, 3.0).showed(2, 4.0)
    assert dict(job.times) == {"dispatched": 1.0, "submitted": 2.0, "started": 3.0}
