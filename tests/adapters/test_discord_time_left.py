"""How a member is told how long a picture will still take."""

from __future__ import annotations

import pytest

from distillery.core.ports import Progress
from local.member import words_of
from tests.adapters.discord_side import DiscordSide
from tests.adapters.scripted_server import Script
from tests.adapters.test_discord_webhook import job


def facts(server: Script) -> list[str]:
    """The small print below the bar."""
    lines = words_of(server.asked[0].json()).splitlines()
    return [line for line in lines if line.startswith("-# ")]


@pytest.mark.parametrize(
    ("progress", "line"),
    [
        (
            Progress(1, 40.0, "Sampler", 8, 20, eta_s=11.6),
            "-# Sampler · step 8 of 20 · about 12 s left",
        ),
        (Progress(1, 40.0, "Decode", eta_s=90.4), "-# Decode · about 90 s left"),
        (Progress(1, 40.0, eta_s=150.0), "-# about 2 min left"),
        (Progress(1, 99.0, "Save", eta_s=0.4), "-# Save"),
        (Progress(1, 40.0, "Sampler", 8, 20), "-# Sampler · step 8 of 20"),
    ],
)
def test_the_time_left_follows_what_is_being_done(
    server: Script, progress: Progress, line: str
) -> None:
    DiscordSide(server.url).replies.show_progress(job(), progress)

    assert facts(server) == [line]


def test_where_nothing_is_known_nothing_is_said(server: Script) -> None:
    DiscordSide(server.url).replies.show_progress(job(), Progress(1, 40.0))

    assert facts(server) == []
