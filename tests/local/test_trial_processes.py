"""The service on real processes, and who kills them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local import leash
from local.chaos import processes as chaos_processes
from local.chaos.finding import table
from local.chaos.processes import Killer, find
from local.chaos.trials import processes

on_linux = pytest.mark.skipif(
    not Path("/proc/self/schedstat").exists(), reason="finds processes in /proc"
)

AMOUNTS = ("acknowledged", "faults on the line to AWS")
"""How much a machine gets done in the storm, which says nothing of what becomes of it."""


@pytest.mark.cloud
@on_linux
def test_no_answer_is_lost_or_doubled_while_our_processes_are_killed() -> None:
    findings = processes.run(12, seed=1, quiet_s=5.0)
    promised = [finding for finding in findings if finding.what not in AMOUNTS]
    assert all(finding.kept for finding in promised), table(findings)


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
