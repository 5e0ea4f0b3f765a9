"""`distillery queue`, `me`, `info` and the like as they are typed, against the stand-in Discord."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from distillery.discord.commands import all_commands
from distillery.discord.responses import private
from distillery.recipe_files import load_recipes
from local import ask_command, cli
from tests.local.discord.discord_kit import Application, Client

pytestmark = pytest.mark.asyncio
RECIPES = load_recipes(Path(__file__).parents[3] / "workflows")
Types = Callable[..., Awaitable[int]]


@pytest.fixture
def types(client: Client, monkeypatch: pytest.MonkeyPatch) -> Types:
    """Type a command while the stand-in runs; returns the exit status."""
    monkeypatch.setattr(ask_command, "read_state", lambda: {"discord_url": client.url})

    async def typed(*words: str) -> int:
        await client.register(*all_commands(RECIPES))
        monkeypatch.setattr("sys.argv", ["distillery", *words])
        return await asyncio.to_thread(cli.main)

    return typed


async def test_an_answer_is_printed_as_it_reads(
    types: Types, application: Application, capsys: pytest.CaptureFixture[str]
) -> None:
    content = "1. **a \\*red\\* fox** · done · <t:1790000000:R>\n-# Use `/serve`."
    embeds = [{"title": "Request 1, picture 1", "url": "https://x/0_9.png"}]
    application.answer = lambda interaction: private(content, embeds)
    assert await types("history") == 0
    assert capsys.readouterr().out == (
        "1. a *red* fox · done · 2026-09-21 14:13:20+00:00\n"
        "Use /serve.\n"
        "Request 1, picture 1: https://x/0_9.png\n"
    )


async def test_an_answer_made_of_components_is_printed_too(
    types: Types, application: Application, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = [{"type": 10, "content": "**One**"}, {"type": 10, "content": "-# two"}]
    data = {
        "flags": 1 << 15 | 1 << 6,
        "components": [{"type": 17, "components": parts}],
        "allowed_mentions": {"parse": []},
    }
    application.answer = lambda interaction: {"type": 4, "data": data}
    assert await types("queue") == 0
    assert capsys.readouterr().out == "One\ntwo\n"


@pytest.mark.parametrize(
    ("words", "options"),
    [
        (["queue"], None),
        (["cancel"], None),
        (["me"], None),
        (["cancel", "--all"], [{"name": "which", "type": 3, "value": "all"}]),
    ],
)
async def test_a_command_is_sent_as_the_member_who_serves(
    types: Types, application: Application, words: list[str], options: object
) -> None:
    application.answer = lambda interaction: private("Well.")
    assert await types(*words) == 0
    [seen] = application.seen
    assert seen["member"]["user"]["username"] == "juniper"
    assert (seen["data"]["name"], seen["data"].get("options")) == (words[0], options)


async def test_another_member_may_ask(types: Types, application: Application) -> None:
    application.answer = lambda interaction: private("Well.")
    assert await types("queue", "--member", "oak") == 0
    assert application.seen[0]["member"]["user"]["username"] == "oak"


async def test_an_answer_that_discord_would_not_show_is_an_error(
    types: Types, application: Application, capsys: pytest.CaptureFixture[str]
) -> None:
    application.answer = lambda interaction: {"type": 99}
    assert await types("queue") == 1
    assert "did not respond" in capsys.readouterr().err
    application.answer = lambda interaction: {"type": 4, "data": {"content": "Well."}}
    assert await types("queue") == 1  # it does not say whom it may ring


@pytest.mark.parametrize("command", ["queue", "cancel", "history"])
async def test_without_a_local_cloud_the_command_says_how_to_start_one(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ask_command, "read_state", lambda: None)
    monkeypatch.setattr("sys.argv", ["distillery", command])
    assert cli.main() == 1
    assert "make demo" in capsys.readouterr().err


async def test_a_picture_is_attached_to_info(
    types: Types, application: Application, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "fox.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n")
    application.answer = lambda interaction: private("Made here.")
    assert await types("info", str(picture)) == 0
    [seen] = application.seen
    [attached] = seen["data"]["resolved"]["attachments"].values()
    assert (attached["filename"], attached["content_type"]) == ("fox.png", "image/png")
    assert await types("info", str(tmp_path / "owl.png")) == 1
    assert "there is no file" in capsys.readouterr().err
