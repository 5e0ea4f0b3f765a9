"""Many members on a local cloud: each uses /serve once, and what became of it is written down."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from unittest.mock import patch

import aiohttp

from benchmarks.recording_proxy import RecordingProxy
from local.cloud import LocalCloud, State
from local.discord import members
from local.identity import identity
from local.member import FINAL_STATES
from local.supervisor import temporary_files_in

OPTIONS = {"steps": "4", "size": "512x512"}
"""A small picture: on a GPU the engine would take most of the time."""
_FIRST_ID = 1_250_000_000_000_000_000
_COLOUR = "#5865f2"
_DEFERRED = 5
_ENTERS_AT_ONCE = 3
"""A room that is called while it is busy starts another process, and on this machine those share a
few cores: fifty cold starts in one moment would all miss Discord's three seconds."""
_LOOK_S = 0.25
_PATIENCE_S = 240.0


@dataclass(frozen=True, slots=True)
class Answered:
    """One request that got pictures: seconds since the epoch, and the engine's own seconds."""

    sent_at: float
    acknowledged_at: float
    edited_at: float
    times: Mapping[str, float]
    engine_s: float
    provider: str

    @property
    def whole_s(self) -> float:
        """From the member's Enter to the last edit of the message."""
        return self.edited_at - self.sent_at

    @property
    def in_line_s(self) -> float:
        """How long the job waited for a free slot."""
        return self.times["dispatched"] - self.times["admitted"]

    @property
    def added_s(self) -> float:
        """What is left of the whole time beside the engine and the line."""
        return self.whole_s - self.engine_s - self.in_line_s

    def between(self, earlier: str, later: str) -> float | None:
        """Seconds between two stages, if both were noted."""
        if earlier in self.times and later in self.times:
            return self.times[later] - self.times[earlier]
        return None


@dataclass(frozen=True, slots=True)
class Round:
    """One time at which members asked together."""

    answered: Sequence[Answered]
    unacknowledged: int
    other: int
    """Acknowledged and answered, but with words."""
    aws_calls: int
    """Of all rooms and workers, until all were answered."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a member was told at once."""

    told: Mapping[str, Any]
    sent_at: float
    answered_at: float

    @property
    def is_taken(self) -> bool:
        return (self.told["answer"] or {}).get("type") == _DEFERRED


class Crowd:
    """Members of one local cloud. Its calls of AWS are in `aws`."""

    def __init__(self, state: State, aws: RecordingProxy, http: aiohttp.ClientSession) -> None:
        self.state = state
        self.aws = aws
        self._http = http

    async def ask(self, how_many: int, options: Mapping[str, str] = OPTIONS) -> Round:
        """Let so many members use /serve as fast as they are acknowledged; wait for all answers.

        Raises TimeoutError when some have none after minutes.
        """
        turns, earlier = asyncio.Semaphore(_ENTERS_AT_ONCE), len(self.aws.record)
        asked = await asyncio.gather(
            *(self._serve(n, {**OPTIONS, **options}, turns) for n in range(how_many))
        )
        taken = {one.told["interaction_id"]: one for one in asked if one.is_taken}
        jobs = await self._ended(set(taken))
        edited = await self._last_edits()
        answered = [
            Answered(
                taken[job_id].sent_at,
                taken[job_id].answered_at,
                edited[taken[job_id].told["token"]],
                job["times"],
                job["engine_s"],
                job["provider"],
            )
            for job_id, job in jobs.items()
            if job["state"] == "SUCCEEDED"
        ]
        aws_calls = len(self.aws.record) - earlier
        return Round(answered, how_many - len(taken), len(taken) - len(answered), aws_calls)

    async def discord_calls(self) -> list[dict[str, Any]]:
        """Return the latest calls that the rooms have made of Discord, with `at` and `method`."""
        calls: list[dict[str, Any]] = await self._get(f"{self.state.discord_url}/control/calls")
        return calls

    async def _serve(
        self, number: int, options: Mapping[str, str], turns: asyncio.Semaphore
    ) -> _Asked:
        order = {
            "member": str(_FIRST_ID + number),
            "command": "serve",
            "options": {"prompt": f"a red fox at number {number}", **options},
        }
        url = f"{self.state.discord_url}/control/commands"
        async with turns:
            sent_at = time.time()
            async with self._http.post(url, json=order) as answer:
                told = await answer.json()
            return _Asked(told, sent_at, time.time())

    async def _ended(self, job_ids: set[str]) -> dict[str, dict[str, Any]]:
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                listed = await self._get(f"{self.state.control_url}/jobs")
                jobs = {job["job_id"]: job for job in listed if job["job_id"] in job_ids}
                if sum(job["state"] in FINAL_STATES for job in jobs.values()) == len(job_ids):
                    return jobs
                # Each look reads all jobs from the embedded AWS: the more there are, the rarer.
                await asyncio.sleep(_LOOK_S * (1 + len(listed) // 25))

    async def _last_edits(self) -> dict[str, float]:
        """By token. A message does not say it: its first edit only ends the thinking."""
        return {
            call["path"].split("/")[3]: call["at"]
            for call in await self.discord_calls()
            if call["method"] == "PATCH" and call["status"] == HTTPStatus.OK
        }

    async def _get(self, url: str) -> Any:
        async with self._http.get(url) as answer:
            return await answer.json()


@asynccontextmanager
async def crowded_cloud(largest: int) -> AsyncIterator[Crowd]:
    """Run a local cloud whose guild has `largest` more members than the page shows.

    Everything is as `distillery local up` starts it, but for a proxy in front of AWS.
    """
    crowd = tuple(
        members.Member(str(_FIRST_ID + n), f"member{n}", f"Member {n}", _COLOUR)
        for n in range(largest)
    )
    with (
        tempfile.TemporaryDirectory(prefix="distillery-bench-", ignore_cleanup_errors=True) as name,
        temporary_files_in(Path(name) / "tmp"),
        patch.object(members, "MEMBERS", (*members.MEMBERS, *crowd)),
    ):
        who = identity(Path(name), 0)
        aws = RecordingProxy(f"http://127.0.0.1:{who.aws_port}", seed=0)
        async with (
            aws.listening(),
            LocalCloud(Path(name), who, lambda _: None, rooms_aws_url=aws.url).running() as state,
            aiohttp.ClientSession() as http,
        ):
            yield Crowd(state, aws, http)
