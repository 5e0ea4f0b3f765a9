"""Rate limits with a clock that only tests move, and failures that tests ask for."""

from __future__ import annotations

from local.discord.rate_limits import Limit, RateLimits
from tests.local.discord.discord_kit import CHANNEL, Client, FakeClock, says


async def test_five_edits_pass_and_the_sixth_is_told_when_to_come_back(client: Client) -> None:
    passed = [await client.webhook("PATCH", "own", says(str(n))) for n in range(5)]
    limited = await client.webhook("PATCH", "own", says("6"))

    left = [answered.headers["X-RateLimit-Remaining"] for answered in passed]
    assert left == ["4", "3", "2", "1", "0"]
    assert limited.status == 429
    assert limited.json == {
        "message": "You are being rate limited.",
        "retry_after": 2.0,
        "global": False,
    }
    assert limited.headers["X-RateLimit-Scope"] == "user"
    assert limited.headers["X-RateLimit-Bucket"] == passed[0].headers["X-RateLimit-Bucket"]
    assert (await client.webhook("GET", "own")).json["content"] == "4"


async def test_the_window_opens_again_after_two_seconds(client: Client, clock: FakeClock) -> None:
    for n in range(6):
        await client.webhook("PATCH", "own", says(str(n)))
    clock.now += 1.5
    early = await client.webhook("PATCH", "own", says("early"))
    clock.now += 0.5
    right = await client.webhook("PATCH", "own", says("right"))

    assert (early.status, early.json["retry_after"]) == (429, 0.5)
    assert right.status == 200


async def test_each_token_has_a_window_of_its_own_and_reading_another(client: Client) -> None:
    for n in range(6):
        await client.webhook("PATCH", "own", says(str(n)))

    assert (await client.webhook("PATCH", "other", says("x"))).status == 200
    assert [(await client.webhook("GET", "own")).status for _ in range(20)] == [200] * 20


async def test_the_channel_has_a_window_too(client: Client) -> None:
    path = f"/channels/{CHANNEL}/messages"
    statuses = [(await client.bot("POST", path, json=says("x"))).status for _ in range(6)]

    assert statuses == [200] * 5 + [429]


def test_closed_windows_are_forgotten(clock: FakeClock) -> None:
    limits = RateLimits(clock)
    for n in range(3000):
        limits.take(str(n), Limit(1, 1.0))
    clock.now += 1

    assert limits.take("2999", Limit(1, 1.0)).allowed


async def test_injected_failures_hit_the_next_writing_calls_only(client: Client) -> None:
    await client.webhook("PATCH", "own", says("before"))
    await client.control("faults", {"status": 500, "count": 2})

    read = await client.webhook("GET", "own")
    statuses = [(await client.webhook("PATCH", "own", says("x"))).status for _ in range(3)]

    assert read.status == 200
    assert statuses == [500, 500, 200]


async def test_an_injected_global_limit_says_so(client: Client) -> None:
    fault = {"status": 429, "count": 1, "scope": "global", "retry_after": 1.25}
    await client.control("faults", fault)

    answered = await client.webhook("PATCH", "own", says("x"))

    assert answered.status == 429
    assert (answered.json["global"], answered.json["retry_after"]) == (True, 1.25)
    assert answered.headers["X-RateLimit-Global"] == "true"
    assert answered.headers["X-RateLimit-Scope"] == "global"


async def test_an_injected_shared_limit_is_not_global(client: Client) -> None:
    await client.control("faults", {"status": 429, "count": 1, "scope": "shared"})

    answered = await client.webhook("PATCH", "own", says("x"))

    assert answered.json["global"] is False
    assert answered.headers["X-RateLimit-Scope"] == "shared"


async def test_a_lost_answer_leaves_the_edit_behind(client: Client) -> None:
    await client.control("faults", {"status": 502, "count": 1, "applied": True})

    answered = await client.webhook("PATCH", "own", says("arrived"))

    assert answered.status == 502
    assert (await client.webhook("GET", "own")).json["content"] == "arrived"


async def test_an_injected_404_carries_discords_code(client: Client) -> None:
    await client.control("faults", {"status": 404, "count": 1})

    assert (await client.webhook("PATCH", "own", says("x"))).json["code"] == 10015


async def test_faults_can_be_ended_and_wrong_ones_are_refused(client: Client) -> None:
    await client.control("faults", {"status": 500, "count": 9})
    await client.control("faults", {"count": 0})
    wrong = await client.control("faults", {"status": 200, "count": 1})

    assert (await client.webhook("PATCH", "own", says("x"))).status == 200
    assert wrong.status == 400


async def test_every_call_is_on_record(client: Client) -> None:
    await client.webhook("PATCH", "own", says("x"))
    await client.webhook("GET", "other")

    calls = (await client.control("calls")).json

    assert [(call["method"], call["status"]) for call in calls] == [("PATCH", 200), ("GET", 404)]
    assert calls[0]["path"].endswith("/own/messages/@original")
