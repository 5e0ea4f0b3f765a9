"""A local cloud of its own in a folder, whose rooms reach AWS through a proxy, and trials on it."""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from local.chaos.aws_proxy import AwsProxy
from local.chaos.finding import Finding
from local.cloud import LocalCloud, State
from local.identity import identity
from local.supervisor import temporary_files_in

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ProxiedCloud:
    """A running cloud; its processes have their temporary files in `scratch`."""

    folder: Path
    scratch: Path
    cloud: LocalCloud
    state: State
    proxy: AwsProxy


Trial = Callable[[ProxiedCloud], Awaitable[list[Finding]]]


def try_out(seed: int, *trials: Trial) -> list[Finding]:
    """Run trials on one cloud, one after the other; raises CommandFailed.

    What the processes have written is kept only if a promise was broken.
    """
    folder = Path(tempfile.mkdtemp(prefix="distillery-"))
    findings = asyncio.run(_run(folder, seed, trials))
    if all(finding.kept for finding in findings):
        shutil.rmtree(folder)
        return findings
    return [*findings, Finding(findings[-1].trial, "logs", str(folder))]


async def _run(folder: Path, seed: int, trials: tuple[Trial, ...]) -> list[Finding]:
    async with _running(folder, seed) as cloud:
        return [finding for trial in trials for finding in await trial(cloud)]


@asynccontextmanager
async def _running(folder: Path, seed: int) -> AsyncIterator[ProxiedCloud]:
    """Run a cloud for as long as the block lasts; the line is good until somebody changes that."""
    scratch = folder / "tmp"
    with temporary_files_in(scratch):
        who = await asyncio.to_thread(identity, folder, 0)
        proxy = AwsProxy(f"http://127.0.0.1:{who.aws_port}", seed)
        async with proxy.listening():
            cloud = LocalCloud(folder, who, _log.info, rooms_aws_url=proxy.url)
            async with cloud.running() as state:
                yield ProxiedCloud(folder, scratch, cloud, state, proxy)
