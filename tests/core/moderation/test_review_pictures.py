"""Pictures are judged before anybody sees them and before they are paid for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from distillery.core import keys
from distillery.core.errors import NoOpinion
from distillery.core.job import JobState
from distillery.core.moderation.picture_actions import PictureActions, parse_picture_actions
from distillery.core.moderation.ports import Finding
from distillery.core.moderation.records import GuildPolicy
from distillery.core.moderation.review_pictures import UNFIT, ReviewPictures
from distillery.core.records import Account
from distillery.core.rules.rule import Level
from distillery.core.tier import Tier
from local.memory_moderation import MemoryModeration
from tests.core.world import World

UNSURE, SURE = Finding("Swimwear", 0.5), Finding("Explicit", 0.9)


@dataclass
class Judge:
    """Finds what it was told to find in pictures of a name, and keeps what it was asked."""

    findings: Mapping[str, Sequence[Finding]] = field(default_factory=dict)
    silent: bool = False
    asked: list[str] = field(default_factory=list)

    def takes(self, content_type: str, size: int) -> bool:
        return content_type == "image/png"

    def of_picture(self, key: str) -> Sequence[Finding]:
        name = key.rpartition("/")[2]
        self.asked.append(name)
        if self.silent:
            raise NoOpinion("down")
        return self.findings.get(name, [])


class Reviewed:
    """A service in which somebody judges pictures."""

    def __init__(self, judge: Judge, **actions: str) -> None:
        self.judge = judge
        self.moderation = MemoryModeration()
        self.world = World(tiers=(Tier(credits=5),))
        world = self.world
        review = ReviewPictures(
            *(judge, self.moderation, world.telemetry, world.clock),
            score=0.7,
            actions=parse_picture_actions(json.dumps(actions)),
        )
        world.deliver = replace(world.deliver, review=review)

    def delivers(self, *names: str, **origin: Any) -> None:
        """Let a worker make pictures of these names, and deliver them."""
        world = self.world
        order = world.order()
        world.accept(replace(order, origin=replace(order.origin, **origin)))
        world.dispatch("1001")
        outputs = []
        for name in names:
            kind = "image/png" if name.endswith("png") else "video/mp4"
            world.objects.put(keys.output_key("1001", 1, name), b"xxxx", kind)
            outputs.append({"name": name, "content_type": kind, "bytes": 4})
        world.worker_writes_result("1001", 1, status="succeeded", outputs=outputs)
        world.deliver("1001", 1)

    def shown(self) -> dict[str, bool]:
        """The pictures that the member was shown, and whether they are covered."""
        shown = self.world.replies.showing("1001")
        assert shown is not None
        assert shown.kind == "pictures", shown
        return {each.picture.name: each.sent.spoiler for each in shown.content}

    def decided(self) -> list[tuple[str, str]]:
        """What is recorded."""
        return [(one.action, one.rule_id) for one in self.moderation.kept.values()]


def test_what_is_fit_is_shown_as_it_is_and_not_recorded() -> None:
    service = Reviewed(Judge({"a.png": [UNSURE]}))
    service.delivers("a.png", guild_id="9")
    assert service.shown() == {"a.png": False}
    assert service.decided() == []


@pytest.mark.parametrize(
    ("level", "origin", "action"),
    [
        (Level.RELAXED, {"guild_id": "9"}, "spoiler"),
        (None, {"guild_id": "9"}, "hide"),  # the deployment's level, standard
        (Level.STRICT, {"guild_id": "9"}, "refuse"),
        (Level.STRICT, {"guild_id": "9", "age_restricted": True}, "spoiler"),
        (None, {}, "refuse"),  # direct messages, which are strict
        (None, {"age_restricted": True}, "refuse"),  # no direct message is age-restricted
    ],
)
def test_what_becomes_of_the_unfit_depends_on_the_place(
    level: Level | None, origin: dict[str, Any], action: str
) -> None:
    service = Reviewed(Judge({"b.png": [SURE, UNSURE]}))
    service.moderation.policies["9"] = GuildPolicy(level=level)
    service.delivers("a.png", "b.png", **origin)

    assert service.decided() == [(action, "picture-check:Explicit")]
    outcome = service.world.job().outcome
    assert outcome is not None
    if action == "spoiler":
        assert service.shown() == {"a.png": False, "b.png": True}
    elif action == "hide":
        assert service.shown() == {"a.png": False}
        assert outcome.withheld == 1
    else:
        assert service.world.words() == UNFIT
        assert outcome.pictures == ()


def test_who_sees_nothing_pays_nothing_and_who_sees_something_pays() -> None:
    refused = Reviewed(Judge({"a.png": [SURE]}))
    refused.delivers("a.png", guild_id="9")  # all that there is, is hidden
    assert refused.world.words() == UNFIT
    assert refused.world.job().state is JobState.FAILED
    assert refused.world.account() == Account(finish_tag=1.0, balance=5, spent=0)
    assert refused.world.telemetry.counts["AnswersMissed"] == 0

    hidden = Reviewed(Judge({"a.png": [SURE]}))
    hidden.delivers("a.png", "b.png", guild_id="9")
    assert hidden.world.account() == Account(finish_tag=1.0, balance=4, spent=1)


def test_what_cannot_be_judged_is_covered_unless_the_operator_says_otherwise() -> None:
    covered = Reviewed(Judge())
    covered.delivers("a.png", "b.mp4", guild_id="9")
    assert covered.shown() == {"a.png": False, "b.mp4": True}
    assert covered.judge.asked == ["a.png"]
    assert covered.decided() == [("spoiler", "picture-check:unjudged")]

    let_be = Reviewed(Judge(), unjudged="show")
    let_be.delivers("b.mp4", guild_id="9")
    assert let_be.shown() == {"b.mp4": False}
    assert let_be.decided() == []


def test_a_judge_who_is_silent_is_not_asked_again_and_keeps_nobody_waiting() -> None:
    service = Reviewed(Judge(silent=True), unjudged="refuse")
    service.delivers("a.png", "b.png", guild_id="9")
    assert service.world.words() == UNFIT
    assert service.judge.asked == ["a.png"]
    assert service.world.telemetry.counts["OpinionsMissed"] == 1


def test_a_result_that_is_told_twice_is_one_answer_and_one_decision() -> None:
    service = Reviewed(Judge({"a.png": [SURE]}))
    service.delivers("a.png", "b.png", guild_id="9")
    service.world.deliver("1001", 1)
    assert len(service.world.replies.edits) == 1
    assert len(service.decided()) == 1


def test_a_picture_that_is_covered_stays_so_in_the_copy_that_discord_shows() -> None:
    service = Reviewed(Judge({"a.png": [SURE]}), standard="spoiler")
    world = service.world
    order = world.order()
    world.accept(replace(order, origin=replace(order.origin, guild_id="9")))
    world.dispatch("1001")
    for name in ("a.png", "a.webp"):
        world.objects.put(keys.output_key("1001", 1, name), b"xxxx", "image/png")
    output = {"name": "a.png", "content_type": "image/png", "bytes": 4}
    output["variant"] = {"name": "a.webp", "bytes": 4}
    world.worker_writes_result("1001", 1, status="succeeded", outputs=[output])
    world.deliver("1001", 1)
    assert service.shown() == {"a.png": True}


def test_canaries_are_not_judged() -> None:
    service = Reviewed(Judge({"0_9.png": [SURE]}))
    service.world.canaries()
    service.world.run_queue()
    [job_id, *_] = service.world.table.jobs
    service.world.finish(job_id)
    assert service.judge.asked == []


def test_no_preview_is_shown_where_pictures_are_judged_first(world: World) -> None:
    world.show_progress = replace(world.show_progress, shows_previews=False)
    world.dispatched()
    world.worker_writes_progress(1, preview=b"jpeg")
    world.show_progress("1001", 1)
    [(_, shown)] = world.replies.edits
    assert (shown.content.percent, shown.content.preview) == (50.0, None)


def test_the_table_is_read_and_what_is_wrong_with_it_is_named() -> None:
    assert parse_picture_actions("{}") == PictureActions()
    read = parse_picture_actions('{"unjudged": "refuse", "previews": "show"}')
    assert (read.unjudged, read.previews, read.strict) == ("refuse", "show", "refuse")
    for text, words in (
        ("", "JSON object"),
        ("[]", "JSON object"),
        ('{"everywhere": "hide"}', "everywhere: there are age_restricted, previews"),
        ('{"strict": "burn"}', "strict: it must be one of show, spoiler, hide, refuse"),
        ('{"previews": "spoiler"}', "previews: it must be one of show, hide"),
    ):
        with pytest.raises(ValueError, match=words):
            parse_picture_actions(text)
