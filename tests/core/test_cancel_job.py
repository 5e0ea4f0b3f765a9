"""A member calls a job off: it ends at once, whatever it was doing, and costs nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from distillery.core import keys
from distillery.core.cancel_job import WORDS
from distillery.core.credits import LedgerKind
from distillery.core.deliver_result import DELIVERY_LEASE_S
from distillery.core.errors import DiscordUnavailable
from distillery.core.job import Job, JobState
from distillery.core.ports import Envelope
from distillery.core.tier import Tier
from local.memory_store import MemoryJobStore
from tests.core.world import World

WITH_CREDITS = Tier(jobs_at_once=1, credits=10)


class RacingStore(MemoryJobStore):
    """Lets others act right before a job is cancelled: once, or each time."""

    def __init__(self) -> None:
        super().__init__()
        self.rivals: list[Callable[[], object]] = []

    def move(self, before: Job, after: Job, *, slot_limit: int | None = None) -> None:
        if after.was_cancelled and not before.was_cancelled and self.rivals:
            self.rivals.pop(0)()
        super().move(before, after, slot_limit=slot_limit)


def racing(**fields: int) -> tuple[World, RacingStore]:
    store = RacingStore()
    return World(store=store, tiers=(WITH_CREDITS,), **fields), store


def a_world(**fields: int) -> World:
    return World(tiers=(WITH_CREDITS,), **fields)


def ledger(world: World, job_id: str = "1001") -> Counter[LedgerKind]:
    return Counter(line.kind for line in world.table.ledger if line.job_id == job_id)


def assert_cancelled(world: World, job_id: str = "1001") -> None:
    """The member has been told so, once; nothing is held or charged any more."""
    assert world.job(job_id).state is JobState.CANCELLED
    assert world.words(job_id) == WORDS
    assert ledger(world, job_id) == {LedgerKind.RESERVE: 1, LedgerKind.REFUND: 1}
    assert job_id not in world.account().in_flight
    assert not any(
        holder.startswith(f"{job_id}#")
        for record in world.records.all().values()
        for holder in record.holders
    )


def test_a_job_that_nobody_has_looked_at_yet_is_cancelled() -> None:
    world = a_world()
    world.accepted()

    assert world.cancel.latest("42") == 1
    world.run_queue()
    assert_cancelled(world)
    assert world.runpod.submitted == []


def test_a_job_in_the_line_is_cancelled_and_leaves_it() -> None:
    world = a_world(slots=0)
    world.dispatched()
    assert world.store.line(10) == ["1001"]

    assert world.cancel.latest("42") == 1
    assert world.store.line(10) == []
    world.run_queue()
    assert_cancelled(world)


def test_a_job_that_is_held_back_is_cancelled_and_called_no_more() -> None:
    world = a_world()
    world.dispatched("1")
    world.clock.pass_time(1)
    assert world.dispatched("2").is_held

    assert world.cancel.latest("42") == 1
    world.run_queue()
    assert_cancelled(world, "2")
    assert world.job("1").state is JobState.DISPATCHED
    assert world.store.held("42") is None


def test_a_job_at_a_provider_is_cancelled_and_its_worker_is_stopped() -> None:
    world = a_world()
    world.dispatched()

    assert world.cancel.latest("42") == 1
    assert world.record("runpod").holders == frozenset()  # at once, before anybody is told
    world.run_queue()
    assert_cancelled(world)
    assert world.runpod.cancelled == ["runpod-1"]
    assert world.objects.exists(keys.cancel_key("1001", 1))


def test_the_slot_of_a_cancelled_job_goes_to_the_next_in_the_line() -> None:
    world = a_world(slots=1)
    world.dispatched("mine")
    world.dispatched("theirs", user="43")
    world.dispatched("next", user="44")
    assert world.job("next").state is JobState.QUEUED
    world.queue.sent.clear()

    world.cancel.latest("42")
    world.run_queue()
    assert world.job("next").state is JobState.DISPATCHED


def test_the_place_of_a_cancelled_job_goes_to_the_members_held_one() -> None:
    world = a_world()
    world.dispatched("1")
    world.dispatched("2", user="43")
    world.clock.pass_time(1)
    world.accepted("3")
    world.dispatch("3")
    world.queue.sent.clear()
    assert world.job("3").is_held
    world.cancel.request_of(world.job("1"))
    world.run_queue()

    assert world.job("3").state is JobState.DISPATCHED


def test_a_job_whose_pictures_are_being_shown_is_not_cancelled() -> None:
    world = a_world()
    world.dispatched()
    asked: list[int] = []
    world.replies.before_edit = lambda job: asked.append(world.cancel.latest("42"))
    world.finish()

    assert asked == [0]
    assert world.job().state is JobState.SUCCEEDED
    assert ledger(world) == {LedgerKind.RESERVE: 1, LedgerKind.SETTLE: 1}


@pytest.mark.parametrize("end", ["pictures", "words", "cancelled"])
def test_a_job_that_has_ended_is_not_cancelled(end: str) -> None:
    world = a_world()
    world.dispatched()
    if end == "pictures":
        world.finish()
    elif end == "words":
        world.deliver.fail(world.job(), "no", kind="test")
    else:
        world.cancel.latest("42")
    world.run_queue()
    before, shown = world.job(), world.replies.showing("1001")

    assert world.cancel.latest("42") == 0
    assert world.cancel.all("42") == 0
    world.run_queue()
    assert world.job() == before
    assert world.replies.showing("1001") == shown


def test_a_member_without_jobs_has_nothing_to_cancel() -> None:
    world = a_world()
    world.accepted(user="43")

    assert world.cancel.latest("42") == 0
    assert world.cancel.all("42") == 0
    assert world.job().is_open


def test_asking_twice_gives_the_charge_back_once() -> None:
    world = a_world()
    world.dispatched()

    assert (world.cancel.latest("42"), world.cancel.latest("42")) == (1, 0)
    world.run_queue()
    world.dispatch("1001")
    assert_cancelled(world)
    assert world.account().balance == WITH_CREDITS.credits


def test_a_result_that_comes_after_the_cancel_is_never_shown() -> None:
    world = a_world()
    world.dispatched()
    world.cancel.latest("42")
    world.worker_writes_picture()
    world.deliver("1001", 1)
    world.run_queue()
    world.deliver("1001", 1)

    assert_cancelled(world)
    assert [shown.kind for _, shown in world.replies.edits] == ["failure"]


def test_a_cancel_that_races_with_the_dispatch_stops_the_attempt() -> None:
    world, store = racing()
    world.accepted()
    store.rivals = [lambda: world.dispatch("1001")]

    assert world.cancel.latest("42") == 1
    world.run_queue()
    assert_cancelled(world)
    assert world.runpod.cancelled == ["runpod-1"]


def test_a_job_cancelled_while_it_is_submitted_is_stopped_all_the_same() -> None:
    """Its id at the provider is not known then: the worker finds the word where it looks."""
    world = a_world()
    world.accepted()

    def member_changes_their_mind(envelope: Envelope) -> None:
        world.cancel.latest("42")

    world.runpod.on_submit = member_changes_their_mind
    world.dispatch("1001")
    world.run_queue()

    assert_cancelled(world)
    assert world.objects.exists(keys.cancel_key("1001", 1))


def test_a_cancel_that_races_with_the_admission_leaves_nothing_behind() -> None:
    world, store = racing(slots=0)
    world.accepted()
    store.rivals = [lambda: world.dispatch("1001")]

    assert world.cancel.latest("42") == 1
    world.run_queue()
    assert_cancelled(world)
    assert world.store.line(10) == []


def test_a_cancel_that_loses_to_the_result_leaves_the_pictures() -> None:
    world, store = racing()
    world.dispatched()
    store.rivals = [world.finish]

    assert world.cancel.latest("42") == 0
    world.run_queue()
    assert world.job().state is JobState.SUCCEEDED
    assert ledger(world) == {LedgerKind.RESERVE: 1, LedgerKind.SETTLE: 1}


def test_the_latest_never_cancels_an_older_one_instead() -> None:
    """The latest ended at this very moment: the member meant that one, not the one before it."""
    store = RacingStore()
    world = World(store=store)
    world.dispatched("older")
    world.clock.pass_time(1)
    world.dispatched("latest")
    store.rivals = [lambda: world.finish("latest")]

    assert world.cancel.latest("42") == 0
    world.run_queue()
    assert world.job("older").state is JobState.DISPATCHED


def test_the_latest_is_the_latest_that_has_not_ended() -> None:
    world = World()
    for name in ("1", "2", "3"):
        world.dispatched(name)
        world.clock.pass_time(1)
    world.finish("3")

    assert world.cancel.latest("42") == 1
    assert [world.job(name).is_open for name in ("1", "2")] == [True, False]


def test_all_cancels_every_open_job_of_the_member_and_nobody_elses() -> None:
    world = World(tiers=(Tier(jobs_at_once=2),))
    for name in ("1", "2", "3"):  # the third is held back
        world.dispatched(name)
    world.dispatched("theirs", user="43")

    assert world.cancel.all("42") == 3
    world.run_queue()
    assert {world.job(name).state for name in ("1", "2", "3")} == {JobState.CANCELLED}
    assert world.job("theirs").state is JobState.DISPATCHED


def test_all_goes_on_after_one_that_has_just_ended() -> None:
    store = RacingStore()
    world = World(store=store)
    world.dispatched("1")
    world.clock.pass_time(1)
    world.dispatched("2")
    store.rivals = [lambda: world.finish("2")]

    assert world.cancel.all("42") == 1
    world.run_queue()
    assert world.job("1").state is JobState.CANCELLED


def test_all_stops_at_twenty_since_discord_does_not_wait() -> None:
    world = World()
    for number in range(25):
        world.accepted(f"{number:03}")

    assert world.cancel.all("42") == 20
    assert world.cancel.any_open("42")
    assert world.cancel.all("42") == 5
    assert not world.cancel.any_open("42")


def test_the_member_is_told_although_the_call_was_lost() -> None:
    world = a_world()
    world.dispatched()
    world.queue.broken = True
    assert world.cancel.latest("42") == 1
    world.queue.broken = False
    world.queue.sent.clear()
    world.look(after_s=1)

    assert_cancelled(world)
    assert world.runpod.cancelled == ["runpod-1"]


def test_while_discord_is_away_the_job_stays_cancelled_and_is_told_later() -> None:
    world = a_world()
    world.dispatched()
    world.cancel.latest("42")
    world.queue.sent.clear()
    world.replies.error = DiscordUnavailable("503")
    with pytest.raises(DiscordUnavailable):
        world.dispatch("1001")
    world.replies.error = None
    world.look(after_s=DELIVERY_LEASE_S)

    assert_cancelled(world)


def test_a_job_that_keeps_moving_is_cancelled_at_last_or_reported_as_not() -> None:
    """Nobody is told that a job was cancelled that was not."""
    world, store = racing()
    world.dispatched()

    def returned_and_dispatched_again() -> None:
        job = world.job()
        world.store.move(job, job.returned(world.clock(), lost=False))
        world.dispatch("1001")

    store.rivals = [returned_and_dispatched_again] * 20
    cancelled = world.cancel.latest("42")

    assert cancelled == 0
    assert world.job().state is JobState.DISPATCHED
