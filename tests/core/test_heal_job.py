from __future__ import annotations

import dataclasses

import pytest

from distillery.core.deliver_result import (
    ANSWER_WITHIN_S,
    DELIVERY_LEASE_S,
    MAX_ATTEMPTS,
    TOO_LATE,
)
from distillery.core.errors import ProviderUnreachable
from distillery.core.heal_job import LOST, WAIT_AT_PROVIDER_S
from distillery.core.job import LOOK_AGAIN_S, JobState
from distillery.core.ports import ProviderCondition, ProviderJob
from tests.core.conftest import World


def look(world: World, after_s: float = LOOK_AGAIN_S) -> None:
    """Let time pass, then do what the watchdog does: heal every job that is overdue."""
    world.clock.pass_time(after_s)
    for job_id in world.store.overdue(world.clock(), 100):
        world.heal(job_id)


def shown(world: World) -> object:
    seen = world.replies.showing("1001")
    assert seen is not None
    return seen.content


def test_a_job_that_moves_in_time_is_left_alone(world: World) -> None:
    world.dispatched()
    world.queue.sent.clear()
    look(world, LOOK_AGAIN_S - 1)
    world.heal("1001")
    assert world.queue.sent == []


def test_a_lost_wake_up_is_sent_again(world: World) -> None:
    world.accepted()
    world.queue.sent.clear()
    look(world)
    assert world.queue.sent == [("1001", 0)]

    look(world, 1)
    assert len(world.queue.sent) == 1  # not at every look


def test_a_lost_event_of_a_result_is_made_good(world: World) -> None:
    world.dispatched()
    world.worker_writes_picture()
    look(world)
    assert world.job().state is JobState.SUCCEEDED
    assert len(world.replies.edits) == 1


def test_a_dispatch_that_died_before_it_submitted_is_taken_back(world: World) -> None:
    job = world.accepted()
    world.store.move(job, job.dispatched("runpod", world.clock()), slot_limit=2)
    look(world)
    assert world.job().state is JobState.QUEUED
    assert world.store.in_flight("runpod") == 0
    assert world.queue.sent[-1] == ("1001", 0)


@pytest.mark.parametrize(
    ("state", "after_s", "lost"),
    [
        (ProviderJob.ENDED, LOOK_AGAIN_S, True),
        (ProviderJob.GONE, LOOK_AGAIN_S, True),
        (ProviderJob.WAITING, LOOK_AGAIN_S, False),
        (ProviderJob.WAITING, WAIT_AT_PROVIDER_S + 1, True),
        (ProviderJob.RUNNING, WAIT_AT_PROVIDER_S + 1, False),
        (ProviderJob.RUNNING, 661, True),
        (ProviderJob.UNKNOWN, WAIT_AT_PROVIDER_S + 1, False),
        (ProviderJob.UNKNOWN, 661, True),
    ],
)
def test_what_has_become_of_a_job_decides_whether_its_attempt_is_lost(
    world: World, state: ProviderJob, after_s: float, lost: bool
) -> None:
    world.dispatched()
    world.runpod.jobs["runpod-1"] = state
    look(world, after_s)
    assert world.job().state is (JobState.QUEUED if lost else JobState.DISPATCHED)


@pytest.mark.parametrize("condition", [ProviderCondition.STARVED, ProviderCondition.DOWN])
def test_a_provider_that_cannot_begin_is_not_waited_for(
    world: World, condition: ProviderCondition
) -> None:
    world.dispatched()
    world.runpod.jobs["runpod-1"] = ProviderJob.WAITING
    world.runpod.state = condition
    look(world)
    world.dispatch("1001")
    assert world.job().provider == "sagemaker"


def test_an_only_provider_is_waited_for(world: World) -> None:
    world.heal = dataclasses.replace(world.heal, providers={"runpod": world.runpod})
    world.dispatched()
    world.runpod.jobs["runpod-1"] = ProviderJob.WAITING
    look(world, WAIT_AT_PROVIDER_S + 1)
    assert world.job().state is JobState.DISPATCHED


def test_a_lost_attempt_is_cancelled_and_goes_to_the_other_provider(world: World) -> None:
    world.dispatched()
    world.runpod.jobs["runpod-1"] = ProviderJob.WAITING
    look(world, WAIT_AT_PROVIDER_S + 1)
    world.dispatch("1001")

    assert world.runpod.cancelled == ["runpod-1"]
    assert (world.job().provider, world.job().attempt) == ("sagemaker", 2)

    world.worker_writes_picture(attempt=1)
    world.deliver("1001", 1)
    assert world.replies.edits == []  # the late result of the abandoned attempt


def test_a_provider_that_cannot_be_told_to_stop_does_not_stop_us(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silence(_: str) -> None:
        raise ProviderUnreachable("silence")

    monkeypatch.setattr(world.runpod, "cancel", silence)
    world.dispatched()
    world.runpod.jobs["runpod-1"] = ProviderJob.GONE
    look(world)
    assert world.job().state is JobState.QUEUED


def test_a_job_that_is_lost_again_and_again_ends_with_words(world: World) -> None:
    world.dispatched()
    for attempt in range(1, MAX_ATTEMPTS + 1):
        provider = {"runpod": world.runpod, "sagemaker": world.sagemaker}[str(world.job().provider)]
        provider.jobs[str(world.job().provider_job_id)] = ProviderJob.GONE
        assert world.job().attempt == attempt
        look(world)
        world.dispatch("1001")

    assert world.job().state is JobState.FAILED
    assert shown(world) == LOST


def test_nobody_waits_past_the_end_of_the_token(world: World) -> None:
    world.dispatched()
    for _ in range(int(ANSWER_WITHIN_S / 600)):
        look(world, 600)
    look(world, ANSWER_WITHIN_S - 600 + 1)
    assert world.job().state is JobState.FAILED
    assert shown(world) == TOO_LATE


def test_a_waiting_job_is_answered_in_time_too(world: World) -> None:
    world.accepted()
    look(world, ANSWER_WITHIN_S + 1)
    assert shown(world) == TOO_LATE


def test_a_delivery_whose_room_died_is_made_good(world: World) -> None:
    world.dispatched()
    world.worker_writes_picture()
    world.replies.error = SystemExit()
    with pytest.raises(SystemExit):
        world.deliver("1001", 1)
    world.replies.error = None

    look(world, DELIVERY_LEASE_S)
    assert world.job().state is JobState.SUCCEEDED
    assert len(world.replies.edits) == 1


def test_an_unknown_or_final_job_is_harmless(world: World) -> None:
    world.heal("9999")
    world.dispatched()
    world.worker_writes_picture()
    world.deliver("1001", 1)
    world.clock.pass_time(10_000)
    world.heal("1001")
    assert len(world.replies.edits) == 1
