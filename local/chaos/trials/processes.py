"""The service on real processes: Lambdas, workers and engines that are killed, and a bad line."""

from __future__ import annotations

import asyncio
import json
import logging
import random
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp

from local.chaos.aws_proxy import BAD_LINE, GOOD_LINE, AwsProxy
from local.chaos.channel import Request, Verdict, judge
from local.chaos.finding import Finding, at_least, exactly
from local.chaos.processes import Killer
from local.chaos.proxied_cloud import proxied_cloud, scratch
from local.discord.members import MEMBERS

TRIAL = "real processes"
_OPTIONS = {"size": "512x512", "steps": "4"}
_OPEN_AT_ONCE = 6
_GAP_S = (0.2, 1.2)
_STRIKE_EVERY_S = (2.0, 4.0)
_LOOK_S = 1.0
_REST_S = 600.0
_STORM_S, _STORM_S_PER_JOB = 240.0, 3.0  # at most; several times what it takes
_DEFERRED = 5

_log = logging.getLogger(__name__)


def run(jobs: int, seed: int, *, quiet_s: float = 60.0) -> list[Finding]:
    """Have `jobs` requests acknowledged while processes are killed and the line to AWS is bad.

    The end is when everybody has an answer and no message has changed for `quiet_s`. It takes
    minutes: healing is left to the service's own clocks. What the processes have written is kept
    only if a promise was broken. Needs Linux.
    """
    folder = Path(tempfile.mkdtemp(prefix="distillery-"))
    findings = asyncio.run(_run(folder, jobs, seed, quiet_s))
    if all(finding.kept for finding in findings):
        shutil.rmtree(folder)
        return findings
    return [*findings, Finding(TRIAL, "logs", str(folder))]


async def _run(folder: Path, jobs: int, seed: int, quiet_s: float) -> list[Finding]:
    async with (
        proxied_cloud(folder, seed, _log.info) as (state, proxy),
        aiohttp.ClientSession(base_url=state.discord_url) as http,
    ):
        trial = _Trial(http, proxy, Killer(scratch(folder), seed), seed)
        began = time.monotonic()
        await trial.storm(jobs)
        stormed_s = time.monotonic() - began
        await trial.rest(quiet_s)
        await trial.keep(folder)
        findings = await trial.findings(jobs)
        took = f"{stormed_s:.0f} s of storm, {time.monotonic() - began:.0f} s in all"
        return [*findings, Finding(TRIAL, "took", took)]


class _Trial:
    """One run: the requests so far, and those who make trouble."""

    def __init__(
        self, http: aiohttp.ClientSession, proxy: AwsProxy, killer: Killer, seed: int
    ) -> None:
        self._http = http
        self._proxy = proxy
        self._killer = killer
        self._rng = random.Random(seed)  # noqa: S311 - dice
        self._requests: list[Request] = []

    async def storm(self, jobs: int) -> None:
        """Send requests into bad weather until so many are acknowledged, or it takes too long."""
        give_up_at = time.monotonic() + _STORM_S + _STORM_S_PER_JOB * jobs
        self._proxy.interference = BAD_LINE
        killing = asyncio.create_task(self._kill())
        try:
            while self._acknowledged() < jobs and time.monotonic() < give_up_at:
                await asyncio.sleep(self._rng.uniform(*_GAP_S))
                if len((await self._verdict()).lost) < _OPEN_AT_ONCE:
                    await self._ask()
                if killing.done():
                    killing.result()
        finally:
            killing.cancel()
            await asyncio.wait([killing])
            self._proxy.interference = GOOD_LINE

    async def rest(self, quiet_s: float) -> None:
        """Wait, for so long as is bearable, until all are answered and nothing changes any more."""
        deadline = time.monotonic() + _REST_S
        edits, since = -1, time.monotonic()
        while time.monotonic() < min(deadline, since + quiet_s):
            entries = await self._entries()
            seen = sum(1 + len(entry["edits"]) for entry in entries)
            if seen != edits or judge(entries, self._requests).lost:
                edits, since = seen, time.monotonic()
            await asyncio.sleep(_LOOK_S)

    async def keep(self, folder: Path) -> None:
        """Write down what the channel shows, for whoever looks into a broken promise."""
        messages = json.dumps(await self._entries(), indent=1)
        (folder / "messages.json").write_text(messages)

    async def findings(self, jobs: int) -> list[Finding]:
        """Say what came out."""
        verdict = await self._verdict()
        for prompt in sorted(verdict.lost | verdict.doubled):
            _log.warning("lost or doubled: %s", prompt)
        silent = len(self._requests) - self._acknowledged()
        return [
            at_least(TRIAL, "acknowledged", self._acknowledged(), jobs),
            exactly(TRIAL, "lost", len(verdict.lost), 0),
            exactly(TRIAL, "doubled", len(verdict.doubled) + verdict.unasked, 0),
            # A storm that did nothing would prove nothing.
            at_least(TRIAL, "processes killed", self._killer.kills.total(), max(1, jobs // 10)),
            at_least(TRIAL, "faults on the line to AWS", self._proxy.faults.total(), jobs),
            Finding(TRIAL, "answered with pictures", f"{len(verdict.pictures):,}"),
            Finding(TRIAL, "answered with words", f"{len(verdict.words):,}"),
            Finding(TRIAL, "not acknowledged (sent again by nobody)", f"{silent:,}"),
            Finding(TRIAL, "killed", _listed(self._killer.kills)),
            Finding(TRIAL, "faults", _listed(self._proxy.faults)),
            Finding(TRIAL, "calls of AWS", f"{self._proxy.calls.total():,}"),
        ]

    async def _kill(self) -> None:
        while True:
            await asyncio.sleep(self._rng.uniform(*_STRIKE_EVERY_S))
            await self._killer.strike()

    async def _ask(self) -> None:
        """Use /serve as a member; what is not acknowledged is not asked again."""
        number = len(self._requests) + 1
        prompt = f"harbour {number:05} at dusk"
        order = {
            "member": self._rng.choice(MEMBERS).username,
            "command": "serve",
            "options": {"prompt": prompt, **_OPTIONS},
        }
        async with self._http.post("/control/commands", json=order) as answer:
            told = await answer.json()
        acknowledged = (told["answer"] or {}).get("type") == _DEFERRED
        self._requests.append(Request(told["interaction_id"], prompt, acknowledged))

    def _acknowledged(self) -> int:
        return sum(request.acknowledged for request in self._requests)

    async def _verdict(self) -> Verdict:
        return judge(await self._entries(), self._requests)

    async def _entries(self) -> list[dict[str, Any]]:
        async with self._http.get("/control/messages") as answer:
            entries: list[dict[str, Any]] = await answer.json()
            return entries


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()))
