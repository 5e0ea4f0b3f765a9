"""The service on real processes: new code in the middle of jobs, and who kills them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from local import leash
from local.chaos import processes as chaos_processes
from local.chaos.finding import table
from local.chaos.processes import Killer, find
from local.chaos.proxied_cloud import try_out
from local.chaos.trials import deployment, processes

on_linux = pytest.mark.skipif(
    not Path("/proc/self/schedstat").exists(), reason="finds processes in /proc"
)

AMOUNTS = (
    *("acknowledged", "faults on the line to AWS"),
    *("requests under way as it began", "requests acknowledged while it ran"),
    "rooms of every job, on new code",
)
"""How much a machine gets done meanwhile, which says nothing of what becomes of it."""
LOST_OR_DOUBLED = [
    (trial, what) for trial in (deployment.TRIAL, processes.TRIAL) for what in ("lost", "doubled")
]


@pytest.mark.cloud
@on_linux
def test_no_answer_is_lost_or_doubled_by_new_code_or_by_our_processes_being_killed() -> None:
    """Both trials are small here, and on one cloud; `make chaos` has them at full size."""
    findings = try_out(
        1,
        partial(deployment.trial, jobs=8, seed=1, quiet_s=3.0),
        partial(processes.trial, jobs=12, seed=2, quiet_s=3.0, hurried=True),
    )
    promised = [finding for finding in findings if finding.what not in AMOUNTS]
    assert all(finding.kept for finding in promised), table(findings)
    judged = [(finding.trial, finding.what) for finding in promised]
    assert all(promise in judged for promise in LOST_OR_DOUBLED)


@contextmanager
def running_lambda(scratch: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run, on a leash, what looks like a Lambda of the local cloud that works in `scratch`."""
    script = scratch / "ministack-lambda-Distillery-DispatcherFunctionAB12-x" / "_worker.py"
    script.parent.mkdir(parents=True)
    script.write_text("import time\nprint(flush=True)\ntime.sleep(60)\n")
    with subprocess.Popen(
        [sys.executable, leash.__file__, "0", sys.executable, str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"TMPDIR": str(scratch)},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.stdin.close()


@on_linux
async def test_only_what_runs_our_code_in_this_cloud_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chaos_processes, "_CATCH_S", 0.0)
    with running_lambda(tmp_path / "ours") as ours, running_lambda(tmp_path / "other"):
        [victim] = find(tmp_path / "ours")  # not its leash
        assert (victim.kind, victim.name) == ("Lambda", "Dispatcher")
        killer = Killer(tmp_path / "ours", seed=1)

        await killer.strike()

        assert ours.stdout is not None
        assert b"ended with -9" in await asyncio.to_thread(ours.stdout.read)
        await killer.strike()  # nobody is left
        assert killer.kills == {"Dispatcher": 1}
        assert len(find(tmp_path / "other")) == 1
