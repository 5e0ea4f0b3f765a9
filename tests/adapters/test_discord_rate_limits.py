"""What Discord says about its limits is obeyed; progress gives way to answers."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import pytest
from urllib3 import HTTPResponse

from distillery.core.errors import DiscordRefused, DiscordUnavailable
from distillery.discord.http import LONGEST_WAIT_S
from distillery.discord.rate_limits import INVALID_CEILING, INVALID_WINDOW_S, RateLimits, Target
from local.memory import FakeClock, MemoryTelemetry
from tests.adapters.discord_side import DiscordSide
from tests.adapters.scripted_server import Script

OK = (200, {})


@pytest.fixture
def discord(server: Script) -> DiscordSide:
    return DiscordSide(server.url)


def limit(left: int, reset_s: float, bucket: str = "abc") -> Mapping[str, str]:
    """Return the headers of an answer, as Discord words them."""
    return {
        "X-RateLimit-Limit": "5",
        "X-RateLimit-Remaining": str(left),
        "X-RateLimit-Reset-After": str(reset_s),
        "X-RateLimit-Bucket": bucket,
    }


def too_many(retry_s: float, scope: str = "user") -> tuple[Any, ...]:
    """Return a 429 as Discord words it."""
    body = {"message": "slow", "retry_after": retry_s, "global": scope == "global"}
    return 429, body, {"X-RateLimit-Scope": scope, "Retry-After": str(int(retry_s) + 1)}


def answer(discord: DiscordSide, token: str = "t") -> None:
    discord.webhook.edit_original("1", token, {"content": "x"})


def progress(discord: DiscordSide, token: str = "t") -> bool:
    """Show progress; tell whether it went out."""
    try:
        discord.webhook.edit_original("1", token, {"content": "x"}, droppable=True)
    except DiscordUnavailable:
        return False
    return True


def test_an_answer_waits_for_an_exhausted_bucket(server: Script, discord: DiscordSide) -> None:
    server.answers = [(200, {}, limit(0, 1.5)), OK]
    answer(discord)
    answer(discord)
    assert discord.waits == [pytest.approx(1.5)]


def test_an_answer_that_would_wait_too_long_is_not_sent(
    server: Script, discord: DiscordSide
) -> None:
    server.answers = [(200, {}, limit(0, LONGEST_WAIT_S + 1)), OK]
    answer(discord)
    with pytest.raises(DiscordUnavailable) as caught:
        answer(discord)
    assert caught.value.retry_after_s == pytest.approx(LONGEST_WAIT_S + 1)
    assert (len(server.asked), discord.waits) == (1, [])


def test_all_waits_of_an_answer_together_are_bounded(server: Script, discord: DiscordSide) -> None:
    server.answers = [too_many(2.0)]
    with pytest.raises(DiscordUnavailable):
        answer(discord)
    assert sum(discord.waits) <= LONGEST_WAIT_S


def test_progress_never_waits(server: Script, discord: DiscordSide) -> None:
    server.answers = [too_many(0.2)]
    assert not progress(discord)
    assert not progress(discord)
    assert (len(server.asked), discord.waits) == (1, [])


def test_progress_leaves_the_last_call_of_a_bucket_to_the_answer(
    server: Script, discord: DiscordSide
) -> None:
    server.answers = [(200, {}, limit(1, 2.0)), OK]
    assert progress(discord)
    assert not progress(discord)
    answer(discord)
    assert (len(server.asked), discord.waits) == (2, [])


def test_progress_is_spread_over_the_window_less_the_call_of_the_answer(
    server: Script, discord: DiscordSide
) -> None:
    server.answers = [(200, {}, limit(5, 2.0))]
    shown = 0
    for _ in range(40):
        shown += progress(discord)
        discord.clock.pass_time(0.25)
    assert shown == 20


def test_one_webhook_does_not_wait_for_another(server: Script, discord: DiscordSide) -> None:
    server.answers = [(200, {}, limit(0, 3.0)), OK]
    answer(discord, "one")
    answer(discord, "two")
    assert discord.waits == []


def test_routes_that_discord_gives_one_hash_share_a_limit_for_each_channel() -> None:
    limits = RateLimits(FakeClock(), MemoryTelemetry())
    limits.heard(Target("POST", "channel 7"), HTTPResponse(headers=limit(0, 2.0), status=200))
    limits.heard(Target("PATCH", "channel 8"), HTTPResponse(headers=limit(4, 2.0), status=200))
    assert limits.wait_s(Target("PATCH", "channel 7"), droppable=False) == 2.0
    assert limits.wait_s(Target("PATCH", "channel 8"), droppable=False) == 0.0


def test_a_refusal_is_remembered_when_the_hash_of_the_route_becomes_known(
    server: Script, discord: DiscordSide
) -> None:
    server.answers = [too_many(3.0, "shared"), (200, {}, limit(4, 2.0)), OK]
    assert not progress(discord, "one")
    answer(discord, "two")
    answer(discord, "one")
    assert discord.waits == [pytest.approx(3.0)]


@pytest.mark.parametrize(
    "refusal",
    [too_many(3.0, "global"), (429, b"error code: 1015", {"Retry-After": "3"})],
    ids=["discord", "cloudflare"],
)
def test_a_global_limit_stops_every_call(
    server: Script, discord: DiscordSide, refusal: tuple[Any, ...]
) -> None:
    server.answers = [refusal, OK]
    assert not progress(discord, "one")
    assert not progress(discord, "two")
    answer(discord, "three")
    assert discord.waits == [pytest.approx(3.0)]


@pytest.mark.parametrize("value", ["-1", "nan", "inf", "soon", ""])
def test_a_header_that_makes_no_sense_changes_nothing(
    server: Script, discord: DiscordSide, value: str
) -> None:
    server.answers = [(200, {}, limit(0, 1.0) | {"X-RateLimit-Reset-After": value}), OK]
    answer(discord)
    answer(discord)
    assert discord.waits == []


@pytest.mark.parametrize(
    ("refusal", "counted"),
    [
        (too_many(0.0), True),
        (too_many(0.0, "global"), True),
        (too_many(0.0, "shared"), False),
        ((401, {"code": 0, "message": "no"}), True),
        ((403, {"code": 50013, "message": "no"}), True),
        ((400, {"code": 50035, "message": "no"}), False),
        ((404, {"code": 10015, "message": "no"}), False),
        ((500, {}), False),
    ],
)
def test_what_discord_calls_an_invalid_request_is_counted(
    server: Script, discord: DiscordSide, refusal: tuple[Any, ...], counted: bool
) -> None:
    server.answers = [refusal, OK]
    with contextlib.suppress(DiscordRefused):
        progress(discord)
    assert discord.telemetry.counts.get("DiscordInvalidRequests", 0) == counted
    assert discord.telemetry.counts.get("RateLimitsMet", 0) == (refusal[0] == 429)


def test_near_the_ban_line_only_answers_are_sent(server: Script, discord: DiscordSide) -> None:
    server.answers = [too_many(0.0)]
    for _ in range(INVALID_CEILING):
        progress(discord)
    server.answers = [OK]
    asked = len(server.asked)

    assert not progress(discord, "another")
    answer(discord, "another")
    assert len(server.asked) == asked + 1

    discord.clock.pass_time(INVALID_WINDOW_S)
    assert progress(discord, "another")


def test_what_is_remembered_of_buckets_is_bounded(server: Script, discord: DiscordSide) -> None:
    server.answers = [(200, {}, limit(3, 1.0))]
    for token in range(1500):
        answer(discord, str(token))
        discord.clock.pass_time(0.01)
    assert len(discord.limits._buckets) < 1200
