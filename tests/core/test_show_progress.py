from __future__ import annotations

from distillery.core.deadlines import PROGRESS_WITHIN_S
from distillery.core.errors import DiscordUnavailable
from distillery.core.job import Job, JobState
from tests.core.world import World


def test_progress_is_shown_while_the_worker_is_at_it(world: World) -> None:
    world.dispatched()
    world.worker_writes_progress(1)
    world.show_progress("1001", 1)

    shown = world.replies.showing("1001")
    assert shown is not None
    assert shown.content.percent == 50.0


def test_old_progress_is_not_shown(world: World) -> None:
    world.dispatched()
    world.worker_writes_progress(2)
    world.show_progress("1001", 1)
    world.worker_writes_progress(1)
    world.show_progress("1001", 1)
    world.show_progress("1001", 7)  # an attempt that is not the current one
    assert len(world.replies.edits) == 1


def test_progress_never_stays_on_top_of_the_pictures(world: World) -> None:
    world.dispatched()
    world.worker_writes_progress(1)
    world.worker_writes_picture()

    def deliver_meanwhile(job: Job) -> None:
        world.replies.before_edit = lambda job: None
        world.deliver("1001", 1)

    world.replies.before_edit = deliver_meanwhile
    world.show_progress("1001", 1)

    assert world.shown() == ["pictures", "progress", "pictures"]


def test_progress_after_the_answer_is_not_shown(world: World) -> None:
    world.dispatched()
    world.finish()
    world.worker_writes_progress(3)
    world.show_progress("1001", 1)
    assert world.shown() == ["pictures"]


def test_a_dropped_progress_edit_harms_nobody(world: World) -> None:
    world.dispatched()
    world.worker_writes_progress(1)
    world.replies.error = DiscordUnavailable("slow down")
    world.show_progress("1001", 1)
    assert world.job().state is JobState.DISPATCHED


def test_progress_that_comes_so_late_that_nobody_could_take_it_back_is_not_shown(
    world: World,
) -> None:
    world.dispatched()
    world.clock.pass_time(PROGRESS_WITHIN_S - 1)
    world.worker_writes_progress(1)
    world.show_progress("1001", 1)
    world.clock.pass_time(1)
    world.worker_writes_progress(2)
    world.show_progress("1001", 1)

    assert [shown.content.sequence for _, shown in world.replies.edits] == [1]
