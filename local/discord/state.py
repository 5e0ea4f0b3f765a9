"""Everything that one stand-in Discord holds while it runs."""

import time
from collections import deque
from collections.abc import Awaitable, Callable

import aiohttp
from aiohttp import web

from local.discord.attachments import Attachments
from local.discord.commands import Commands
from local.discord.events import Events
from local.discord.faults import Faults
from local.discord.messages import Messages
from local.discord.modals import OpenModal
from local.discord.openapi import OpenApi
from local.discord.rate_limits import Clock, RateLimits
from local.discord.refusals import Json, Problem
from local.discord.settings import DiscordSettings
from local.discord.tokens import Tokens

CALLS_KEPT = 5000


class Discord:
    """One guild, its channels, one application."""

    def __init__(self, settings: DiscordSettings, clock: Clock = time.time) -> None:
        self.settings = settings
        self.clock = clock
        self.interactions_url: str | None = None
        self.events = Events()
        self.attachments = Attachments(settings, clock)
        self.messages = Messages(settings, self.attachments, self.events, clock)
        self.commands = Commands(settings, self.events, clock)
        self.tokens = Tokens(settings.application_id, clock)
        self.rate_limits = RateLimits(clock)
        self.modals: dict[str, OpenModal] = {}  # by the id of the interaction that opened them
        self.faults = Faults()
        self.silenced: set[str] = set()  # channels in which the bot may not write
        self.openapi = OpenApi(settings.openapi_path)
        self.violations: list[Json] = []
        self.calls: deque[Json] = deque(maxlen=CALLS_KEPT)
        self.dashboards: Callable[[], Awaitable[Json]] | None = None  # once there is a service
        self._http: aiohttp.ClientSession | None = None

    @property
    def http(self) -> aiohttp.ClientSession:
        """The connection to the application, opened at its first use."""
        if self._http is None:
            self._http = aiohttp.ClientSession()
        return self._http

    async def close(self) -> None:
        """End the connection and remove every file."""
        if self._http is not None:
            await self._http.close()
        self.attachments.close()

    def violated(self, call: str, problems: list[Problem]) -> None:
        """Remember a payload that broke Discord's rules, for tests to look at."""
        self.violations.append(
            {
                "at": self.clock(),
                "call": call,
                "problems": [{"path": p.path, "message": p.message} for p in problems],
            }
        )


DISCORD = web.AppKey("discord", Discord)
