from __future__ import annotations

import dataclasses

import pytest

from distillery.core.bury_job import BuryJob
from distillery.core.deliver_result import DELIVERY_LEASE_S
from distillery.core.errors import DiscordUnavailable, ProviderUnreachable, QueueUnavailable
from distillery.core.job import Job, JobState
from distillery.core.ports import DeadLetter, LetterSource
from distillery.core.tier import Tier
from local.memory import MemoryDeadLetters
from tests.core.world import World

MESSAGE = DeadLetter("m-1", 1_790_000_000_000, LetterSource.QUEUE, "{}", "failed", "1001")
EVENT = dataclasses.replace(MESSAGE, message_id="m-2", source=LetterSource.EVENT)


class Burial:
    """The use case on a world, and the letters it has kept."""

    def __init__(self, world: World) -> None:
        self.letters = MemoryDeadLetters()
        self.bury = BuryJob(self.letters, world.store, world.deliver, world.telemetry)

    def __call__(self, letter: DeadLetter) -> None:
        self.bury(letter)
        assert letter in self.letters.list(10)


@pytest.fixture
def bury(world: World) -> Burial:
    return Burial(world)


def test_a_job_that_nobody_could_dispatch_ends_with_words(world: World, bury: Burial) -> None:
    world.accepted()
    bury(MESSAGE)

    assert world.job().state is JobState.FAILED
    assert world.job().outcome.error_kind == "dead_letter"  # type: ignore[union-attr]
    assert "Try again" in world.words()
    assert "1001" in world.words()
    assert world.telemetry.counts["DeadLetters"] == 1


def test_a_message_that_dies_ends_no_job_that_was_made_ready_before(
    world: World, bury: Burial
) -> None:
    job = world.admit(world.accepted())
    assert job is not None
    bury(MESSAGE)
    assert world.job().state is JobState.QUEUED

    world.store.move(job, job.dispatched("runpod", world.clock()), slot_limit=2)
    bury(MESSAGE)
    assert world.job().state is JobState.DISPATCHED
    assert world.replies.edits == []


@pytest.mark.parametrize("letter", [MESSAGE, EVENT])
def test_a_result_that_lies_ready_is_delivered(
    world: World, bury: Burial, letter: DeadLetter
) -> None:
    world.dispatched()
    world.worker_writes_picture()
    bury(letter)
    assert world.job().state is JobState.SUCCEEDED


@pytest.mark.parametrize("letter", [MESSAGE, EVENT])
def test_a_job_that_a_worker_has_is_left_to_the_watchdog(
    world: World, bury: Burial, letter: DeadLetter
) -> None:
    job = world.dispatched()
    bury(letter)
    assert world.job() == job


@pytest.mark.parametrize("letter", [MESSAGE, EVENT])
def test_an_attempt_that_no_provider_confirmed_but_a_worker_has_begun_is_left_alone(
    world: World, bury: Burial, letter: DeadLetter
) -> None:
    world.runpod.error = ProviderUnreachable("silence")
    job = world.dispatched()
    world.worker_begins()
    bury(letter)
    assert world.job() == job


def test_an_event_of_an_abandoned_attempt_does_not_end_the_job(world: World, bury: Burial) -> None:
    job = world.accepted()
    bury(EVENT)
    assert world.job() == job


def test_a_result_that_makes_the_job_wait_again_leaves_it_waiting(
    world: World, bury: Burial
) -> None:
    world.dispatched()
    world.worker_writes_error("engine_unavailable")
    bury(MESSAGE)
    assert world.job().state is JobState.QUEUED
    assert world.replies.edits == []


def test_a_job_that_waits_again_keeps_its_place_in_the_line(world: World, bury: Burial) -> None:
    world.dispatched()
    world.worker_writes_error("engine_unavailable")
    world.deliver("1001", 1)
    bury(MESSAGE)
    assert list(world.store.line(9)) == ["1001"]


@pytest.mark.parametrize("letter", [MESSAGE, EVENT])
def test_pictures_that_cannot_be_delivered_become_words(
    world: World, bury: Burial, letter: DeadLetter
) -> None:
    world.dispatched()
    world.worker_writes_picture()
    del world.objects.objects["jobs/1001/1/outputs/0_9.png"]
    bury(letter)
    assert world.job().state is JobState.FAILED
    assert "Try again" in world.words()


def test_whoever_is_told_that_nothing_was_charged_has_not_been_charged() -> None:
    world = World(tiers=(Tier(credits=5),))
    world.dispatched()
    world.worker_writes_picture()
    del world.objects.objects["jobs/1001/1/outputs/0_9.png"]
    Burial(world)(EVENT)
    assert "Nothing was charged" in world.words()
    assert (world.account().balance, world.account().spent) == (5, 0)


def test_a_delivery_that_another_room_makes_is_left_alone(world: World, bury: Burial) -> None:
    delivering = delivering_job(world)
    bury(MESSAGE)
    assert world.job() == delivering


def test_a_delivery_whose_room_has_died_is_taken_over(world: World, bury: Burial) -> None:
    delivering_job(world)
    world.clock.pass_time(DELIVERY_LEASE_S + 1)
    bury(EVENT)
    assert world.job().state is JobState.SUCCEEDED


@pytest.mark.parametrize("error", [DiscordUnavailable("later"), QueueUnavailable("down")])
def test_what_may_work_later_is_tried_again_and_the_letter_is_kept(
    world: World, bury: Burial, error: Exception
) -> None:
    world.dispatched()
    world.worker_writes_picture()
    world.replies.error = error
    with pytest.raises(type(error)):
        bury(EVENT)
    assert bury.letters.list(10) == [EVENT]

    world.replies.error = None
    world.clock.pass_time(DELIVERY_LEASE_S + 1)
    bury(EVENT)
    assert world.job().state is JobState.SUCCEEDED


@pytest.mark.parametrize("job_id", ["9", None])
def test_a_letter_that_names_no_job_we_know_is_kept(
    world: World, bury: Burial, job_id: str | None
) -> None:
    bury(dataclasses.replace(MESSAGE, job_id=job_id))
    assert world.replies.edits == []


def test_a_job_that_is_answered_stays_as_it_is(world: World, bury: Burial) -> None:
    world.dispatched()
    world.finish()
    for letter in (MESSAGE, MESSAGE, EVENT):
        bury(letter)
    assert world.job().state is JobState.SUCCEEDED
    assert {shown.kind for _, shown in world.replies.edits} == {"pictures"}


def delivering_job(world: World) -> Job:
    """A job whose pictures one room has begun to deliver."""
    world.dispatched()
    world.worker_writes_picture()
    world.replies.error = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        world.deliver("1001", 1)
    world.replies.error = None
    return world.job()
