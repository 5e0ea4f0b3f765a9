"""One process at a time brings a file, also when they run on different machines with one volume.

A lock file that its owner makes with O_EXCL and touches: that works on every kind of network disk.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from uuid import uuid4

BEAT_S = 5.0
STALE_S = 60.0
"""A lock that nobody has touched for so long belongs to nobody."""
POLL_S = 0.5

Mark = tuple[bytes, int]
"""Whose the lock is, and when it was last touched."""


class ClaimLost(Exception):
    """Another process has taken the file over: it must not be written to any more."""


class Claim:
    """The right to write one file. Time is this machine's own: no two clocks are compared."""

    def __init__(
        self,
        path: Path,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._path = path
        self._clock = clock
        self._sleep = sleep
        self._owner = uuid4().hex.encode()
        self._last_beat = 0.0

    @contextmanager
    def held(self, check: Callable[[], None]) -> Iterator[None]:
        """Hold the claim for as long as the block lasts.

        Waits for whoever has it, and calls `check` meanwhile, which may raise to end the waiting.
        """
        self._wait(check)
        over = Event()
        beat = Thread(target=self._keep_beating, args=(over,), name="claim", daemon=True)
        beat.start()
        try:
            yield
        finally:
            over.set()
            beat.join()
            if self._is_ours():
                self._path.unlink(missing_ok=True)

    def confirm(self) -> None:
        """Raise ClaimLost if another process may have taken it; cheap enough for every write."""
        if self._clock() - self._last_beat > STALE_S / 2:
            self.beat()

    def beat(self) -> None:
        """Look whether the claim is still ours, and touch it. Raises ClaimLost."""
        if not self._is_ours():
            raise ClaimLost("another process has taken this download over")
        os.utime(self._path)
        self._last_beat = self._clock()

    def _keep_beating(self, over: Event) -> None:
        while not over.wait(BEAT_S):
            with suppress(OSError, ClaimLost):  # then confirm() looks, and says so
                self.beat()

    def _wait(self, check: Callable[[], None]) -> None:
        seen, since = None, self._clock()
        while not self._made():
            check()
            mark = _mark(self._path)
            if mark != seen:
                seen, since = mark, self._clock()
            elif mark is not None and self._clock() - since >= STALE_S:
                self._remove(mark)
                continue
            self._sleep(POLL_S)

    def _made(self) -> bool:
        try:
            with self._path.open("xb") as file:
                file.write(self._owner)
        except FileExistsError:
            return False
        self._last_beat = self._clock()
        return True

    def _remove(self, stale: Mark) -> None:
        """Take a dead owner's lock away, and put it back if it is somebody's new one."""
        aside = self._path.with_name(f"{self._path.name}.{self._owner.decode()}")
        with suppress(FileNotFoundError):  # somebody was quicker
            self._path.rename(aside)
            if _mark(aside) == stale:
                aside.unlink()
            else:
                aside.rename(self._path)

    def _is_ours(self) -> bool:
        mark = _mark(self._path)
        return mark is not None and mark[0] == self._owner


def _mark(path: Path) -> Mark | None:
    """Return what changes with every beat. Opened, because a network disk then looks anew."""
    try:
        with path.open("rb") as file:
            return file.read(), os.fstat(file.fileno()).st_mtime_ns
    except FileNotFoundError:
        return None
