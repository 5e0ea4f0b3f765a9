"""A member sees their own requests: where each stands, and how each ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from distillery.core.job import JobState
from distillery.core.list_jobs import LATEST, Standing
from distillery.core.tier import Tier
from tests.core.world import World


def many(world: World, count: int, user: str = "42") -> list[str]:
    """Dispatch jobs a second apart; what finds no slot waits."""
    names = [f"{user}-{number:03}" for number in range(count)]
    for name in names:
        world.dispatched(name, user=user)
        world.clock.pass_time(1)
    return names


def names(standings: Sequence[Standing]) -> list[str]:
    return [standing.job.job_id for standing in standings]


def test_a_member_who_never_asked_has_no_jobs() -> None:
    world = World()

    assert list(world.list_jobs.open("42", 10)) == []
    assert list(world.list_jobs.ended("42", 10)) == []


def test_open_jobs_come_the_latest_first() -> None:
    world = World()
    many(world, 3)

    assert names(world.list_jobs.open("42", 10)) == ["42-002", "42-001", "42-000"]


def test_the_pictures_of_one_request_come_in_their_order() -> None:
    world = World()
    world.accepted("1000")
    world.clock.pass_time(1)
    world.accept(replace(world.order(), images=3))
    world.clock.pass_time(1)
    world.accepted("1002")

    assert names(world.list_jobs.open("42", 10)) == ["1002", "1001", "1001-2", "1001-3", "1000"]


def test_no_more_are_listed_than_are_asked_for_and_these_are_the_latest() -> None:
    world = World()
    jobs = many(world, 4)
    assert names(world.list_jobs.open("42", 2)) == ["42-003", "42-002"]
    for name in jobs:
        world.finish(name)

    ended = world.list_jobs.ended("42", 2)
    assert [job.job_id for job in ended] == ["42-003", "42-002"]


def test_each_member_sees_their_own_alone() -> None:
    world = World()
    many(world, 1, "42")
    theirs = many(world, 1, "43")
    world.finish(theirs[0])

    assert names(world.list_jobs.open("42", 10)) == ["42-000"]
    assert list(world.list_jobs.ended("42", 10)) == []
    assert names(world.list_jobs.open("43", 10)) == []
    assert [job.job_id for job in world.list_jobs.ended("43", 10)] == ["43-000"]


def test_the_place_counts_everybody_who_stands_before_the_job() -> None:
    world = World(slots=0)
    many(world, 2, "41")  # start tags 0 and 1
    many(world, 2, "42")  # the same, but asked later

    assert [(s.job.job_id, s.place) for s in world.list_jobs.open("42", 10)] == [
        ("42-001", 3),
        ("42-000", 1),
    ]


def test_a_job_at_a_provider_stands_nowhere_in_the_line() -> None:
    world = World()
    many(world, 1)
    (standing,) = world.list_jobs.open("42", 10)

    assert standing.job.state is JobState.DISPATCHED
    assert standing.place is None


def test_a_job_that_is_held_back_or_new_stands_nowhere_in_the_line() -> None:
    world = World(slots=0, tiers=(Tier(jobs_at_once=1),))
    many(world, 2)
    world.accepted("new")

    assert [(s.job.job_id, s.job.is_held, s.place) for s in world.list_jobs.open("42", 10)] == [
        ("new", False, None),
        ("42-001", True, None),
        ("42-000", False, 0),
    ]


def test_a_job_whose_end_is_known_is_not_open_although_the_member_was_not_told_yet() -> None:
    world = World()
    many(world, 1)
    world.cancel.latest("42")

    assert world.job("42-000").state is JobState.DELIVERING
    assert list(world.list_jobs.open("42", 10)) == []
    assert [job.job_id for job in world.list_jobs.ended("42", 10)] == ["42-000"]


def test_ended_ones_tell_pictures_failures_and_cancels_apart() -> None:
    world = World()
    many(world, 3)
    world.finish("42-000")
    world.deliver.fail(world.job("42-001"), "no", kind="test")
    world.cancel.latest("42")
    world.run_queue()

    assert [job.state for job in world.list_jobs.ended("42", 10)] == [
        JobState.CANCELLED,
        JobState.FAILED,
        JobState.SUCCEEDED,
    ]


def test_a_record_that_was_deleted_meanwhile_is_left_out() -> None:
    """The index may tell of a job a moment longer than there is one."""
    world = World()
    many(world, 2)
    deleted = world.table.jobs["42-001"]
    world.store.of_member = lambda user_id, limit: [deleted.job_id, "42-000"]  # type: ignore[method-assign]
    del world.table.jobs["42-001"]

    assert names(world.list_jobs.open("42", 10)) == ["42-000"]


def test_only_the_latest_jobs_are_looked_at_since_discord_does_not_wait() -> None:
    world = World(slots=0)
    world.accepted("oldest")
    for number in range(LATEST):
        world.clock.pass_time(1)
        world.accepted(f"{number:03}")

    standing = world.list_jobs.open("42", 1000)
    assert len(standing) == LATEST
    assert "oldest" not in names(standing)
