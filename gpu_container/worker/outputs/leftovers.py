"""The engine's own files, removed once no job needs them: ComfyUI keeps every file for ever.

A worker that is busy for days would fill its disk, and ComfyUI lists the whole output folder for
each picture that it saves.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Protocol

log = logging.getLogger(__name__)

KEEP_S = 3600.0
"""ComfyUI answers a graph like the last one from its cache, which names the file of before; one
that was delivered (`still_in_use`) is kept as long again."""
_EVERY_S = 60.0
_COARSE_S = 1.0  # a file system's clock can be behind ours
_FOLDERS = ("input", "output", "temp")


class EngineWithFolder(Protocol):
    """What must be known of the engine."""

    @property
    def folder(self) -> Path | None:
        """The folder that holds its files, if it is ours to tidy."""


class Leftovers:
    """Removes what is older than KEEP_S and than every running job. `now` is seconds since 1970."""

    def __init__(self, engine: EngineWithFolder, now: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._now = now
        self._lock = Lock()
        self._begun: list[float] = []
        self._again_at = 0.0

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Keep everything that a job inside may have made or been given; tidy up after it."""
        begun = self._now() - _COARSE_S
        with self._lock:
            self._begun.append(begun)
        try:
            yield
        finally:
            with self._lock:
                self._begun.remove(begun)
                self._tidy()

    def _tidy(self) -> None:
        """Remove what is too old, now and then."""
        now, folder = self._now(), self._engine.folder
        if folder is None or now < self._again_at:
            return
        self._again_at = now + _EVERY_S
        oldest = min([now - KEEP_S, *self._begun])
        removed = sum(_remove_before(oldest, folder / name) for name in _FOLDERS)
        if removed:
            log.info("removed %d of the engine's files that no job needs any more", removed)


def still_in_use(path: Path) -> None:
    """Note that a file of the engine was needed now."""
    with suppress(OSError):  # a node may have written what is not ours to touch
        os.utime(path)


def _remove_before(oldest: float, folder: Path) -> int:
    removed = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            with suppress(OSError):  # ComfyUI or a node may have been quicker
                if path.lstat().st_mtime < oldest:
                    path.unlink()
                    removed += 1
    return removed
