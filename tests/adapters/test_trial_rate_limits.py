"""A short run of the trial, and the rules of the Discord that it plays."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from distillery.discord.http import DiscordHttp, File
from distillery.discord.rate_limits import RateLimits
from distillery.discord.webhook import WebhookClient
from local.chaos.clockwork import Clockwork
from local.chaos.trials import rate_limits
from local.chaos.trials.limited_discord import (
    BUCKET_CALLS,
    BUCKET_S,
    GLOBAL_CALLS,
    LimitedDiscord,
    Line,
    Trouble,
)
from local.chaos.trials.turns import Turns
from local.memory import MemoryTelemetry

RARE = {"429 of the scope global"}  # so few jobs seldom come near it


def test_no_answer_is_lost_to_the_limits_and_few_calls_are_invalid() -> None:
    findings = rate_limits.run(600, 100)
    assert [f for f in findings if not f.kept and f.what not in RARE] == []


def test_the_same_seed_does_the_same() -> None:
    assert rate_limits.run(40, 40, seed=5) == rate_limits.run(40, 40, seed=5)


def broken(monkeypatch: pytest.MonkeyPatch, target: str, change: Any) -> set[str]:
    """Break the client; return which figures tell of it."""
    monkeypatch.setattr(target, change)
    return {f.what for f in rate_limits.run(600, 100) if not f.kept} - RARE


def test_a_client_that_ignores_the_limits_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    target = "distillery.discord.rate_limits.RateLimits.wait_s"
    found = broken(monkeypatch, target, lambda *a, **k: 0.0)
    assert {"invalid of all calls", "calls sooner than the process was told"} <= found


def test_a_client_that_forgets_the_dead_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    target = "distillery.discord.webhook.WebhookClient._bury"
    assert "calls of tokens known to be dead" in broken(monkeypatch, target, lambda *a: None)


@pytest.fixture
def discord() -> LimitedDiscord:
    return LimitedDiscord(Clockwork(), random.Random(1), Trouble(0, 0, 0))


def patch(discord: LimitedDiscord, webhook: str = "t", **payload: Any) -> tuple[int, str]:
    """Edit a message; return the status and the limit's scope."""
    body = json.dumps({"content": "x", **payload}).encode()
    path = f"/webhooks/1/{webhook}/messages/@original"
    status, _, headers = discord.answer(path, "application/json", body)
    return status, headers.get("X-RateLimit-Scope", "")


def test_a_bucket_takes_five_calls_in_two_seconds(discord: LimitedDiscord) -> None:
    assert [patch(discord) for _ in range(BUCKET_CALLS)] == [(200, "")] * BUCKET_CALLS
    assert patch(discord) == (429, "user")
    assert patch(discord, "another") == (200, "")
    discord.clock.pass_time(BUCKET_S)
    assert patch(discord) == (200, "")


def test_all_webhooks_together_have_a_limit(discord: LimitedDiscord) -> None:
    answers = [patch(discord, str(number)) for number in range(GLOBAL_CALLS + 1)]
    assert answers[-1] == (429, "global")
    assert set(answers[:-1]) == {(200, "")}


def test_calls_refused_for_others_sake_are_not_invalid(discord: LimitedDiscord) -> None:
    discord.trouble = Trouble(0, 0, 1)
    assert patch(discord) == (429, "shared")
    assert discord.invalid_at == []
    discord.dead["gone"] = (401, 50027)
    assert patch(discord, "gone")[0] == 401
    assert len(discord.invalid_at) == 1


@pytest.mark.parametrize(("payload", "left_over"), [({}, 1), ({"attachments": [{"id": 0}]}, 0)])
def test_a_repeat_adds_the_files_again_unless_it_names_what_shall_remain(
    discord: LimitedDiscord, payload: dict[str, Any], left_over: int
) -> None:
    turns = Turns(discord.clock)
    http = DiscordHttp(
        Line(discord, turns), "https://discord.test", RateLimits(discord.clock, MemoryTelemetry())
    )
    named = {"content": "x", **payload}

    def edit() -> None:
        WebhookClient(http).edit_original("1", "t", named, [File("a.png", "image/png", b"a")])

    turns.start(edit)
    discord.clock.pass_time(10)
    before = discord.appended
    turns.start(edit)
    discord.clock.pass_time(10)
    assert (discord.taken["x"], discord.appended - before > 0) == (2, bool(left_over))


def test_a_message_of_one_nonce_is_posted_once(discord: LimitedDiscord) -> None:
    body = json.dumps({"content": "x", "nonce": "1", "enforce_nonce": True}).encode()
    for _ in range(3):
        discord.answer("/channels/7/messages", "application/json", body)
    assert discord.posted == {"x": 1}


def test_callers_get_their_turns_when_their_time_has_come() -> None:
    clock = Clockwork(0)
    turns = Turns(clock)
    seen: list[tuple[float, str]] = []

    def caller(name: str, sleep_s: float) -> None:
        for _ in range(2):
            turns.sleep(sleep_s)
            seen.append((clock(), name))

    turns.start(lambda: caller("slow", 3))
    turns.start(lambda: caller("quick", 1))
    clock.pass_time(10)
    assert seen == [(1, "quick"), (2, "quick"), (3, "slow"), (6, "slow")]


def test_what_a_caller_raises_is_not_swallowed() -> None:
    def caller() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Turns(Clockwork()).start(caller)
