"""Discord's side against the stand-in Discord: many jobs, few processes, real headers."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import urllib3

from distillery.core.deadlines import TOKEN_LIFE_S
from distillery.core.errors import DiscordUnavailable
from distillery.core.job import Job, Origin, Outcome, Picture, Request
from distillery.core.ports import Delivery, Progress
from distillery.discord.command_style import CommandStyle
from distillery.discord.commands import all_commands
from distillery.discord.registration import CommandRegistration
from distillery.recipe_files import load_recipes
from local.discord.app import listen
from local.discord.openapi import document_at_hand
from local.discord.settings import DiscordSettings
from local.discord.state import Discord
from local.memory import FakeClock
from tests.adapters.discord_side import DiscordSide

PICTURE = Picture("0_9.png", "image/png", 4)
SETTINGS = DiscordSettings(
    application_id="1100000000000000001",
    guild_id="1100000000000000002",
    channel_id="1100000000000000003",
    signing_key="5a" * 32,
    bot_token="bot-token",
    openapi_path=document_at_hand(),
)
ROOT = Path(__file__).parents[2]
JOBS = 100
EDITS = 9  # of progress, before the answer: 1,000 edits in all


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest_asyncio.fixture
async def discord(clock: FakeClock) -> AsyncIterator[Discord]:
    async with listen(SETTINGS, clock=clock) as running:
        yield running


def a_process(discord: Discord, clock: FakeClock) -> DiscordSide:
    return DiscordSide(f"{discord.settings.public_url}/api/v10", clock)


def job(number: int, created_at: float) -> Job:
    origin = Origin(SETTINGS.application_id, f"token-{number}", "42", SETTINGS.channel_id)
    request = Request("plain", {"prompt": "a red fox"})
    started = Job(f"13000000000000{number:05}", origin, request, created_at)
    outcome = Outcome(pictures=(PICTURE,))
    return started.dispatched("runpod", created_at).concluded(outcome, created_at, 45.0)


@pytest.mark.parametrize("style", CommandStyle)
async def test_registering_the_same_commands_twice_writes_once(
    discord: Discord, style: CommandStyle
) -> None:
    """With translations, contexts and menus of messages, as Discord gives them back."""
    registration = CommandRegistration(
        urllib3.PoolManager(),
        f"{discord.settings.public_url}/api/v10",
        SETTINGS.application_id,
        lambda: SETTINGS.bot_token,
    )
    commands = all_commands(load_recipes(ROOT / "workflows"), style)
    assert await asyncio.to_thread(registration.put, commands) is True
    assert await asyncio.to_thread(registration.put, commands) is False
    commands[0] = {**commands[0], "description_localizations": {"de": "Anders"}}
    assert await asyncio.to_thread(registration.put, commands) is True


def show_all(discord: Discord, clock: FakeClock, in_processes: int, every_s: float) -> int:
    """Show 300 jobs from their first progress to their answer; return how many edits there were."""
    processes = [a_process(discord, clock) for _ in range(in_processes)]
    chance = random.Random(7)
    jobs = [job(number, clock()) for number in range(JOBS)]
    edits = 0
    for round_number in range(EDITS + 1):
        for each in chance.sample(jobs, JOBS):
            replies = chance.choice(processes).replies
            if round_number == EDITS:
                replies.show_pictures(each, [Delivery(each, PICTURE, b"\x89PNG")])
            else:
                try:
                    replies.show_progress(each, Progress(round_number, round_number * 10.0))
                except DiscordUnavailable:
                    continue
            edits += 1
        clock.pass_time(every_s)
    return edits


@pytest.mark.parametrize(("in_processes", "every_s"), [(1, 0.25), (3, 0.5)])
async def test_a_thousand_edits_lose_no_answer_and_hardly_hit_a_limit(
    discord: Discord, clock: FakeClock, in_processes: int, every_s: float
) -> None:
    """One process asks twice as often as Discord allows; three do not know of each other."""
    edits = await asyncio.to_thread(show_all, discord, clock, in_processes, every_s)

    shown = [posted.message for posted in discord.messages.visible(None)]
    assert len(shown) == JOBS
    assert all(len(message["attachments"]) == 1 for message in shown)
    statuses = Counter(call["status"] for call in discord.calls)
    assert statuses[429] < 0.01 * statuses.total()
    assert set(statuses) <= {200, 429}
    assert JOBS * EDITS / 2 < edits <= JOBS * (EDITS + 1), "most progress is shown"
    assert discord.violations == []


async def test_a_late_answer_that_is_repeated_is_one_message(
    discord: Discord, clock: FakeClock
) -> None:
    late = job(1, clock() - TOKEN_LIFE_S)
    replies = [a_process(discord, clock).replies for _ in range(2)]
    for each in (*replies, *replies):
        await asyncio.to_thread(each.show_pictures, late, [Delivery(late, PICTURE, b"\x89PNG")])
    await asyncio.to_thread(replies[0].show_failure, job(2, clock() - TOKEN_LIFE_S), "no")

    assert len(discord.messages.visible(None)) == 2
    assert discord.violations == []


async def test_a_token_that_the_stand_in_calls_dead_is_answered_by_the_bot(
    discord: Discord, clock: FakeClock
) -> None:
    replies = a_process(discord, clock).replies
    living = job(1, clock())
    await asyncio.to_thread(replies.show_progress, living, Progress(1, 10.0))
    clock.pass_time(TOKEN_LIFE_S + 1)
    believed_young = job(1, clock())
    for _ in range(2):
        await asyncio.to_thread(
            replies.show_pictures, believed_young, [Delivery(believed_young, PICTURE, b"x")]
        )

    called = [(call["method"], call["status"]) for call in discord.calls]
    assert called == [("PATCH", 200), ("PATCH", 401), ("POST", 200), ("POST", 200)]
    assert len(discord.messages.visible(None)) == 2
