from __future__ import annotations

import contextlib

import pytest

from distillery.core.deadlines import ANSWER_WITHIN_S, LOOK_AGAIN_S, NOT_ADMITTED_S
from distillery.core.deliver_result import DELIVERY_LEASE_S, MAX_LOSSES, TOO_LATE
from distillery.core.errors import DiscordUnavailable, ProviderUnreachable
from distillery.core.heal_job import LOST
from distillery.core.job import JobState
from distillery.core.ports import ProviderJob
from distillery.core.tier import Tier
from tests.core.world import JOB_TIMEOUT_S, World


def test_a_job_that_moves_in_time_is_left_alone(world: World) -> None:
    job = world.dispatched()
    world.queue.sent.clear()
    world.look(LOOK_AGAIN_S - 1)
    world.heal("1001")
    assert world.job() == job
    assert world.queue.sent == []


def test_an_attempt_that_is_fine_is_looked_at_again_later(world: World) -> None:
    world.dispatched()
    world.look(LOOK_AGAIN_S)
    assert world.store.overdue(world.clock() + LOOK_AGAIN_S - 1, 10) == []
    assert world.store.overdue(world.clock() + LOOK_AGAIN_S, 10) == ["1001"]


def test_a_lost_wake_up_of_a_new_job_is_sent_again(world: World) -> None:
    world.accepted()
    world.queue.sent.clear()
    world.look(NOT_ADMITTED_S)
    assert world.queue.sent == [("1001", 0)]

    world.look(1)
    assert len(world.queue.sent) == 1  # not at every look
    world.look(NOT_ADMITTED_S)
    assert len(world.queue.sent) == 2


def test_nobody_looks_for_a_job_that_waits_its_turn(world: World) -> None:
    world.all_slots_taken()
    world.dispatched()
    assert "1001" not in world.store.overdue(world.clock() + ANSWER_WITHIN_S - 1, 100)


def test_a_lost_event_of_a_result_is_made_good(world: World) -> None:
    world.dispatched()
    world.worker_writes_picture()
    world.look(LOOK_AGAIN_S)
    assert world.job().state is JobState.SUCCEEDED
    assert len(world.replies.edits) == 1
    assert world.telemetry.counts["ResultsFound"] == 1


def test_a_result_that_comes_while_the_provider_is_asked_is_told_and_not_thrown_away(
    world: World,
) -> None:
    world.dispatched()

    def ended(provider_job_id: str) -> ProviderJob:
        world.worker_writes_picture()
        return ProviderJob.ENDED

    world.runpod.status = ended  # type: ignore[method-assign]
    world.look(LOOK_AGAIN_S)
    assert world.job().state is JobState.SUCCEEDED


def test_a_job_that_ends_while_it_is_looked_after_is_no_error(world: World) -> None:
    world.dispatched()

    def gone(provider_job_id: str) -> ProviderJob:
        world.finish()
        return ProviderJob.GONE

    world.runpod.status = gone  # type: ignore[method-assign]
    world.look(LOOK_AGAIN_S)
    assert world.job().state is JobState.SUCCEEDED
    assert len(world.replies.edits) == 1


@pytest.mark.parametrize("says", [ProviderJob.RUNNING, ProviderJob.GONE])
def test_a_job_that_is_cancelled_while_it_is_looked_after_is_no_error(
    world: World, says: ProviderJob
) -> None:
    world.dispatched()

    def cancelled(_: str) -> ProviderJob:
        world.cancel.latest("42")
        return says

    world.runpod.status = cancelled  # type: ignore[method-assign]
    world.look(LOOK_AGAIN_S)
    world.run_queue()
    assert world.job().state is JobState.CANCELLED
    assert world.job().losses == 0


@pytest.mark.parametrize(("margin_s", "lost"), [(60, False), (61, True)])
def test_a_worker_has_the_jobs_time_and_a_margin(world: World, margin_s: int, lost: bool) -> None:
    world.dispatched()
    world.look(JOB_TIMEOUT_S + margin_s)
    assert bool(world.job().losses) is lost


def test_a_late_job_that_is_well_at_its_provider_is_called_off_there(world: World) -> None:
    world.dispatched()
    world.look(ANSWER_WITHIN_S)
    assert world.words() == TOO_LATE
    assert world.runpod.cancelled == ["runpod-1"]
    assert world.objects.exists("jobs/1001/1/cancel")


def test_a_lost_attempt_is_called_off_and_its_late_result_is_not_shown(world: World) -> None:
    world.dispatched()
    world.runpod.jobs["runpod-1"] = ProviderJob.GONE
    world.look(LOOK_AGAIN_S)
    world.run_queue()

    assert world.runpod.cancelled == ["runpod-1"]
    assert (world.job().provider, world.job().attempt) == ("sagemaker", 2)

    world.worker_writes_picture(attempt=1)
    world.deliver("1001", 1)
    assert world.replies.edits == []


def test_attempts_that_are_lost_open_the_circuit(world: World) -> None:
    for number in range(3):
        world.dispatched(str(number), user=str(number))
        if world.job(str(number)).provider == "sagemaker":
            world.sagemaker.jobs[str(world.job(str(number)).provider_job_id)] = ProviderJob.GONE
            continue
        world.runpod.jobs[str(world.job(str(number)).provider_job_id)] = ProviderJob.GONE
    world.look(LOOK_AGAIN_S)
    assert world.record("runpod").circuit.failures == 2
    assert world.record("sagemaker").circuit.failures == 1


def test_a_provider_that_cannot_be_told_to_stop_does_not_stop_us(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silence(_: str) -> None:
        raise ProviderUnreachable("silence")

    monkeypatch.setattr(world.runpod, "cancel", silence)
    world.dispatched()
    world.runpod.jobs["runpod-1"] = ProviderJob.GONE
    world.look(LOOK_AGAIN_S)
    assert world.job().state is JobState.QUEUED
    assert world.queue.sent[-1] == ("1001", 0)


def test_a_job_that_is_lost_again_and_again_ends_with_words_and_costs_nothing() -> None:
    world = World(tiers=(Tier(credits=5),))
    world.dispatched()
    for attempt in range(1, MAX_LOSSES + 1):
        job = world.job()
        assert (job.state, job.attempt) == (JobState.DISPATCHED, attempt)
        world.providers[str(job.provider)].jobs[str(job.provider_job_id)] = ProviderJob.GONE
        world.look(LOOK_AGAIN_S)
        world.run_queue()

    assert world.job().state is JobState.FAILED
    assert world.words() == LOST
    assert len(world.replies.edits) == 1
    assert world.objects.exists(f"jobs/1001/{MAX_LOSSES}/cancel")
    assert world.account().balance == 5


def test_a_member_whose_job_is_still_at_a_provider_is_told_in_time_and_it_is_called_off(
    world: World,
) -> None:
    world.dispatched()
    while world.job().is_open:
        world.look(LOOK_AGAIN_S)
    assert world.job().state is JobState.FAILED
    assert world.words() == TOO_LATE
    assert ANSWER_WITHIN_S <= world.clock() - world.job().created_at < ANSWER_WITHIN_S + 15
    assert world.runpod.cancelled == ["runpod-1"]
    assert world.record("runpod").holders == frozenset()


def test_a_result_that_lies_ready_is_told_however_late_it_is(world: World) -> None:
    world.dispatched()
    world.worker_writes_picture()
    world.look(ANSWER_WITHIN_S + 1)
    assert world.job().state is JobState.SUCCEEDED


@pytest.mark.parametrize("where", ["new", "in the line", "held back"])
def test_a_job_that_waits_here_is_answered_in_time_too(where: str) -> None:
    world = World(tiers=(Tier(role_id="42", jobs_at_once=1), Tier(jobs_at_once=10)))
    world.all_slots_taken()
    if where == "held back":
        world.dispatched("first")
    job = world.accepted() if where == "new" else world.dispatched()
    assert (job.is_held, job.is_in_flight) == (where == "held back", where == "in the line")

    world.look(ANSWER_WITHIN_S)
    assert world.words() == TOO_LATE


@pytest.mark.parametrize("says", [ProviderJob.RUNNING, ProviderJob.UNKNOWN])
def test_a_job_at_a_provider_that_the_operator_took_away_is_answered_in_time(
    world: World, says: ProviderJob
) -> None:
    world.dispatched()
    world.runpod.jobs["runpod-1"] = says
    del world.providers["runpod"]
    del world.heal.providers["runpod"]  # type: ignore[attr-defined]
    world.clock.pass_time(LOOK_AGAIN_S)
    world.heal("1001")
    world.look(ANSWER_WITHIN_S)
    assert world.words() == TOO_LATE


def test_a_delivery_whose_room_died_is_made_good(world: World) -> None:
    world.dispatched()
    world.worker_writes_picture()
    world.replies.error = SystemExit()
    with pytest.raises(SystemExit):
        world.deliver("1001", 1)
    world.replies.error = None

    world.look(DELIVERY_LEASE_S - 1)
    assert world.replies.edits == []  # that room may still be at it
    world.look(1)
    assert world.job().state is JobState.SUCCEEDED
    assert len(world.replies.edits) == 1


def test_an_answer_that_discord_did_not_take_is_tried_again_until_it_does(world: World) -> None:
    world.dispatched()
    world.worker_writes_picture()
    world.replies.error = DiscordUnavailable("503")
    with pytest.raises(DiscordUnavailable):
        world.deliver("1001", 1)
    with pytest.raises(DiscordUnavailable):
        world.look(LOOK_AGAIN_S)
    world.replies.error = None
    world.look(LOOK_AGAIN_S)
    assert world.job().state is JobState.SUCCEEDED


def test_pictures_that_are_not_there_become_words_though_no_event_came(world: World) -> None:
    """A worker is not trusted: it may name a file that it never stored."""
    world.dispatched()
    world.worker_writes_picture()
    del world.objects.objects["jobs/1001/1/outputs/0_9.png"]
    for _ in range(5):
        with contextlib.suppress(FileNotFoundError):
            world.look(DELIVERY_LEASE_S)
    assert world.job().is_final
    assert world.words()


def test_a_cancelled_job_whose_message_was_lost_is_called_off_and_told(world: World) -> None:
    world.dispatched()
    world.cancel.latest("42")
    world.queue.sent.clear()
    world.look()
    assert world.runpod.cancelled == ["runpod-1"]
    assert world.job().state is JobState.CANCELLED


def test_an_unknown_or_final_job_is_harmless(world: World) -> None:
    world.heal("9999")
    world.dispatched()
    world.finish()
    world.clock.pass_time(10_000)
    world.heal("1001")
    assert len(world.replies.edits) == 1
