"""Several pictures of one request: a job each, on several GPUs at a time, and one message."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import permutations

import pytest

from distillery.core.credits import LedgerKind
from distillery.core.deliver_result import DELIVERY_LEASE_S, TOO_LATE
from distillery.core.errors import DiscordUnavailable, InvalidOption, NotEnoughCredits
from distillery.core.job import Job, JobState
from distillery.core.tier import Tier
from local.memory import Shown
from tests.core.world import World

THREE = ("1001", "1001-2", "1001-3")


def asked(world: World, images: int = 3, **options: object) -> list[Job]:
    """Accept a request for several pictures; return its jobs."""
    options = options or {"prompt": "a red fox"}
    world.accept(replace(world.order(**options), images=images))
    return [job for job in world.table.jobs.values() if job.lead_id == "1001"]


def at_work(world: World, images: int = 3) -> None:
    """Every job of such a request is at a GPU."""
    for job in asked(world, images):
        world.dispatch(job.job_id)


def shown(world: World) -> Shown | None:
    return world.replies.showing("1001")


def told_progress(world: World) -> list[tuple[float, int]]:
    """How far all of it was, and how many had ended, each time that was shown."""
    edits = [edit for _, edit in world.replies.edits if edit.kind == "progress"]
    return [(edit.content.percent, edit.content.ended) for edit in edits]


def seen(world: World) -> list[str]:
    """Whose pictures the message shows."""
    now = shown(world)
    assert now is not None
    assert now.kind == "pictures"
    return [delivery.job.job_id for delivery in now.content]


def ledger(world: World) -> Counter[LedgerKind]:
    return Counter(line.kind for line in world.table.ledger)


def test_each_picture_is_a_job_with_the_next_seed_and_a_charge_of_its_own(world: World) -> None:
    jobs = asked(world, prompt="a red fox", seed=7)

    assert tuple(job.job_id for job in jobs) == THREE
    assert [job.request.values["seed"] for job in jobs] == [7, 8, 9]
    assert {job.parts for job in jobs} == {THREE}
    assert [job_id for job_id, _ in world.queue.sent] == list(THREE)
    assert world.account().reserved == 3


def test_the_seed_after_the_last_is_the_first(world: World) -> None:
    jobs = asked(world, prompt="a red fox", seed=2**31)

    assert [job.request.values["seed"] for job in jobs] == [2**31, 0, 1]


def test_the_same_request_twice_is_charged_once(world: World) -> None:
    asked(world)
    assert len(asked(world)) == 3
    assert ledger(world) == {LedgerKind.RESERVE: 3}


def test_credits_for_all_of_them_or_none_is_taken() -> None:
    world = World(tiers=(Tier(credits=2),))
    with pytest.raises(NotEnoughCredits, match="You have 2 credits left"):
        asked(world, images=3)
    assert world.table.jobs == {}
    assert world.account().reserved == 0


@pytest.mark.parametrize("images", [0, 3, 99])
def test_a_tier_says_how_many_one_request_may_ask_for(images: int) -> None:
    world = World(tiers=(Tier(images=2),))
    with pytest.raises(InvalidOption, match="`images` must be 1 to 2"):
        asked(world, images=images)


def test_several_gpus_work_at_once(world: World) -> None:
    at_work(world)
    assert Counter(world.job(job_id).state for job_id in THREE) == {JobState.DISPATCHED: 3}


@pytest.mark.parametrize("order", list(permutations(THREE)))
def test_the_member_is_told_once_when_the_last_has_ended_in_the_order_asked(
    order: tuple[str, ...],
) -> None:
    world = World()
    at_work(world)

    for job_id in order[:2]:
        world.finish(job_id)
    assert world.replies.edits == []

    world.finish(order[2])
    assert seen(world) == list(THREE)
    assert len(world.replies.edits) == 1
    assert {world.job(job_id).state for job_id in THREE} == {JobState.SUCCEEDED}


def test_files_of_one_message_have_different_names(world: World) -> None:
    at_work(world)
    for job_id in THREE:
        world.finish(job_id)
    now = shown(world)
    assert now is not None
    assert [d.sent.name for d in now.content] == ["1_0_9.png", "2_0_9.png", "3_0_9.png"]


def test_what_could_not_be_made_is_said_and_not_charged(world: World) -> None:
    at_work(world)
    world.finish("1001")
    world.worker_writes_error("execution_failed", "1001-2")
    world.deliver("1001-2", 1)
    world.finish("1001-3")

    assert seen(world) == ["1001", "1001-3"]
    now = shown(world)
    assert now is not None
    assert now.missing is not None
    assert (now.missing.number, now.missing.all) == (1, 3)
    assert ledger(world) == {
        LedgerKind.RESERVE: 3,
        LedgerKind.SETTLE: 2,
        LedgerKind.REFUND: 1,
    }


def test_if_none_could_be_made_there_are_words(world: World) -> None:
    at_work(world)
    for job_id in THREE:
        world.worker_writes_error("execution_failed", job_id)
        world.deliver(job_id, 1)
    assert "node 3 said no" in world.words("1001")


def test_two_that_end_at_the_same_moment_say_the_same(world: World) -> None:
    """Each sees that the other has ended, so each tells; neither relies on the other."""
    at_work(world, images=2)
    world.worker_writes_picture("1001")
    world.worker_writes_picture("1001-2")
    rivals = ["1001-2"]
    move = world.store.move

    def both_concluded_first(before: Job, after: Job, *, slot_limit: int | None = None) -> None:
        move(before, after, slot_limit=slot_limit)
        if after.state is JobState.DELIVERING and rivals:
            world.deliver(rivals.pop(), 1)

    world.store.move = both_concluded_first  # type: ignore[method-assign]
    world.deliver("1001", 1)

    said = [[(d.sent.name, d.data) for d in edit.content] for _, edit in world.replies.edits]
    assert said == [[("1_0_9.png", b"xxxx"), ("2_0_9.png", b"xxxx")]] * 2


def test_if_the_last_cannot_tell_the_watchdog_does(world: World) -> None:
    at_work(world)
    world.finish("1001")
    world.finish("1001-2")
    world.replies.error = DiscordUnavailable("503")
    with pytest.raises(DiscordUnavailable):
        world.finish("1001-3")
    world.replies.error = None

    world.look(after_s=DELIVERY_LEASE_S)
    assert seen(world) == list(THREE)


def test_one_that_no_gpu_makes_in_time_does_not_hold_up_the_others_for_ever(world: World) -> None:
    at_work(world, images=2)
    world.finish("1001")
    world.look(after_s=world.job("1001-2").answer_by - world.clock())

    assert seen(world) == ["1001"]
    now = shown(world)
    assert now is not None
    assert now.missing is not None
    assert now.missing.outcome.error == TOO_LATE


def test_progress_is_that_of_all_of_them(world: World) -> None:
    at_work(world, images=2)
    world.worker_writes_progress(1, 40.0, "1001")
    world.show_progress("1001", 1)
    world.worker_writes_progress(1, 20.0, "1001-2")
    world.show_progress("1001-2", 1)
    world.finish("1001")
    world.worker_writes_progress(2, 60.0, "1001-2")
    world.show_progress("1001-2", 1)

    assert told_progress(world) == [(20.0, 0), (80.0, 1)]


def test_of_several_at_work_the_furthest_speaks(world: World) -> None:
    at_work(world, images=2)
    for sequence, (first, second) in enumerate([(20.0, 10.0), (22.0, 30.0)], 1):
        world.worker_writes_progress(sequence, first, "1001")
        world.show_progress("1001", 1)
        world.worker_writes_progress(sequence, second, "1001-2")
        world.show_progress("1001-2", 1)

    # While it is behind, the second is only part of what the first says.
    assert told_progress(world) == [(10.0, 0), (16.0, 0), (26.0, 0)]


def test_one_that_was_lost_holds_back_none_that_is_at_work(world: World) -> None:
    at_work(world, images=2)
    world.worker_writes_progress(1, 90.0, "1001")
    world.show_progress("1001", 1)
    ahead = world.job("1001")
    world.store.move(ahead, ahead.returned(world.clock(), lost=True))
    world.worker_writes_progress(1, 10.0, "1001-2")
    world.show_progress("1001-2", 1)

    assert len(told_progress(world)) == 2


def test_progress_that_comes_late_does_not_stay_over_the_pictures(world: World) -> None:
    at_work(world, images=2)
    world.finish("1001")
    world.worker_writes_progress(1, 90.0, "1001-2")

    def ends_meanwhile(_: Job) -> None:
        world.replies.before_edit = lambda _: None
        world.finish("1001-2")

    world.replies.before_edit = ends_meanwhile
    world.show_progress("1001-2", 1)
    assert seen(world) == ["1001", "1001-2"]


def test_cancelling_calls_off_all_that_has_not_ended(world: World) -> None:
    at_work(world)
    world.finish("1001-2")

    assert world.cancel.latest("42") == 1
    world.queue.sent += [("1001", "42"), ("1001-3", "42")]
    world.run_queue()

    assert seen(world) == ["1001-2"]
    assert {world.job(j).state for j in ("1001", "1001-3")} == {JobState.CANCELLED}
    assert ledger(world)[LedgerKind.SETTLE] == 1
    assert ledger(world)[LedgerKind.REFUND] == 2


def test_a_workflow_without_chance_makes_one_picture(world: World) -> None:
    recipe = world.accept.recipes["plain"]
    plain = replace(recipe, options=tuple(o for o in recipe.options if not o.random))
    accept = replace(world.accept, recipes={"plain": plain})
    with pytest.raises(InvalidOption, match="Plain would make the same picture 2 times"):
        accept(replace(world.order(), images=2))
