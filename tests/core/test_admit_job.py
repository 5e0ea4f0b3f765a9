"""A new job is made ready and gets its place in the line, or waits until its member has room."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from distillery.core import keys
from distillery.core.credits import LedgerKind
from distillery.core.errors import MemberAtLimit
from distillery.core.job import Job, JobState
from distillery.core.recipes.recipe import Attachment
from distillery.core.tier import Tier
from local.memory import MemoryAttachments
from local.memory_store import MemoryJobStore
from tests.core.world import CDN, RECIPE, World

FOX = Attachment("fox.png", f"{CDN}/fox.png", "image/png", 3)
ONE_AT_ONCE = (Tier(jobs_at_once=1),)
TWO_AT_ONCE = (Tier(jobs_at_once=2),)
ONE_FOR_42 = (Tier("strict", jobs_at_once=1, role_id="42"), Tier(jobs_at_once=10))


@dataclass
class WatchedAttachments(MemoryAttachments):
    """Counts what is fetched, and lets others act while a file is on its way."""

    fetched: int = 0
    meanwhile: Callable[[], None] = lambda: None

    def fetch(self, url: str, max_bytes: int) -> bytes:
        self.fetched += 1
        self.meanwhile()
        return super().fetch(url, max_bytes)


class RacingStore(MemoryJobStore):
    """Lets others act right before a job is held back, or right before it is admitted."""

    def __init__(self) -> None:
        super().__init__()
        self.before_held: Callable[[], None] | None = None
        self.before_admitted: Callable[[], None] | None = None

    def move(self, before: Job, after: Job, *, slot_limit: int | None = None) -> None:
        if after.is_held and not before.is_held and self.before_held:
            act, self.before_held = self.before_held, None
            act()
        if after.is_in_flight and not before.is_in_flight and self.before_admitted:
            act, self.before_admitted = self.before_admitted, None
            act()
        super().move(before, after, slot_limit=slot_limit)


def with_file() -> tuple[World, WatchedAttachments]:
    files = WatchedAttachments({FOX.url: b"fox"})
    return World(attachments=files), files


def test_a_members_file_is_copied_to_our_store_before_the_job_is_in_the_line() -> None:
    world, _ = with_file()
    world.all_slots_taken()
    world.accepted(prompt="a fox", image=FOX)
    world.dispatch("1001")

    assert world.objects.read(keys.input_key("1001", "image")) == b"fox"
    assert world.store.line(10) == ["1001"]


OURS = Attachment("fox.png", "", "image/png", 3, key="jobs/7/1/outputs/fox.png")


def test_a_picture_of_ours_is_copied_from_our_own_store() -> None:
    world = World()
    world.objects.put(str(OURS.key), b"fox", "image/png")
    world.accepted(prompt="a red fox", image=OURS)
    world.dispatch("1001")
    assert world.objects.read(keys.input_key("1001", "image")) == b"fox"
    assert world.job().state is JobState.DISPATCHED


def test_a_picture_of_ours_that_is_not_kept_any_more_ends_the_job_with_words() -> None:
    world = World()
    world.accepted(prompt="a red fox", image=OURS)
    world.dispatch("1001")
    assert "not kept any more" in world.words()


def test_the_file_is_fetched_once_however_often_the_job_is_called() -> None:
    world, files = with_file()
    world.all_slots_taken()
    world.accepted(prompt="a fox", image=FOX)
    for _ in range(3):
        world.dispatch("1001")

    assert files.fetched == 1


def test_the_file_of_a_job_held_back_is_not_fetched_again_when_its_turn_comes() -> None:
    files = WatchedAttachments({FOX.url: b"fox"})
    world = World(attachments=files, tiers=ONE_AT_ONCE)
    world.dispatched("first")
    world.accepted("second", prompt="a fox", image=FOX)
    world.dispatch("second")
    world.attachments.files = {}  # by then Discord has forgotten it
    world.finish("first")
    world.run_queue()

    assert files.fetched == 1
    assert world.job("second").state is JobState.DISPATCHED


def test_a_file_that_is_gone_ends_its_job_with_words_and_gives_the_charge_back() -> None:
    world, files = with_file()
    files.files = {}
    world.accepted(prompt="a fox", image=FOX)
    world.dispatch("1001")

    assert "gone from Discord" in world.words()
    assert world.job().state is JobState.FAILED
    assert [line.kind for line in world.store.ledger("42")] == [
        LedgerKind.RESERVE,
        LedgerKind.REFUND,
    ]


def test_a_workflow_that_was_removed_meanwhile_ends_the_job_with_words() -> None:
    world = World()
    job = world.accepted()
    request = replace(job.request, workflow="old-one")
    world.table.jobs["1001"] = replace(job, request=request)
    world.dispatch("1001")

    assert "`old-one` is no longer installed" in world.words()
    assert world.store.line(10) == []


def test_a_job_that_breaks_its_room_does_so_before_it_is_in_the_line() -> None:
    """In the line it would break every room that serves those behind it."""
    world = World()
    broken = replace(RECIPE, graph={})
    admit = replace(world.admit, recipes={"plain": broken})
    with pytest.raises(KeyError):
        admit(world.accepted())

    assert world.store.line(10) == []
    assert world.account().in_flight == frozenset()


def test_a_job_that_fails_here_ends_nobody_elses_and_takes_no_slot() -> None:
    world, files = with_file()
    files.files = {}
    world.accepted("bad", prompt="a fox", image=FOX)
    world.accepted("good", user="43")
    world.run_queue()

    assert world.job("good").state is JobState.DISPATCHED
    assert world.record("runpod").holders == {"good#1"}
    assert world.account("42").in_flight == frozenset()


def test_a_job_over_its_members_limit_is_held_back_outside_of_the_line() -> None:
    world = World(tiers=TWO_AT_ONCE)
    for name in ("1", "2", "3"):
        world.dispatched(name)

    assert world.job("3").is_held
    assert world.store.line(10) == []
    assert world.account().in_flight == {"1", "2"}


def test_the_limit_is_each_members_own() -> None:
    world = World(tiers=ONE_AT_ONCE)
    world.dispatched("1", user="42")

    assert world.dispatched("2", user="43").state is JobState.DISPATCHED


def test_one_place_is_never_given_to_two_jobs_of_a_member() -> None:
    store = RacingStore()
    world = World(store=store, tiers=ONE_AT_ONCE)
    world.accepted("1")
    world.accepted("2")
    store.before_admitted = lambda: world.dispatch("2")
    world.dispatch("1")

    assert world.account().in_flight == {"2"}
    assert world.job("1").is_held


@pytest.mark.parametrize("how", ["pictures", "words", "cancelled"])
def test_an_end_frees_the_place_and_calls_the_held_job(how: str) -> None:
    world = World(tiers=ONE_AT_ONCE)
    world.dispatched("1")
    world.dispatched("2")
    world.queue.sent.clear()
    if how == "pictures":
        world.finish("1")
    elif how == "words":
        world.worker_writes_error("bad_input", "1")
        world.deliver("1", 1)
    else:
        world.deliver.fail(world.job("1"), "Cancelled.", kind="cancelled")

    assert ("2", 0) in world.queue.sent
    world.run_queue()
    assert world.job("2").state is JobState.DISPATCHED
    assert world.account().in_flight == {"2"}


def test_the_job_held_back_for_longest_is_called_first() -> None:
    world = World(tiers=ONE_AT_ONCE)
    world.dispatched("9-first")
    for name in ("8-second", "7-third"):
        world.clock.pass_time(1)
        world.dispatched(name)
    world.queue.sent.clear()
    world.finish("9-first")
    world.run_queue()

    assert world.job("8-second").state is JobState.DISPATCHED
    assert world.job("7-third").is_held


def test_nobody_is_held_back_for_a_job_that_ended_just_before() -> None:
    """Its end looked for somebody to call before the held job could be seen."""
    store = RacingStore()
    world = World(store=store, tiers=ONE_AT_ONCE)
    world.dispatched("1")
    world.accepted("2")
    world.queue.sent.clear()
    store.before_held = lambda: world.finish("1")
    world.dispatch("2")

    assert world.job("2").state is JobState.DISPATCHED


def test_a_call_that_was_lost_is_repeated_by_the_watchdog() -> None:
    world = World(tiers=ONE_AT_ONCE)
    world.dispatched("1")
    world.dispatched("2")
    world.finish("1")
    world.queue.sent.clear()  # lost
    world.heal_line()
    world.run_queue()

    assert world.job("2").state is JobState.DISPATCHED


def test_a_held_job_that_is_called_in_vain_stays_held_and_unchanged() -> None:
    world = World(tiers=ONE_AT_ONCE)
    world.dispatched("1")
    held = world.dispatched("2")
    world.clock.pass_time(5)
    world.dispatch("2")

    assert world.job("2") == held


def test_a_job_cancelled_while_its_file_is_fetched_does_not_enter_the_line() -> None:
    world, files = with_file()
    world.accepted(prompt="a fox", image=FOX)

    def member_changes_their_mind() -> None:
        world.cancel.latest("42")

    files.meanwhile = member_changes_their_mind
    world.dispatch("1001")

    assert world.store.line(10) == []
    assert world.account().in_flight == frozenset()
    assert world.runpod.submitted == []


def test_two_messages_for_one_job_give_it_one_place_and_cost_its_member_one_turn() -> None:
    world, files = with_file()
    world.all_slots_taken()
    world.accepted(prompt="a fox", image=FOX)

    def other_message() -> None:
        files.meanwhile = lambda: None
        world.dispatch("1001")

    files.meanwhile = other_message
    world.dispatch("1001")

    job, account = world.job(), world.account()
    assert account.in_flight == {"1001"}
    assert job.start_tag == world.record("sagemaker").virtual_time
    assert account.finish_tag == job.finish_tag


def test_two_messages_for_one_job_do_not_hold_it_back_behind_itself() -> None:
    files = WatchedAttachments({FOX.url: b"fox"})
    world = World(attachments=files, tiers=ONE_FOR_42)
    world.all_slots_taken()
    world.accepted(prompt="a fox", image=FOX)

    def other_message() -> None:
        files.meanwhile = lambda: None
        world.dispatch("1001")

    files.meanwhile = other_message
    world.dispatch("1001")

    assert "held" not in world.job().times
    assert world.store.line(10) == ["1001"]


def test_the_store_itself_refuses_a_place_beyond_the_limit() -> None:
    world = World(tiers=ONE_AT_ONCE)
    world.dispatched("1")
    job = world.accepted("2")
    with pytest.raises(MemberAtLimit):
        world.store.move(job, job.admitted(0.0, world.clock()))
    assert world.job("2").start_tag is None
