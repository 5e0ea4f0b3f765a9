"""How long a synthesis takes, and a deployment of the service stack on the embedded AWS.

CPU time is printed besides: nothing else that runs on the machine changes it much.
"""

from __future__ import annotations

import asyncio
import resource
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.figures import show, show_load
from local.cloud import LocalCloud
from local.identity import identity
from local.set_up import ROOT
from local.supervisor import temporary_files_in

_TIMES = 3


def measure() -> None:
    """Print the median of a few; what a first one has to fetch and build is there by then."""
    show_load()
    _synthesize()
    took = [_synthesize() for _ in range(_TIMES)]
    whole_s, cpu_s = (statistics.median(times) for times in zip(*took, strict=True))
    show("make synth, warm", f"{whole_s:.1f} s, {cpu_s:.1f} s of CPU")
    deployed = [asyncio.run(_deploy()) for _ in range(_TIMES)]
    show("cdk deploy of the service stack, local", f"{statistics.median(deployed):.1f} s")


def _synthesize() -> tuple[float, float]:
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(["make", "synth"], cwd=ROOT, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - began, cpu_s


async def _deploy() -> float:
    """Start a new local cloud; return how long `cdk deploy` took in it, CLI and all."""
    said: dict[str, float] = {}
    with (
        tempfile.TemporaryDirectory(prefix="distillery-bench-", ignore_cleanup_errors=True) as name,
        temporary_files_in(Path(name) / "tmp"),
    ):
        who = identity(Path(name), 0)
        cloud = LocalCloud(Path(name), who, lambda line: said.update({line: time.monotonic()}))
        async with cloud.running():
            return said["cdk deploy: done"] - said["cdk synth: done"]
