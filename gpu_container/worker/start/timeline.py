"""How long each stage of the worker's start took: for the log, and for each job's result.

The pull of the image and the start of the container come before, and are the platform's to tell.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

log = logging.getLogger(__name__)

STAGES = ("process_s", "engine_s", "models_s", "warm_up_s", "ready_s")
_START_TIME = 19  # field 22 of proc_pid_stat(5), counted from the one after the name


class StartTimeline:
    """Seconds: process_s and ready_s since the process began, the others of the stage itself.

    process_s ends when the engine is started, ready_s when the first job may come. models_s is the
    part of warm_up_s in which its models were looked at.
    """

    def __init__(
        self, *, age_s: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._began = clock() - (process_age() if age_s is None else age_s)
        self._seconds: dict[str, float | None] = dict.fromkeys(STAGES)
        self._jobs = count()

    def note(self, stage: str) -> None:
        """Note how long after the process's beginning `stage` was reached."""
        self._seconds[stage] = self._clock() - self._began

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Note how long the block took, also when it fails; several blocks add up."""
        begun = self._clock()
        try:
            yield
        finally:
            self._seconds[stage] = (self._seconds[stage] or 0.0) + self._clock() - begun

    def ready(self) -> None:
        """Note that the first job may come, and say what everything took."""
        self.note("ready_s")
        log.info("ready %s", json.dumps(self._figures()))

    def document(self) -> dict[str, float | int | None]:
        """Return the figures for one job's result, and count the job: ask once for each."""
        return {**self._figures(), "jobs_before": next(self._jobs)}

    def _figures(self) -> dict[str, float | int | None]:
        return {
            stage: None if seconds is None else round(seconds, 3)
            for stage, seconds in self._seconds.items()
        }


def process_age(folder: Path = Path("/proc")) -> float:
    """Return the seconds since this process began; 0 where the system does not say."""
    try:
        after_name = (folder / "self" / "stat").read_text().rpartition(")")[2].split()
        up_s = float((folder / "uptime").read_text().split()[0])
        return max(0.0, up_s - int(after_name[_START_TIME]) / os.sysconf("SC_CLK_TCK"))
    except (OSError, ValueError, IndexError):
        return 0.0
