"""Discord's side of the service, wired as the rooms wire it, on a clock that sleeping moves."""

from __future__ import annotations

import urllib3

from distillery.discord.channel_messages import ChannelMessages
from distillery.discord.http import DiscordHttp
from distillery.discord.looks import Looks
from distillery.discord.rate_limits import RateLimits
from distillery.discord.replies import DiscordReplies
from distillery.discord.webhook import WebhookClient
from local.memory import FakeClock, MemoryTelemetry


class DiscordSide:
    """Everything that one process has for Discord at `api_url`."""

    def __init__(self, api_url: str, clock: FakeClock | None = None) -> None:
        self.clock = clock or FakeClock()
        self.waits: list[float] = []
        self.telemetry = MemoryTelemetry()
        self.limits = RateLimits(self.clock, self.telemetry)
        http = DiscordHttp(urllib3.PoolManager(), api_url, self.limits, self._sleep)
        self.webhook = WebhookClient(http)
        self.channels = ChannelMessages(http, lambda: "bot-token")
        self.replies = DiscordReplies(
            self.webhook, self.channels, Looks(), self.telemetry, self.clock
        )

    def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.clock.pass_time(seconds)
