from __future__ import annotations

import pytest

from distillery.core.circuit import Circuit, CircuitState
from distillery.core.deliver_result import MAX_LOSSES, UNREADABLE
from distillery.core.failure_words import failure_words
from distillery.core.job import Job, JobState
from distillery.core.records import Account
from distillery.core.tier import Tier
from distillery.core.worker_documents import RETRYABLE
from tests.core.world import World


def with_credits() -> World:
    return World(tiers=(Tier(credits=5),))


def test_the_member_sees_the_pictures_and_pays_for_them_once() -> None:
    world = with_credits()
    world.dispatched()
    world.finish()

    shown = world.replies.showing("1001")
    assert shown is not None
    assert shown.kind == "pictures"
    assert shown.content[0].data == b"xxxx"
    assert world.job().state is JobState.SUCCEEDED
    assert "delivered" in world.job().times
    assert world.record("runpod").holders == frozenset()
    assert world.account() == Account(finish_tag=1.0, balance=4, spent=1)
    assert world.telemetry.counts["JobsSucceeded"] == 1


def test_a_result_delivered_five_times_is_shown_and_charged_once() -> None:
    world = with_credits()
    world.dispatched()
    for _ in range(5):
        world.finish()
    assert world.shown() == ["pictures"]
    assert world.account().spent == 1


def test_pictures_of_a_provider_are_remembered_and_failures_are_not(world: World) -> None:
    world.dispatched("failed")
    world.worker_writes_error("execution_failed", "failed")
    world.deliver("failed", 1)
    assert world.record("runpod").served_at == 0

    world.dispatched()
    world.finish()
    assert world.record("runpod").served_at == world.clock()


def test_a_late_attempt_changes_nothing(world: World) -> None:
    world.dispatched()
    world.worker_writes_error("engine_unavailable")
    world.deliver("1001", 1)
    world.dispatch("1001")

    world.worker_writes_picture(attempt=1)
    world.deliver("1001", 1)
    assert world.replies.edits == []
    assert (world.job().state, world.job().attempt) == (JobState.DISPATCHED, 2)

    world.worker_writes_picture(attempt=2)
    world.deliver("1001", 2)
    assert world.shown() == ["pictures"]


def test_a_result_of_a_job_that_waits_again_or_does_not_exist_is_not_shown(world: World) -> None:
    world.dispatched()
    world.worker_writes_error("engine_unavailable")
    world.deliver("1001", 1)
    world.worker_writes_picture()
    for job_id in ("1001", "9999"):
        world.deliver(job_id, 1)
    assert world.job().state is JobState.QUEUED
    assert world.replies.edits == []


def test_a_freed_slot_wakes_the_next_in_line_and_the_members_job_that_was_held_longest() -> None:
    world = World(tiers=(Tier(role_id="busy", jobs_at_once=4), Tier()))
    for number in range(4):
        world.dispatched(f"busy-{number}", user="busy")
    for job_id in ("held-1", "held-2"):
        assert world.dispatched(job_id, user="busy").is_held
        world.clock.pass_time(1)
    world.dispatched("next")
    world.queue.sent.clear()

    world.finish("busy-0")
    assert world.queue.sent == [("next", 0), ("held-1", 0)]


def test_an_answer_does_not_wait_for_a_queue_that_is_down(world: World) -> None:
    world.all_slots_taken()
    world.dispatched()
    world.queue.broken = True
    world.finish("busy-0")
    assert world.job("busy-0").state is JobState.SUCCEEDED


@pytest.mark.parametrize("kind", ["bad_input", "invalid_graph", "execution_failed", "timed_out"])
def test_what_the_job_itself_caused_is_told_at_once_and_costs_nothing(kind: str) -> None:
    world = with_credits()
    world.dispatched()
    world.worker_writes_error(kind)
    world.deliver("1001", 1)

    text, values = failure_words(kind, "node 3 said no")
    assert world.words() == text.format_map(values)
    assert world.job().state is JobState.FAILED
    assert world.account().balance == 5
    assert world.record("runpod").holders == frozenset()


@pytest.mark.parametrize("kind", sorted(RETRYABLE))
def test_what_the_machine_caused_is_tried_elsewhere(world: World, kind: str) -> None:
    place = world.dispatched().start_tag
    world.queue.sent.clear()
    world.worker_writes_error(kind)
    world.deliver("1001", 1)
    assert (world.job().state, world.job().start_tag) == (JobState.QUEUED, place)
    assert world.record("runpod").holders == frozenset()
    assert world.queue.sent == [("1001", 0)]
    assert world.replies.edits == []

    world.run_queue()
    assert (world.job().provider, world.job().attempt) == ("sagemaker", 2)


def test_after_the_last_loss_the_member_is_told_and_pays_nothing() -> None:
    world = with_credits()
    world.dispatched()
    for attempt in range(1, MAX_LOSSES + 1):
        assert world.replies.edits == []
        world.worker_writes_error("engine_unavailable", attempt=attempt)
        world.deliver("1001", attempt)
        world.run_queue()

    assert (world.job().state, world.job().attempt) == (JobState.FAILED, MAX_LOSSES)
    assert world.shown() == ["failure"]
    assert world.account().balance == 5


def test_what_a_provider_lost_and_what_a_machine_spoiled_count_together(world: World) -> None:
    world.dispatched()
    for attempt in range(1, MAX_LOSSES):
        job = world.job()
        world.store.move(job, job.returned(world.clock(), lost=True))
        world.dispatch("1001")
        assert world.job().attempt == attempt + 1
    world.worker_writes_error("engine_unavailable", attempt=MAX_LOSSES)
    world.deliver("1001", MAX_LOSSES)
    assert world.job().state is JobState.FAILED


def test_a_result_that_cannot_be_read_is_a_failure_with_words(world: World) -> None:
    world.dispatched()
    world.objects.put("jobs/1001/1/result.json", b"not json", "application/json")
    world.deliver("1001", 1)
    assert world.words() == UNREADABLE


# The circuit of the provider.


def probing(world: World) -> Job:
    """Job 1001 tries out Runpod."""
    world.set_record("runpod", circuit=Circuit(trips=2, open_until=world.clock()))
    world.set_record("sagemaker", circuit=Circuit(trips=1, open_until=world.clock() + 9999))
    job = world.dispatched()
    assert job.is_probe
    return job


def test_pictures_of_a_probe_close_the_circuit(world: World) -> None:
    probing(world)
    world.finish()
    assert world.record("runpod").circuit == Circuit()


def test_the_first_progress_of_a_probe_closes_the_circuit(world: World) -> None:
    probing(world)
    world.worker_writes_progress(1)
    world.show_progress("1001", 1)
    assert world.record("runpod").circuit == Circuit()


def test_work_that_was_given_before_the_circuit_opened_does_not_close_it(world: World) -> None:
    """It tells nothing about now; the probe that is out does."""
    for job_id in ("1001", "1002"):
        world.dispatched(job_id)
    circuit = Circuit(trips=1, open_until=world.clock() + 60, probe="1001#1")
    world.set_record("runpod", circuit=circuit)
    world.worker_writes_progress(1)
    world.show_progress("1001", 1)
    assert world.record("runpod").circuit == circuit
    for job_id in ("1001", "1002"):
        world.finish(job_id)
    assert world.record("runpod").circuit == circuit


def test_a_probe_that_could_not_make_pictures_closes_no_circuit(world: World) -> None:
    probing(world)
    world.worker_writes_error("engine_unavailable")
    world.deliver("1001", 1)
    assert world.record("runpod").circuit.state(world.clock()) is CircuitState.OPEN


def test_nobody_is_told_how_a_canary_ended(world: World) -> None:
    world.canaries()
    world.run_queue()
    [canary] = [job_id for job_id in world.table.jobs if "runpod" in job_id]
    world.worker_writes_progress(1, job_id=canary)
    world.show_progress(canary, 1)
    world.finish(canary)

    assert world.job(canary).state is JobState.SUCCEEDED
    assert world.replies.edits == []
    assert world.telemetry.counts["CanariesSucceeded"] == 1
    assert "JobsSucceeded" not in world.telemetry.counts
