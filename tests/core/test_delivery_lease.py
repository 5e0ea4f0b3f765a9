"""Of all the rooms that could tell a member, one does, and somebody always does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from distillery.core.deadlines import LOOK_AGAIN_S, TOKEN_LIFE_S
from distillery.core.deliver_result import DELIVERY_LEASE_S
from distillery.core.errors import DiscordRefused, DiscordUnavailable, StaleJob
from distillery.core.job import Job, JobState
from distillery.core.worker_documents import parse_result
from tests.core.world import World


def test_while_discord_is_away_the_answer_is_kept_and_told_by_the_next_call(world: World) -> None:
    world.dispatched()
    world.replies.error = DiscordUnavailable("later")
    with pytest.raises(DiscordUnavailable):
        world.finish()
    assert world.job().state is JobState.DELIVERING

    world.replies.error = None
    world.deliver("1001", 1)
    assert world.shown() == ["pictures"]
    assert world.job().state is JobState.SUCCEEDED


def test_a_room_that_fails_after_another_took_over_leaves_that_one_its_lease(world: World) -> None:
    world.dispatched()

    def taken_over(job: Job) -> None:
        world.replies.before_edit = lambda job: None
        world.clock.pass_time(DELIVERY_LEASE_S)
        world.store.move(job, job.reclaimed(world.clock(), DELIVERY_LEASE_S))
        world.replies.error = DiscordUnavailable("later")

    world.replies.before_edit = taken_over
    with pytest.raises(DiscordUnavailable):
        world.finish()
    assert world.job().lease_until == world.clock() + DELIVERY_LEASE_S


def test_a_delivery_whose_room_died_is_taken_over_when_its_lease_is_over(world: World) -> None:
    world.dispatched()
    world.replies.error = SystemExit()
    with pytest.raises(SystemExit):
        world.finish()

    world.replies.error = None
    world.clock.pass_time(DELIVERY_LEASE_S - 1)
    world.deliver("1001", 1)
    assert world.replies.edits == []  # the first room may still be at it

    world.clock.pass_time(1)
    world.deliver("1001", 1)
    assert world.shown() == ["pictures"]
    assert world.job().state is JobState.SUCCEEDED


def test_whoever_takes_a_delivery_over_calls_those_whom_the_dead_room_did_not(
    world: World,
) -> None:
    world.all_slots_taken()
    world.dispatched("next")
    world.queue.sent.clear()
    world.replies.error = SystemExit()
    with pytest.raises(SystemExit):
        world.finish("busy-0")
    world.replies.error = None
    world.queue.sent.clear()

    world.clock.pass_time(DELIVERY_LEASE_S)
    world.deliver("busy-0", 1)
    assert world.queue.sent == [("next", 0)]


def test_of_two_rooms_that_tell_a_member_together_only_one_does(world: World) -> None:
    world.dispatched()
    world.worker_writes_picture()

    def again(job: Job) -> None:
        world.replies.before_edit = lambda job: None
        world.deliver("1001", 1)

    world.replies.before_edit = again
    world.deliver("1001", 1)
    assert world.shown() == ["pictures"]


@pytest.mark.parametrize("call", ["deliver", "retry", "resume"])
def test_a_room_that_comes_second_is_no_error_and_tells_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    world.dispatched()
    world.worker_writes_picture()
    if call == "retry":
        world.worker_writes_error("engine_unavailable")
    if call == "resume":
        job = world.job()
        outcome = parse_result(world.objects.read("jobs/1001/1/result.json")).outcome
        world.store.move(job, job.concluded(outcome, world.clock(), 0.0))
    world.queue.sent.clear()

    def moved_on(*_: object, **__: object) -> None:
        raise StaleJob("1001")

    monkeypatch.setattr(world.store, "move", moved_on)
    world.deliver("1001", 1)
    assert world.replies.edits == []
    assert world.queue.sent == []


def test_an_answer_can_be_given_after_the_token_has_died(world: World) -> None:
    """The adapter edits through the bot then; here nothing gives up by the clock."""
    world.dispatched()
    world.replies.error = DiscordUnavailable("503")
    with pytest.raises(DiscordUnavailable):
        world.finish()
    while world.clock() < world.job().token_expires_at + TOKEN_LIFE_S:
        with pytest.raises(DiscordUnavailable):
            world.look(LOOK_AGAIN_S)
    assert world.job().state is JobState.DELIVERING

    world.replies.error = None
    world.look(LOOK_AGAIN_S)
    assert world.shown() == ["pictures"]
    assert world.job().state is JobState.SUCCEEDED


@pytest.mark.parametrize(
    ("write", "end"),
    [
        (World.worker_writes_picture, JobState.SUCCEEDED),
        (lambda world: world.worker_writes_error("bad_input"), JobState.FAILED),
    ],
)
def test_an_answer_that_discord_refuses_for_good_is_kept_and_never_tried_again(
    world: World, write: Callable[[World], None], end: JobState
) -> None:
    world.dispatched()
    write(world)
    world.replies.error = DiscordRefused("10008")
    world.deliver("1001", 1)

    job = world.job()
    assert job.state is end
    assert job.times["kept"] == world.clock()
    assert "delivered" not in job.times
    assert job.outcome is not None
    assert bool(job.outcome.pictures) is (end is JobState.SUCCEEDED)
    assert world.telemetry.counts["AnswersRefused"] == 1

    world.replies.error = None
    world.deliver("1001", 1)
    world.look(10_000)
    assert world.replies.edits == []
