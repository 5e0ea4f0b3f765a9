"""The service on real processes: Lambdas, workers and engines that are killed, and a bad line."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Mapping
from functools import partial

import aiohttp

from local.chaos import hurry
from local.chaos.aws_proxy import BAD_LINE, GOOD_LINE, AwsProxy
from local.chaos.finding import Finding, at_least, exactly
from local.chaos.members import Members
from local.chaos.processes import Killer
from local.chaos.proxied_cloud import ProxiedCloud, try_out

TRIAL = "real processes"
_OPEN_AT_ONCE = 6
_STRIKE_EVERY_S = (2.0, 4.0)
_STORM_S, _STORM_S_PER_JOB = 240.0, 3.0  # at most; several times what it takes
_SHORT_STORM_S, _UNDER_WAY = 20.0, 3

_log = logging.getLogger(__name__)


def run(jobs: int, seed: int) -> list[Finding]:
    """Try it out on a cloud of its own. It takes minutes."""
    return try_out(seed, partial(trial, jobs=jobs, seed=seed))


async def trial(
    on: ProxiedCloud, *, jobs: int, seed: int, quiet_s: float = 60.0, hurried: bool = False
) -> list[Finding]:
    """Have `jobs` requests acknowledged while processes are killed and the line to AWS is bad.

    The end is when everybody has an answer and no message has changed for `quiet_s`. Healing is
    left to the service's own clocks, unless it is `hurried`; then the storm is short too, however
    little gets done in it, and begins when the first requests are under way. Needs Linux.
    """
    async with aiohttp.ClientSession(base_url=on.state.discord_url) as http:
        members = Members(http, seed, "harbour")
        trial = _Trial(members, on.proxy, Killer(on.scratch, seed), seed)
        if hurried:
            await hurry.give_messages_back_sooner(on.state)
            await trial.ask(_UNDER_WAY)
        began = time.monotonic()
        await trial.storm(jobs, _SHORT_STORM_S if hurried else _STORM_S + _STORM_S_PER_JOB * jobs)
        stormed_s = time.monotonic() - began
        if hurried:
            await hurry.begin_watchdog(on.state)
        await members.rest(quiet_s)
        await members.keep(on.folder / "messages-processes.json")
        findings = await trial.findings(jobs)
        took = f"{stormed_s:.0f} s of storm, {time.monotonic() - began:.0f} s in all"
        return [*findings, Finding(TRIAL, "took", took)]


class _Trial:
    """One run: the members, and those who make trouble."""

    def __init__(self, members: Members, proxy: AwsProxy, killer: Killer, seed: int) -> None:
        self._members = members
        self._proxy = proxy
        self._killer = killer
        self._rng = random.Random(seed)  # noqa: S311 - dice

    async def ask(self, jobs: int) -> None:
        """Send requests in fair weather until so many are acknowledged."""
        while self._members.acknowledged < jobs:
            await self._members.ask_on(_OPEN_AT_ONCE)

    async def storm(self, jobs: int, at_most_s: float) -> None:
        """Send requests into bad weather until so many are acknowledged, or it takes too long."""
        give_up_at = time.monotonic() + at_most_s
        self._proxy.interference = BAD_LINE
        killing = asyncio.create_task(self._kill())
        try:
            while self._members.acknowledged < jobs and time.monotonic() < give_up_at:
                await self._members.ask_on(_OPEN_AT_ONCE)
                if killing.done():
                    killing.result()
        finally:
            killing.cancel()
            await asyncio.wait([killing])
            self._proxy.interference = GOOD_LINE

    async def findings(self, jobs: int) -> list[Finding]:
        """Say what came out."""
        verdict, acknowledged = await self._members.verdict(), self._members.acknowledged
        for prompt in sorted(verdict.lost | verdict.doubled):
            _log.warning("lost or doubled: %s", prompt)
        silent = len(self._members.requests) - acknowledged
        return [
            at_least(TRIAL, "acknowledged", acknowledged, jobs),
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


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()))
