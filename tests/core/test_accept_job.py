from __future__ import annotations

import dataclasses

import pytest

from distillery.core.deadlines import NOT_ADMITTED_S
from distillery.core.errors import InvalidOption, NotEnoughCredits
from distillery.core.job import JobState
from distillery.core.recipes.recipe import Attachment
from distillery.core.records import Account
from distillery.core.tier import Tier
from tests.core.world import CDN, World


def image(url: str = f"{CDN}/attachments/1/2/a.png") -> Attachment:
    return Attachment("a.png", url, "image/png", 100)


def test_an_order_becomes_a_queued_job_and_wakes_the_dispatcher(world: World) -> None:
    job = world.accepted()

    assert world.job() == job
    assert job.state is JobState.QUEUED
    assert job.request.values["prompt"] == "a red fox"
    assert world.queue.sent == [("1001", 0)]


def test_the_same_interaction_twice_is_one_job(world: World) -> None:
    first = world.accepted()
    world.clock.pass_time(5)
    second = world.accepted()

    assert world.job() == first
    assert second.request == first.request
    assert world.telemetry.counts["JobsAccepted"] == 1


def test_a_repeat_after_the_job_moved_on_changes_nothing(world: World) -> None:
    dispatched = world.dispatched()
    world.accepted()
    world.dispatch("1001")

    assert world.job() == dispatched
    assert len(world.runpod.submitted) == 1


def test_without_a_seed_one_is_drawn_that_a_repeat_draws_again(world: World) -> None:
    seeds = {World().accepted().request.values["seed"] for _ in range(3)}
    other = world.accepted("1002").request.values["seed"]

    assert len(seeds) == 1
    assert other not in seeds


def test_a_wrong_option_is_refused_before_anything_is_written(world: World) -> None:
    with pytest.raises(InvalidOption, match="stepz"):
        world.accept(world.order(prompt="a fox", stepz=3))

    assert world.store.load("1001") is None
    assert world.queue.sent == []


def test_an_unknown_workflow_is_refused_with_the_nearest_right_name(world: World) -> None:
    with pytest.raises(InvalidOption, match="Did you mean `plain`"):
        world.accept(world.order(workflow="plane"))


def test_a_file_that_is_not_on_discords_cdn_is_refused(world: World) -> None:
    for url in (
        "https://evil.example/a.png",
        "http://cdn.discordapp.com/a.png",
        "https://cdn.discordapp.com.evil.example/a.png",
        "https://cdn.discordapp.com@evil.example/a.png",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
    ):
        with pytest.raises(InvalidOption, match="attached in Discord"):
            world.accept(world.order(prompt="a fox", image=image(url)))
    assert world.store.load("1001") is None


def test_an_attached_file_is_part_of_the_request(world: World) -> None:
    job = world.accepted(prompt="a fox", image=image())
    assert job.request.attachments == {"image": image()}
    assert "image" not in job.request.values


def test_when_the_queue_fails_the_job_waits_for_the_watchdog(world: World) -> None:
    world.queue.broken = True
    assert world.accepted().state is JobState.QUEUED

    world.queue.broken = False
    world.look(NOT_ADMITTED_S)
    assert world.queue.sent == [("1001", 0)]


def test_a_member_has_the_best_tier_that_one_of_their_roles_gives() -> None:
    gold, silver = Tier("gold", role_id="g"), Tier("silver", role_id="s")
    world = World(tiers=(gold, silver, Tier("everybody")))

    def tier(*roles: str) -> str:
        order = dataclasses.replace(world.order(), role_ids=frozenset(roles))
        return world.accept(dataclasses.replace(order, job_id="-".join(roles))).tier.name

    assert tier("s", "g", "other") == "gold"
    assert tier("s") == "silver"
    assert tier("other") == "everybody"
    assert tier() == "everybody"


def test_what_a_job_costs_is_reserved_before_the_dispatcher_is_woken() -> None:
    world = World(tiers=(Tier(credits=1),))
    world.accepted()
    assert world.account() == Account(balance=0, reserved=1)

    world.queue.sent.clear()
    with pytest.raises(NotEnoughCredits, match="0 credits left"):
        world.accepted("1002")
    assert world.store.load("1002") is None
    assert world.queue.sent == []


def test_a_repeat_of_the_last_request_that_credits_cover_is_still_acknowledged() -> None:
    world = World(tiers=(Tier(credits=1),))
    world.accepted()
    world.accepted()
    assert world.account() == Account(balance=0, reserved=1)
    assert world.queue.sent == [("1001", 0), ("1001", 0)]
