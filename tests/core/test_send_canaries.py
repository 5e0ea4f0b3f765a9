"""Every third day each provider makes a picture, and nobody but the operator hears of it."""

from __future__ import annotations

import pytest

from distillery.core.deadlines import NOT_ADMITTED_S
from distillery.core.errors import ProviderRefused
from distillery.core.job import Job, JobState
from distillery.core.ports import ProviderCondition
from distillery.core.send_canaries import MEMBER, PERIOD_S
from tests.core.world import World

RUNPODS_PATIENCE_S = 7 * 24 * 3600
"""An endpoint without requests for so long has no workers left."""


def started_period() -> World:
    """A world at the very start of a period."""
    world = World()
    world.clock.now = 1000.0 * PERIOD_S
    return world


def canaries(world: World) -> list[Job]:
    return sorted(world.table.jobs.values(), key=lambda job: job.job_id)


def test_each_provider_gets_one_bound_to_it() -> None:
    world = World()
    world.canaries()
    world.run_queue()

    assert [(job.only_on, job.provider) for job in canaries(world)] == [
        ("runpod", "runpod"),
        ("sagemaker", "sagemaker"),
    ]


def test_it_goes_to_its_provider_although_that_is_not_the_first_choice() -> None:
    world = World()
    world.canaries()
    world.run_queue()

    assert len(world.runpod.submitted) == len(world.sagemaker.submitted) == 1


def test_it_waits_for_its_provider_while_others_are_served() -> None:
    world = World(slots=1)
    world.dispatched("busy")  # takes runpod's only slot
    world.canaries()
    world.run_queue()

    waiting = [job for job in canaries(world) if job.only_on == "runpod"]
    assert [job.state for job in waiting] == [JobState.QUEUED]
    world.finish("busy")
    world.run_queue()
    assert world.job(waiting[0].job_id).provider == "runpod"


def test_a_canary_that_waits_for_its_provider_holds_up_nobody() -> None:
    world = World(slots=1)
    world.dispatched("busy")
    world.canaries()
    world.queue.sent = [message for message in world.queue.sent if "runpod" in message[0]]
    world.run_queue()

    assert world.dispatched("mine", user="43").provider == "sagemaker"


def test_a_second_call_in_the_same_period_makes_no_second_job() -> None:
    world = started_period()
    world.canaries()
    world.clock.pass_time(PERIOD_S - 1)
    world.canaries()

    assert len(canaries(world)) == 2


def test_the_next_period_has_its_own() -> None:
    world = started_period()
    world.canaries()
    world.clock.pass_time(PERIOD_S)
    world.canaries()

    assert len(canaries(world)) == 4


def test_one_that_was_written_but_never_called_is_called_by_the_repeat() -> None:
    world = World()
    world.queue.broken = True
    world.canaries()
    world.queue.broken = False
    world.canaries()
    world.run_queue()

    assert {job.state for job in canaries(world)} == {JobState.DISPATCHED}


def test_the_watchdog_calls_one_that_nobody_called() -> None:
    world = World()
    world.canaries()
    world.queue.sent.clear()
    world.look(after_s=NOT_ADMITTED_S)
    world.run_queue()

    assert {job.state for job in canaries(world)} == {JobState.DISPATCHED}


def test_it_costs_nobody_anything() -> None:
    world = World()
    world.canaries()
    world.run_queue()
    for job in canaries(world):
        world.finish(job.job_id)

    assert world.table.ledger == []
    assert world.account(MEMBER).in_flight == frozenset()


def test_nobody_is_told_of_its_progress_or_its_pictures() -> None:
    world = World()
    world.canaries()
    world.run_queue()
    for job in canaries(world):
        world.worker_writes_progress(1, job_id=job.job_id)
        world.show_progress(job.job_id, 1)
        world.finish(job.job_id)

    assert world.replies.edits == []
    assert {job.state for job in canaries(world)} == {JobState.SUCCEEDED}
    assert world.telemetry.counts["CanariesSucceeded"] == 2
    assert "JobsSucceeded" not in world.telemetry.counts


def test_one_that_fails_is_counted_so_that_the_alarm_rings() -> None:
    world = World()
    world.canaries()
    world.run_queue()
    for job in canaries(world):
        world.worker_writes_error("bad_input", job.job_id)
        world.deliver(job.job_id, 1)

    assert world.telemetry.counts["CanariesFailed"] == 2
    assert world.replies.edits == []


def test_one_that_no_provider_took_in_time_is_counted_as_failed() -> None:
    world = World(slots=0)
    world.canaries()
    world.run_queue()
    world.look(after_s=12 * 60)

    assert world.telemetry.counts["CanariesFailed"] == 2


def test_the_same_period_asks_for_the_same_picture() -> None:
    first, second = started_period(), started_period()
    for world in (first, second):
        world.canaries()
        world.clock.pass_time(1)

    assert [job.request for job in canaries(first)] == [job.request for job in canaries(second)]


def test_an_endpoint_sees_two_before_its_workers_are_taken_away_for_good() -> None:
    assert 2 * PERIOD_S < RUNPODS_PATIENCE_S


@pytest.mark.parametrize("trouble", ["no capacity", "refused", "engine"])
def test_in_trouble_it_stays_with_its_provider_and_tells_of_it_by_failing(trouble: str) -> None:
    world = World()
    if trouble == "no capacity":
        world.runpod.state = ProviderCondition.NO_CAPACITY
    if trouble == "refused":
        world.runpod.error = ProviderRefused("no")
    world.canaries()
    canary = canaries(world)[0]
    world.run_queue()
    while world.job(canary.job_id).is_open:
        now = world.job(canary.job_id)
        assert now.provider in (None, "runpod")
        if trouble == "engine" and now.holds_slot:
            world.worker_writes_error("engine_unavailable", now.job_id, now.attempt)
        world.look(after_s=15)
        world.heal_line()
        world.run_queue()

    assert world.job(canary.job_id).state is JobState.FAILED
    assert canary.job_id not in [envelope["job_id"] for envelope in world.sagemaker.submitted]


def test_a_queue_that_is_down_keeps_no_provider_from_its_own() -> None:
    world = World()
    world.queue.broken = True
    world.canaries()
    world.queue.broken = False
    world.look(after_s=NOT_ADMITTED_S)
    world.run_queue()

    assert [job.state for job in canaries(world)] == [JobState.DISPATCHED] * 2
