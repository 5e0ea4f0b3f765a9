"""Members of a local cloud who use /serve, each time with another prompt, and what they see."""

from __future__ import annotations

import asyncio
import json
import random
import time
from pathlib import Path
from typing import Any

import aiohttp

from local.chaos.channel import Request, Verdict, judge
from local.discord.members import MEMBERS
from local.member import words_of

_OPTIONS = {"size": "512x512", "steps": "4"}
_GAP_S = (0.2, 1.2)
_LOOK_S = 1.0
_REST_S = 600.0
_DEFERRED = 5
_WHEN = "at dusk"


class Members:
    """Asks in the name of the members of the Discord at the session's base URL.

    They ask for pictures of a `place`, by which their requests are told from those of others.
    """

    def __init__(self, http: aiohttp.ClientSession, seed: int, place: str) -> None:
        self.requests: list[Request] = []
        self._http = http
        self._place = place
        self._rng = random.Random(seed)  # noqa: S311 - dice

    @property
    def acknowledged(self) -> int:
        """How many requests Discord was answered in time."""
        return sum(request.acknowledged for request in self.requests)

    async def ask_on(self, open_at_once: int) -> None:
        """Wait a moment, and ask if fewer requests than these are open."""
        await asyncio.sleep(self._rng.uniform(*_GAP_S))
        if len((await self.verdict()).lost) < open_at_once:
            await self._ask()

    async def rest(self, quiet_s: float) -> None:
        """Wait, for so long as is bearable, until all are answered and nothing changes any more."""
        deadline = time.monotonic() + _REST_S
        edits, since = -1, time.monotonic()
        while time.monotonic() < min(deadline, since + quiet_s):
            entries = await self._entries()
            seen = sum(1 + len(entry["edits"]) for entry in entries)
            if seen != edits or judge(entries, self.requests).lost:
                edits, since = seen, time.monotonic()
            await asyncio.sleep(_LOOK_S)

    async def verdict(self) -> Verdict:
        """Judge what the channel shows now."""
        return judge(await self._entries(), self.requests)

    async def keep(self, file: Path) -> None:
        """Write down what the channel shows, for whoever looks into a broken promise."""
        file.write_text(json.dumps(await self._entries(), indent=1))

    async def _ask(self) -> None:
        """Use /serve as a member; what is not acknowledged is not asked again."""
        prompt = f"{self._place} {len(self.requests) + 1:05} {_WHEN}"
        order = {
            "member": self._rng.choice(MEMBERS).username,
            "command": "serve",
            "options": {"prompt": prompt, **_OPTIONS},
        }
        async with self._http.post("/control/commands", json=order) as answer:
            told = await answer.json()
        acknowledged = (told["answer"] or {}).get("type") == _DEFERRED
        self.requests.append(Request(told["interaction_id"], prompt, acknowledged))

    async def _entries(self) -> list[dict[str, Any]]:
        async with self._http.get("/control/messages") as answer:
            entries: list[dict[str, Any]] = await answer.json()
            return [
                entry for entry in entries if not self._is_of_others(words_of(entry["message"]))
            ]

    def _is_of_others(self, words: str) -> bool:
        """Tell whether a message answers a request of an earlier trial, perhaps only now."""
        return _WHEN in words and self._place not in words
