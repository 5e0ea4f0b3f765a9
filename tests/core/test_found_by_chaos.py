"""Defects that the simulation found, each as the smallest story that shows it."""

from __future__ import annotations

import pytest

from distillery.core.bury_job import BuryJob
from distillery.core.deadlines import ANSWER_WITHIN_S, LOOK_AGAIN_S, NOT_ADMITTED_S, TOKEN_LIFE_S
from distillery.core.deliver_result import DELIVERY_LEASE_S
from distillery.core.errors import DiscordRefused, DiscordUnavailable, QueueUnavailable, StaleJob
from distillery.core.job import Job, JobState
from distillery.core.ports import DeadLetter, LetterSource
from local.memory import MemoryDeadLetters
from tests.core.world import World


def showing(world: World) -> str:
    shown = world.replies.showing("1001")
    assert shown is not None
    return shown.kind


def answered_during_a_progress_edit(world: World, then: BaseException | None) -> None:
    """A result is delivered while a progress edit is on its way; `then` the room fails."""

    def deliver(job: Job) -> None:
        world.replies.before_edit = lambda job: None
        world.deliver("1001", 1)
        if then is not None:
            world.replies.before_edit = fail

    def fail(job: Job) -> None:
        """The edit that shall put the answer back does not come to it."""
        world.replies.before_edit = lambda job: None
        raise then  # type: ignore[misc]

    world.dispatched()
    world.worker_writes_progress(1)
    world.worker_writes_picture()
    world.replies.before_edit = deliver


@pytest.mark.parametrize("end", [SystemExit(), DiscordUnavailable("503")])
def test_a_room_that_dies_between_its_progress_and_its_look_leaves_no_bar_over_the_pictures(
    world: World, end: BaseException
) -> None:
    answered_during_a_progress_edit(world, end)
    with pytest.raises(type(end)):
        world.show_progress("1001", 1)
    assert showing(world) == "progress"

    world.clock.pass_time(60)  # Lambda calls again what has failed
    world.show_progress("1001", 1)
    assert showing(world) == "pictures"


def test_a_wake_up_that_is_lost_after_a_workers_failure_is_made_good(world: World) -> None:
    world.dispatched()
    world.worker_writes_error("engine_unavailable")
    world.queue.sent.clear()
    world.queue.broken = True
    with pytest.raises(QueueUnavailable):
        world.deliver("1001", 1)
    assert world.job().state is JobState.QUEUED

    world.queue.broken = False
    world.heal_line()
    assert world.queue.sent == [("1001", 0)]


def test_a_job_that_waits_after_a_workers_failure_is_answered_in_time_too(world: World) -> None:
    world.dispatched()
    world.worker_writes_error("engine_unavailable")
    world.deliver("1001", 1)
    world.look(ANSWER_WITHIN_S)
    assert showing(world) == "failure"


def test_a_repeated_request_never_takes_back_what_was_acknowledged(world: World) -> None:
    world.accepted()
    world.queue.broken = True
    world.accepted()
    assert world.job().state is JobState.QUEUED

    world.queue.broken = False
    world.look(NOT_ADMITTED_S)
    world.run_queue()
    assert world.job().state is JobState.DISPATCHED


def test_a_queue_that_does_not_answer_delays_a_request_and_loses_none(world: World) -> None:
    world.queue.broken = True
    world.accepted()
    world.queue.broken = False
    world.look(NOT_ADMITTED_S)
    world.run_queue()
    assert world.job().state is JobState.DISPATCHED


def test_the_last_moment_for_an_answer_leaves_time_for_a_second_try() -> None:
    """Two runs of the watchdog: one that dies while it tells, and one after that one's lease."""
    every_minute_s = 60.0
    first_try = ANSWER_WITHIN_S + every_minute_s
    assert first_try + DELIVERY_LEASE_S + every_minute_s < TOKEN_LIFE_S


def test_many_may_wait_and_no_message_multiplies(world: World) -> None:
    world.all_slots_taken()
    for number in range(20):
        world.dispatched(str(number), user=str(number))
    world.queue.sent.clear()
    for number in range(20):
        world.dispatch(str(number))
    world.look(LOOK_AGAIN_S)
    world.heal_line()
    assert world.queue.sent == []


def test_many_may_wait_and_each_is_told_in_time(world: World) -> None:
    """The watchdog looks after a hundred in a run; the dispatcher after as many as come."""
    world.accepted()
    world.clock.pass_time(ANSWER_WITHIN_S)
    world.dispatch("1001")
    assert showing(world) == "failure"
    assert world.runpod.submitted == []


def test_a_job_that_moves_on_as_it_is_found_to_be_late_is_no_error(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.all_slots_taken()
    world.dispatched()
    world.clock.pass_time(ANSWER_WITHIN_S)

    def moved_on(*_: object, **__: object) -> None:
        raise StaleJob("1001")

    monkeypatch.setattr(world.store, "move", moved_on)
    world.dispatch("1001")
    world.heal("1001")
    assert world.replies.edits == []


def test_the_dead_letter_of_a_progress_event_puts_the_answer_back(world: World) -> None:
    answered_during_a_progress_edit(world, SystemExit())
    with pytest.raises(SystemExit):
        world.show_progress("1001", 1)
    assert showing(world) == "progress"

    bury = BuryJob(MemoryDeadLetters(), world.store, world.deliver, world.telemetry)
    bury(DeadLetter("m-1", 0, LetterSource.EVENT, "{}", "failed every time", "1001"))
    assert showing(world) == "pictures"


def test_a_message_that_is_gone_needs_no_answer_put_back(world: World) -> None:
    world.dispatched()
    world.finish()
    world.replies.error = DiscordRefused("10008: somebody deleted the message")
    before = world.job()
    world.deliver.show_again(before)
    assert world.job() == before
    assert world.shown() == ["pictures"]
