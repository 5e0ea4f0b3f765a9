"""Runs one program and sees to it that nothing of it stays behind, whatever becomes of us.

A program of its own: `python leash.py GRACE_SECONDS COMMAND...`. It ends the worker when its
standard input closes, which the operating system does for a parent that is killed, and sweeps up
whatever the worker itself has started, in this process group or another.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

_LOOK_AGAIN_S = 0.1
_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


def _adopt_orphans() -> None:
    """Become the parent of whatever the worker leaves behind (Linux; elsewhere: the group)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _children() -> list[int]:
    """Find this process's children. `/proc` writes a process as `pid (name) state parent ...`."""
    children = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            text = stat.read_text(errors="replace")
            if int(text.rpartition(")")[2].split()[1]) == os.getpid():
                children.append(int(stat.parent.name))
    return children


def _sweep() -> None:
    """Kill every descendant: as one dies, its children become ours."""
    if sys.platform != "linux":
        os.killpg(0, signal.SIGKILL)  # this process with them: its work is done
    while children := _children():
        for pid in children:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)


def _told_to_end() -> bool:
    readable, _, _ = select.select([sys.stdin], [], [], _LOOK_AGAIN_S)
    return bool(readable)


def _end(worker: subprocess.Popen[bytes], grace_s: float) -> None:
    worker.terminate()
    try:
        worker.wait(grace_s)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()


def main(grace_s: float, command: list[str]) -> int:
    """Run `command` to its end, or to the end of standard input."""
    for ours in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(ours, lambda *_: None)  # SIG_IGN would be inherited by the worker
    _adopt_orphans()
    started = time.monotonic()
    worker = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    while worker.poll() is None:
        if _told_to_end():
            _end(worker, grace_s)
    lived_s = time.monotonic() - started
    print(f"[worker ended with {worker.returncode} after {lived_s:.1f} s]", flush=True)
    _sweep()
    return 1 if worker.returncode else 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2:]))
