"""A member sees where their job stands until a worker begins it, and never over the answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from distillery.core.bury_job import BuryJob
from distillery.core.deadlines import WAITING_WITHIN_S
from distillery.core.errors import DiscordUnavailable, ProviderRefused
from distillery.core.expected_wait import expected_s
from distillery.core.job import Job, JobState
from distillery.core.ports import DeadLetter, LetterSource, Waiting
from distillery.core.records import WARM_FOR_S, ProviderRecord
from distillery.core.routing import Slots
from distillery.core.tier import Tier
from local.memory import MemoryDeadLetters, MemoryProvider
from tests.core.world import World


def kinds(world: World, job_id: str = "1001") -> list[str]:
    return [shown.kind for who, shown in world.replies.shown if who == job_id]


def warm(world: World) -> None:
    for name in ("runpod", "sagemaker"):
        world.set_record(name, served_at=world.clock(), took_s=(20.0,))


def begin(world: World, job_id: str = "1001") -> None:
    """Let a worker show its first progress."""
    world.worker_writes_progress(1, job_id=job_id)
    world.show_progress(job_id, 1)


def waiting(world: World, job_id: str = "1001") -> Waiting:
    shown = world.replies.showing(job_id)
    assert shown is not None
    assert shown.kind == "waiting"
    assert isinstance(shown.content, Waiting)
    return shown.content


def test_a_job_that_begins_at_once_on_a_warm_gpu_shows_no_wait(world: World) -> None:
    warm(world)
    world.dispatched()
    assert kinds(world) == []


def test_a_job_for_which_a_gpu_must_start_says_so(world: World) -> None:
    world.dispatched()
    assert waiting(world) == Waiting()


def test_a_job_in_the_line_shows_its_place_and_when_to_expect_it(world: World) -> None:
    world.all_slots_taken()
    warm(world)
    world.accepted("1001")
    world.dispatch("1001")
    # Four slots, each free every 20 s: the first is free after 5 s, and then it takes 20 s.
    assert waiting(world) == Waiting(0, 25.0)


def test_the_watchdog_tells_those_at_the_head_of_the_line_whose_place_has_changed(
    world: World,
) -> None:
    world.all_slots_taken()
    for number in range(3):
        world.accepted(f"100{number}", user=f"4{number}")
        world.dispatch(f"100{number}")
    assert waiting(world, "1002").place == 2
    world.queue.sent.clear()
    world.heal_line.tell()
    world.heal_line.tell()
    assert world.queue.sent == []

    world.finish("busy-0")
    world.run_queue()
    world.heal_line.tell()
    world.run_queue()
    assert waiting(world, "1002").place == 1
    world.heal_line.tell()
    assert world.queue.sent == []


def test_a_gpu_that_has_to_start_takes_as_long_as_the_last_one_that_had_to(world: World) -> None:
    world.dispatched()
    world.clock.pass_time(80)
    begin(world)
    world.finish("1001")
    world.clock.pass_time(WARM_FOR_S)
    world.dispatched("1002")
    assert waiting(world, "1002") == Waiting(seconds=80.0)


def test_a_job_at_a_cold_provider_says_so_though_another_one_is_warm(world: World) -> None:
    world.set_record("sagemaker", served_at=world.clock())
    assert world.dispatched().provider == "runpod"
    assert waiting(world) == Waiting()


def test_a_job_that_all_refuse_says_that_it_stands_in_the_line(world: World) -> None:
    warm(world)
    world.runpod.error = world.sagemaker.error = ProviderRefused("no")
    world.dispatched()
    assert waiting(world).place == 0


def test_a_job_that_was_started_by_another_one_s_message_hears_of_it_by_its_own(
    world: World,
) -> None:
    world.all_slots_taken()
    world.accepted("1001")
    world.dispatch("1001")
    world.finish("busy-0")
    for provider in ("runpod", "sagemaker"):
        world.set_record(provider, served_at=0.0)
    world.run_queue()
    assert world.job("1001").state is JobState.DISPATCHED
    assert waiting(world) == Waiting()


def test_a_wait_is_told_no_more_when_nobody_could_take_it_back(world: World) -> None:
    world.all_slots_taken()
    world.accepted("1001")
    world.clock.pass_time(WAITING_WITHIN_S)
    world.dispatch("1001")
    assert kinds(world) == []


def test_a_message_that_comes_again_tells_no_wait(world: World) -> None:
    world.all_slots_taken()
    world.accepted("1001")
    world.dispatch("1001", is_repeat=True)
    assert kinds(world) == []


def test_of_several_pictures_of_one_request_the_first_speaks_until_one_is_begun(
    world: World,
) -> None:
    world.accept(replace(world.order(), images=2))
    world.dispatch("1001-2")
    assert kinds(world) == []
    begin(world, "1001-2")
    world.dispatch("1001")
    assert kinds(world) == ["progress"]


def test_a_picture_held_back_for_another_of_its_request_tells_how_that_one_waits() -> None:
    world = World(tiers=(Tier(jobs_at_once=1),))
    world.accept(replace(world.order(), images=2))
    world.set_record("runpod", served_at=0.0, woke_s=80.0)
    world.dispatch("1001-2")
    world.dispatch("1001")
    assert world.job("1001").is_held
    assert waiting(world) == Waiting(seconds=80.0)  # until a GPU has started for the other


def test_progress_that_comes_while_the_wait_is_written_is_put_back(world: World) -> None:
    def begins_meanwhile(_: Job) -> None:
        world.replies.before_edit = lambda _: None
        begin(world)

    world.replies.before_edit = begins_meanwhile
    world.dispatched()
    assert kinds(world) == ["progress", "waiting", "progress"]


def test_a_dead_message_s_last_wait_does_not_lie_over_the_answer(world: World) -> None:
    world.dispatched()
    world.worker_writes_picture()
    world.deliver("1001", 1)
    world.replies.show_waiting(world.job(), Waiting())
    letter = DeadLetter("m", 0, LetterSource.QUEUE, "", "", "1001")
    BuryJob(MemoryDeadLetters(), world.store, world.deliver, world.telemetry)(letter)
    assert kinds(world)[-1] == "pictures"


def test_a_job_held_back_says_so() -> None:
    world = World(tiers=(Tier(jobs_at_once=1),))
    world.dispatched("1000")
    world.accepted("1001")
    world.dispatch("1001")
    assert waiting(world) == Waiting()
    assert world.job("1001").is_held


def test_a_wait_that_discord_does_not_take_is_no_harm(world: World) -> None:
    world.replies.error = DiscordUnavailable("503")
    assert world.dispatched().provider_job_id == "runpod-1"


def test_an_answer_that_comes_while_the_wait_is_written_is_put_back(world: World) -> None:
    def deliver(job: Job) -> None:
        world.replies.before_edit = lambda job: None
        world.worker_writes_picture()
        world.deliver("1001", 1)

    world.replies.before_edit = deliver
    world.dispatched()
    assert kinds(world) == ["pictures", "waiting", "pictures"]


def test_a_run_that_dies_before_it_looks_again_is_made_good_by_its_repeat(world: World) -> None:
    def deliver(job: Job) -> None:
        world.replies.before_edit = die
        world.worker_writes_picture()
        world.replies.before_edit = lambda job: None
        world.deliver("1001", 1)
        world.replies.before_edit = die

    def die(job: Job) -> None:
        world.replies.before_edit = lambda job: None
        raise SystemExit

    world.replies.before_edit = deliver
    with pytest.raises(SystemExit):
        world.dispatched()
    assert kinds(world)[-1] == "waiting"

    world.clock.pass_time(180)  # SQS delivers the message again
    world.dispatch("1001", is_repeat=True)
    assert kinds(world)[-1] == "pictures"


def test_nobody_guesses_before_anything_was_made() -> None:
    slots = [Slots(MemoryProvider("runpod"), 2)]
    assert expected_s(0, slots, {}, 0.0) is None
    assert expected_s(0, slots, {"runpod": ProviderRecord()}, 0.0) is None


def test_one_slow_job_does_not_make_every_wait_look_long() -> None:
    slots = [Slots(MemoryProvider("runpod"), 1)]
    record = ProviderRecord(took_s=(600.0, 10.0, 10.0))
    assert expected_s(1, slots, {"runpod": record}, 0.0) == 30.0
