"""At most one local cloud per folder: a locked file, which a dead owner cannot keep."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_POLL_S = 0.05
_LAST_MOMENT_S = 2.0


class AlreadyRunning(RuntimeError):
    """Another process holds the lock; `pid` is its id."""

    def __init__(self, pid: int) -> None:
        super().__init__(f"process {pid} holds the lock")
        self.pid = pid


@dataclass(frozen=True, slots=True)
class Lock:
    """The lock of one folder."""

    path: Path

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Hold the lock for as long as the block lasts; raises AlreadyRunning."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a+") as file:
            if not _locked(file):
                raise AlreadyRunning(_pid_in(file))
            file.truncate(0)
            file.write(json.dumps({"pid": os.getpid()}))
            file.flush()
            yield

    def owner(self) -> int | None:
        """Return the id of the process that holds the lock now, or None."""
        try:
            with self.path.open("r") as file:
                return None if _locked(file) else _pid_in(file)
        except FileNotFoundError:
            return None

    def end_owner(self, patience_s: float) -> bool:
        """Ask the owner to end, wait for it, and kill it when it does not; False: nobody there."""
        pid = self.owner()
        if pid is None:
            return False
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.kill(pid, number)
            if _becomes_true(lambda: self.owner() != pid, patience_s):
                break
        # What is left is the interpreter's own end; a parent that never looks keeps a zombie.
        _becomes_true(lambda: not _runs(pid), _LAST_MOMENT_S)
        return True


def _becomes_true(condition: Callable[[], bool], patience_s: float) -> bool:
    deadline = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _locked(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _pid_in(file: IO[str]) -> int:
    """Read who holds the lock; the owner may be about to write it."""
    for _ in range(100):
        file.seek(0)
        with suppress(ValueError, KeyError):
            return int(json.load(file)["pid"])
        time.sleep(_POLL_S / 10)
    return 0
