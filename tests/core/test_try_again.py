"""A request that came to nothing is made again: with its files, wherever they lie by then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from unittest.mock import Mock

import pytest

from distillery.core.errors import NotChecked
from distillery.core.follow_up import options_again
from distillery.core.job import JobState
from distillery.core.recipes.recipe import Attachment
from local.memory import MemoryAttachments
from tests.core.world import CDN, RECIPE, World

FOX = Attachment("fox.png", f"{CDN}/fox.png", "image/png", 3)
FILES = {FOX.url: b"fox"}


def discord_hands_nothing_out(world: World) -> None:
    world.attachments.files = {}
    world.dispatch("1001")
    world.attachments.files = FILES


def words_cannot_be_checked(world: World) -> None:
    replace(world.admit, review=Mock(side_effect=NotChecked("Try again.")))(world.job())


def called_off_at_once(world: World) -> None:
    world.cancel.latest("42")
    world.run_queue()


@pytest.mark.parametrize(
    "came_to_nothing", [discord_hands_nothing_out, words_cannot_be_checked, called_off_at_once]
)
def test_a_file_that_was_never_copied_is_fetched_from_where_it_lay(
    came_to_nothing: Callable[[World], None],
) -> None:
    world = World(attachments=MemoryAttachments(FILES))
    world.accepted(prompt="a fox", image=FOX)
    came_to_nothing(world)
    assert world.job().is_final

    world.accepted("1002", **options_again(world.job(), RECIPE, same_seed=True))
    world.dispatch("1002")
    assert world.job("1002").state is JobState.DISPATCHED


def test_a_picture_of_ours_that_was_never_copied_is_taken_from_where_it_lay() -> None:
    world = World()
    ours = replace(FOX, url="", key="jobs/7/1/outputs/0_9.png")
    world.objects.put(str(ours.key), b"fox", "image/png")
    world.accepted(prompt="a fox", image=ours)
    called_off_at_once(world)

    world.accepted("1002", **options_again(world.job(), RECIPE))
    world.dispatch("1002")
    assert world.job("1002").state is JobState.DISPATCHED


def test_a_file_that_was_copied_is_ours_when_discord_has_forgotten_it() -> None:
    world = World(attachments=MemoryAttachments(FILES))
    world.all_slots_taken()
    world.accepted(prompt="a fox", image=FOX)
    world.dispatch("1001")
    called_off_at_once(world)
    world.attachments.files = {}

    world.accepted("1002", **options_again(world.job(), RECIPE))
    world.dispatch("1002")
    assert world.job("1002").start_tag is not None
