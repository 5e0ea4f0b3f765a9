"""Who in the line gets the slot that a message gives."""

from __future__ import annotations

import dataclasses

import pytest

from distillery.core.circuit import Circuit
from distillery.core.deadlines import ANSWER_WITHIN_S
from distillery.core.dispatch_job import LOOK_AHEAD
from distillery.core.job import JobState
from distillery.core.tier import Tier
from tests.core.world import World


def test_when_all_slots_are_taken_a_job_waits_and_no_message_is_kept_for_it(world: World) -> None:
    world.all_slots_taken()
    world.accepted()
    world.queue.sent.clear()
    for _ in range(3):
        world.dispatch("1001")

    assert (world.job().state, world.job().attempt) == (JobState.QUEUED, 0)
    assert world.queue.sent == []
    assert len(world.submitted()) == 4


def test_a_message_gives_a_slot_to_whoever_is_next_and_not_to_whom_it_names(world: World) -> None:
    world.all_slots_taken()
    world.dispatched("first", user="1")
    world.finish("busy-0")
    world.queue.sent.clear()
    world.dispatched("second", user="2")

    assert world.job("first").state is JobState.DISPATCHED
    assert world.job("second").state is JobState.QUEUED


def test_one_message_gives_one_slot_and_calls_the_next_while_more_are_free(world: World) -> None:
    for job_id in ("1", "2", "3"):
        world.admit(world.accepted(job_id))
    world.queue.sent.clear()
    world.dispatch("1")
    assert [world.job(str(n)).state.value for n in (1, 2, 3)] == ["DISPATCHED", "QUEUED", "QUEUED"]
    assert world.queue.sent == [("2", 0)]

    world.run_queue()
    assert {world.job(str(n)).state for n in (1, 2, 3)} == {JobState.DISPATCHED}


def test_nobody_is_called_for_a_slot_that_is_not_free() -> None:
    world = World(slots=1, provider_names=("runpod",))
    for job_id in ("1", "2"):
        world.admit(world.accepted(job_id))
    world.queue.sent.clear()
    world.dispatch("1")
    assert world.queue.sent == []


def test_a_job_bound_to_a_provider_that_gets_nothing_holds_up_nobody_behind_it(
    world: World,
) -> None:
    world.set_record("sagemaker", circuit=Circuit(trips=1, open_until=world.clock() + 60))
    bound = World(clock=world.clock).accepted("bound")
    world.store.create(dataclasses.replace(bound, only_on="sagemaker"))
    world.dispatch("bound")
    assert world.job("bound").state is JobState.QUEUED
    assert world.dispatched(user="other").state is JobState.DISPATCHED


def test_a_newcomer_that_the_line_does_not_show_yet_is_served(world: World) -> None:
    world.store.line = lambda limit: []  # type: ignore[method-assign]
    assert world.dispatched().state is JobState.DISPATCHED


def test_a_line_that_shows_only_who_has_left_it_holds_no_newcomer_up() -> None:
    """The index of the line is a moment behind, and many may leave it in that moment."""
    world = World(slots=LOOK_AHEAD + 1, tiers=(Tier(jobs_at_once=99),))
    gone = [world.dispatched(f"gone-{n}").job_id for n in range(LOOK_AHEAD)]
    world.store.line = lambda limit: gone[:limit]  # type: ignore[method-assign]
    assert world.dispatched().state is JobState.DISPATCHED


def test_a_job_dispatched_twice_runs_once(world: World) -> None:
    world.dispatched()
    world.dispatch("1001")
    assert world.submitted() == ["1001"]


def test_two_rooms_that_read_the_line_together_do_not_both_take_its_head(world: World) -> None:
    for job_id in ("1", "2"):
        world.admit(world.accepted(job_id))
    as_read = world.job("1")
    world.dispatch("1")
    load = world.store.load
    stale = {"1": as_read}
    world.store.load = lambda job_id: stale.pop(job_id, None) or load(job_id)  # type: ignore[method-assign]
    world.dispatch("2")

    assert sorted(world.submitted()) == ["1", "2"]


def test_a_late_job_in_the_line_is_answered_and_the_slot_goes_to_the_next(world: World) -> None:
    world.all_slots_taken()
    world.dispatched("late", user="1")
    world.clock.pass_time(ANSWER_WITHIN_S)
    world.dispatched("next", user="2")
    world.finish("busy-0")
    world.queue.sent.clear()
    world.dispatch("next")

    assert "in time" in world.words("late")
    assert world.job("next").state is JobState.DISPATCHED


def test_a_job_in_the_line_whose_workflow_is_uninstalled_is_answered(world: World) -> None:
    world.admit(world.accepted())
    world.dispatch.recipes.clear()  # type: ignore[attr-defined]
    world.dispatch("1001")
    assert "no longer installed" in world.words()


@pytest.mark.parametrize("is_free", [True, False])
def test_a_job_that_waited_as_long_as_anybody_may_is_answered(world: World, is_free: bool) -> None:
    if not is_free:
        world.all_slots_taken()
    world.accepted()
    world.clock.pass_time(ANSWER_WITHIN_S)
    world.dispatch("1001")
    assert "in time" in world.words()
    assert "1001" not in world.submitted()
