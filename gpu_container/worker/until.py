"""What ends a wait of a job: the worker is told to stop, or the job's time is over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from gpu_container.worker.errors import JobFailed, Kind

_FAIR_SHARE = 0.5  # of its time, for a graph that is to blame for not having ended


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
            text = "the job's time was over before its graph could run; another worker may be free"
            raise JobFailed(Kind.ENGINE_UNAVAILABLE, text)


def out_of_time(limit_s: float, own_s: float) -> JobFailed:
    """Say that a job's time is over, of which its graph had `own_s`, and whose fault that is.

    The time runs from when the worker took the job, as the platforms' own limits do. If others had
    more than half of it (a graph ahead of this one, a model that was brought, an engine that died)
    the job may well be done in time elsewhere.
    """
    if own_s >= limit_s * _FAIR_SHARE:
        return JobFailed(Kind.TIMED_OUT, f"the run took longer than its limit of {limit_s:g} s")
    had = f"had {own_s:.1f} of its {limit_s:g} s" if own_s else f"did not begin in {limit_s:g} s"
    text = f"the graph {had}: this worker was busy, and another may be free"
    return JobFailed(Kind.ENGINE_UNAVAILABLE, text)
