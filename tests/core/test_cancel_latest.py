"""`latest` means the one that the member sees as their latest, even if it ends this very moment."""

from __future__ import annotations

from collections.abc import Callable

from distillery.core.job import Job, JobState
from local.memory_store import MemoryJobStore
from tests.core.world import World


class RacingStore(MemoryJobStore):
    """Lets others act right before a job is cancelled, once for each rival."""

    def __init__(self) -> None:
        super().__init__()
        self.rivals: list[Callable[[], object]] = []

    def move(self, before: Job, after: Job, *, slot_limit: int | None = None) -> None:
        if after.was_cancelled and not before.was_cancelled and self.rivals:
            self.rivals.pop(0)()
        super().move(before, after, slot_limit=slot_limit)


def two_jobs() -> tuple[World, RacingStore]:
    store = RacingStore()
    world = World(store=store)
    world.dispatched("older")
    world.clock.pass_time(1)
    world.dispatched("latest")
    return world, store


def test_the_latest_never_cancels_an_older_one_instead() -> None:
    world, store = two_jobs()
    store.rivals = [lambda: world.finish("latest")]

    assert world.cancel.latest("42") == 0
    world.run_queue()
    assert world.job("latest").state is JobState.SUCCEEDED
    assert world.job("older").state is JobState.DISPATCHED


def test_all_goes_on_after_one_that_has_just_ended() -> None:
    world, store = two_jobs()
    store.rivals = [lambda: world.finish("latest")]

    assert world.cancel.all("42") == 1
    world.run_queue()
    assert world.job("older").state is JobState.CANCELLED


def test_nobody_is_told_that_a_job_was_cancelled_that_was_not() -> None:
    """It moves from attempt to attempt faster than it can be caught."""
    world, store = two_jobs()

    def moves_on() -> None:
        job = world.job("latest")
        world.store.move(job, job.returned(world.clock(), lost=False))
        world.dispatch("latest")

    store.rivals = [moves_on] * 20

    assert world.cancel.latest("42") == 0
    assert world.job("latest").state is JobState.DISPATCHED
    assert world.job("older").state is JobState.DISPATCHED
