"""The promises hold where somebody judges pictures first, who is slow, or silent at times."""

from __future__ import annotations

import random
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from distillery.core.errors import NoOpinion
from distillery.core.moderation.picture_actions import parse_picture_actions
from distillery.core.moderation.ports import Finding
from distillery.core.moderation.review_pictures import ReviewPictures
from local.chaos import campaign
from local.chaos.clockwork import Clockwork
from local.chaos.weather import STORM
from local.chaos.world import World
from local.memory import MemoryTelemetry
from local.memory_moderation import MemoryModeration


@dataclass
class Moody:
    """Finds every third picture unfit, always the same; says nothing at times, and takes long."""

    clock: Clockwork
    chance: random.Random

    def takes(self, content_type: str, size: int) -> bool:
        return True

    def of_picture(self, key: str) -> Sequence[Finding]:
        self.clock.pass_time(self.chance.random() * 4)
        if self.chance.random() < 0.2:
            raise NoOpinion("down")
        return [Finding("Explicit", 1.0)] if zlib.crc32(key.encode()) % 3 == 0 else []


@pytest.mark.parametrize("action", ["hide", "refuse", "spoiler"])
def test_every_request_has_one_answer_and_its_charge_is_right(action: str) -> None:
    world = World(1, STORM)
    moderation = MemoryModeration()
    review = ReviewPictures(
        Moody(world.clock, random.Random(1)),
        moderation,
        MemoryTelemetry(),
        world.clock,
        score=0.7,
        actions=parse_picture_actions(f'{{"strict": "{action}", "standard": "{action}"}}'),
    )
    object.__setattr__(world.service.deliver, "review", review)
    seen = campaign.run(world, 200)
    assert seen.kept, str(seen)
    assert len(moderation.kept) > 20
