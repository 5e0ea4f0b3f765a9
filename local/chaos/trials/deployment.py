"""A deployment in the middle of jobs: every room gets new code, and nobody notices."""

from __future__ import annotations

import asyncio
import logging
import math
import shutil
import time
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp

from local.aws import REPOSITORY, SOURCES, EmbeddedAws
from local.chaos.finding import Finding, at_least, exactly
from local.chaos.members import Members
from local.chaos.proxied_cloud import ProxiedCloud, try_out
from local.cloud import LocalCloud

TRIAL = "deployment"
_OPEN_AT_ONCE = 6
_SHARE = 4  # the deployment begins after a fourth of the requests; as many are asked after it
_GIVE_UP_S, _GIVE_UP_S_PER_JOB = 240.0, 5.0  # several times what it takes
_MARK = "this is the new code"
_OF_EVERY_JOB = ("Interactions", "Dispatcher", "Followup")

_log = logging.getLogger(__name__)


def run(jobs: int, seed: int) -> list[Finding]:
    """Try it out on a cloud of its own."""
    return try_out(seed, partial(trial, jobs=jobs, seed=seed))


async def trial(on: ProxiedCloud, *, jobs: int, seed: int, quiet_s: float = 10.0) -> list[Finding]:
    """Have `jobs` requests acknowledged, and deploy other code while some are under way."""
    async with aiohttp.ClientSession(base_url=on.state.discord_url) as http:
        members = Members(http, seed, "market")
        trial = _Trial(members, on.cloud)
        other = await asyncio.to_thread(_other_code, on.folder / "other")
        assembly = await on.cloud.synthesize(other)
        async with asyncio.timeout(_GIVE_UP_S + _GIVE_UP_S_PER_JOB * jobs):
            await asyncio.gather(trial.ask(jobs), trial.deploy(assembly, jobs // _SHARE))
        await members.rest(quiet_s)
        await members.keep(on.folder / "messages-deployment.json")
        return await trial.findings(jobs)


class _Trial:
    """One run: the members, and the deployment in the middle of their requests."""

    def __init__(self, members: Members, cloud: LocalCloud) -> None:
        self._members = members
        self._cloud = cloud
        self._took_s = 0.0
        self._open = 0
        self._meanwhile = 0
        self._enough = math.inf  # until it is deployed

    async def ask(self, jobs: int) -> None:
        """Send requests until so many are acknowledged, some of them after the deployment."""
        while self._members.acknowledged < max(jobs, self._enough):
            await self._members.ask_on(_OPEN_AT_ONCE)

    async def deploy(self, assembly: Path, after: int) -> None:
        """Deploy other code once so many are acknowledged and at least one of them is open."""
        while self._members.acknowledged < after or not self._open:
            await asyncio.sleep(0.1)
            self._open = len((await self._members.verdict()).lost)
        began, before = time.monotonic(), self._members.acknowledged
        await self._cloud.embedded_aws.deploy(assembly)
        self._took_s = time.monotonic() - began
        self._meanwhile = self._members.acknowledged - before
        self._enough = self._members.acknowledged + after

    async def findings(self, jobs: int) -> list[Finding]:
        """Say what came out."""
        verdict, acknowledged = await self._members.verdict(), self._members.acknowledged
        for prompt in sorted(verdict.lost | verdict.doubled):
            _log.warning("lost or doubled: %s", prompt)
        renewed = await asyncio.to_thread(_rooms_with_the_mark, self._cloud.embedded_aws)
        return [
            at_least(TRIAL, "acknowledged", acknowledged, jobs),
            exactly(TRIAL, "lost", len(verdict.lost), 0),
            exactly(TRIAL, "doubled", len(verdict.doubled) + verdict.unasked, 0),
            # A deployment that met no job, or changed nothing, would prove nothing.
            at_least(TRIAL, "requests under way as it began", self._open, 1),
            at_least(TRIAL, "requests acknowledged while it ran", self._meanwhile, 1),
            exactly(TRIAL, "rooms of every job, on new code", renewed, len(_OF_EVERY_JOB)),
            Finding(TRIAL, "answered with pictures", f"{len(verdict.pictures):,}"),
            Finding(TRIAL, "answered with words", f"{len(verdict.words):,}"),
            Finding(TRIAL, "not acknowledged", f"{len(self._members.requests) - acknowledged:,}"),
            Finding(TRIAL, "the deployment took", f"{self._took_s:.0f} s"),
        ]


def _other_code(folder: Path) -> Path:
    """Copy what is deployed, and change what every room's bundle has in it."""
    for name in SOURCES:
        source, copy = REPOSITORY / name, folder / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, copy)
    (folder / ".tools").symlink_to(REPOSITORY / ".tools")
    changed = folder / "distillery" / "__init__.py"
    changed.write_text(f'{changed.read_text()}\nprint("{_MARK}")\n')
    return folder


def _rooms_with_the_mark(embedded: EmbeddedAws) -> int:
    """Count the rooms whose log says that they have run the new code."""
    client: Any = embedded.client("logs")
    groups = [group["logGroupName"] for group in client.describe_log_groups()["logGroups"]]
    found = 0
    for room in _OF_EVERY_JOB:
        name = next(group for group in groups if f"{room}Log" in group)
        found += bool(
            client.filter_log_events(logGroupName=name, filterPattern=f'"{_MARK}"')["events"]
        )
    return found
