"""What ends a wait of a job: the worker is told to stop, or the job's time is over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from gpu_container.worker.errors import JobFailed, Kind


@dataclass(frozen=True, slots=True)
class Until:
    """How long a job may take to come to its graph; `deadline` is on `clock`, in seconds."""

    deadline: float
    stop: Event
    clock: Callable[[], float]

    def check(self) -> None:
        """Raise JobFailed if there is no reason to wait any longer."""
        if self.stop.is_set():
            raise JobFailed(Kind.INTERRUPTED, "the worker was told to stop")
        if self.clock() >= self.deadline:
            raise JobFailed(Kind.TIMED_OUT, "the job's time was over before its graph could run")
