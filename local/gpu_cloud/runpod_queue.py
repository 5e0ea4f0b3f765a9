"""Runpod's queue as its documents describe it: states, limits and retention, without any I/O.

Rules: docs.runpod.io, "Job operations", "Job states", "Execution policies".
"""

from __future__ import annotations

import uuid
from collections import Counter, deque
from dataclasses import dataclass, replace
from enum import StrEnum
from math import inf
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

RESULT_KEPT_S = 30 * 60
SYNC_RESULT_KEPT_S = 60
MOST_RETRIES = 2  # how often a job whose worker crashes is handed to another; ours to choose


class JobState(StrEnum):
    """The states a client of Runpod may see."""

    IN_QUEUE = "IN_QUEUE"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    TIMED_OUT = "TIMED_OUT"


_WAITING, _RUNNING = JobState.IN_QUEUE, JobState.IN_PROGRESS
_UNFINISHED = frozenset({_WAITING, _RUNNING})
_CAN_RETRY = frozenset({JobState.FAILED, JobState.TIMED_OUT})


@dataclass(frozen=True, slots=True)
class Policy:
    """How long a job may run, and how long it may exist; seconds."""

    execution_timeout_s: float = 600.0
    ttl_s: float = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Job:
    """One job, at one moment. Times are seconds since the epoch."""

    id: str
    input: Any
    policy: Policy
    is_sync: bool
    submitted_at: float
    runs_left: int
    state: JobState = _WAITING
    worker_id: str | None = None
    started_at: float | None = None
    finished_at: float | None = None
    output: Any = None
    error: Any = None
    retries: int = 0

    @property
    def finished(self) -> bool:
        """Whether the job has reached its last state."""
        return self.state not in _UNFINISHED


class RunpodQueue:
    """The jobs of one endpoint. `clock` gives seconds since the epoch."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._jobs: dict[str, Job] = {}
        self._line: deque[str] = deque()
        self._unwanted: dict[str, dict[str, float]] = {}
        self._ended: Counter[JobState] = Counter()
        self._retried = 0
        self._nothing_before = inf  # the earliest moment at which time alone changes something

    def submit(
        self, job_input: Any, policy: Policy, *, is_sync: bool = False, runs: int = 1
    ) -> Job:
        """Put a new job in the line; it is to be run `runs` times before it counts as done."""
        prefix, suffix = ("sync-", "-e1") if is_sync else ("", "-u1")
        job_id = f"{prefix}{uuid.uuid4()}{suffix}"
        job = Job(job_id, job_input, policy, is_sync, self._clock(), runs)
        self._line.append(job.id)
        return self._put(job)

    def find(self, job_id: str) -> Job | None:
        """Look a job up; None when it never was, or is kept no longer."""
        self.advance()
        return self._jobs.get(job_id)

    @property
    def waiting(self) -> int:
        """How many jobs wait for a worker."""
        self.advance()
        return len(self._line)

    def take(self, worker_id: str) -> Job | None:
        """Give the next job in line to a worker that has its hands free."""
        self.advance()
        if not self._line:
            return None
        job = self._jobs[self._line.popleft()]
        return self._put(
            replace(job, state=_RUNNING, worker_id=worker_id, started_at=self._clock())
        )

    def progress(self, worker_id: str, job_id: str, output: Any) -> None:
        """Keep what a worker reports of a job it still runs."""
        job = self._held(worker_id, job_id)
        if job is not None:
            self._put(replace(job, output=output))

    def done(self, worker_id: str, job_id: str, output: Any, error: Any) -> None:
        """Take a worker's result; that of a job it no longer holds changes nothing."""
        job = self._held(worker_id, job_id)
        self.released(worker_id, job_id)
        if job is None:
            return
        if job.runs_left > 1:
            self._back_in_line(replace(job, runs_left=job.runs_left - 1))
            return
        state = JobState.COMPLETED if error is None else JobState.FAILED
        self._finish(replace(job, output=output, error=error), state)

    def cancel(self, job_id: str) -> Job | None:
        """End a job that waits or runs; a finished one stays as it is."""
        job = self.find(job_id)
        if job is None or job.finished:
            return job
        return self._finish(job, JobState.CANCELLED)

    def retry(self, job_id: str) -> Job | None:
        """Run a failed job anew under its old id; None when it cannot be."""
        job = self.find(job_id)
        if job is None or job.state not in _CAN_RETRY:
            return None
        return self._back_in_line(replace(job, output=None, error=None), first=False)

    def purge(self) -> int:
        """Cancel every job that waits, and say how many that were. Running ones go on."""
        self.advance()
        waiting = list(self._line)
        for job_id in waiting:
            self._finish(self._jobs[job_id], JobState.CANCELLED)
        return len(waiting)

    def worker_lost(self, worker_id: str, *, crashed: bool) -> None:
        """Hand on what a worker held, or fail it when one too many has crashed over it."""
        self._unwanted.pop(worker_id, None)
        for job in [j for j in self._jobs.values() if j.worker_id == worker_id and not j.finished]:
            if not crashed or job.retries < MOST_RETRIES:
                self._back_in_line(replace(job, retries=job.retries + crashed))
            else:
                error = f"the worker ended while it ran the job, {job.retries + 1} times in a row"
                self._finish(replace(job, error=error), JobState.FAILED)

    def unwanted(self, worker_id: str) -> dict[str, float]:
        """Tell which jobs a worker should stop, and since when."""
        self.advance()
        return dict(self._unwanted.get(worker_id, {}))

    def released(self, worker_id: str, job_id: str | None = None) -> None:
        """Note that a worker has let go of an unwanted job, or (without an id) of all."""
        if job_id is None:
            self._unwanted.pop(worker_id, None)
        else:
            self._unwanted.get(worker_id, {}).pop(job_id, None)

    def counts(self) -> dict[str, int]:
        """Count the jobs as `/health` does."""
        self.advance()
        running = sum(job.state is _RUNNING for job in self._jobs.values())
        return {
            "completed": self._ended[JobState.COMPLETED],
            "failed": self._ended[JobState.FAILED] + self._ended[JobState.TIMED_OUT],
            "inProgress": running,
            "inQueue": len(self._line),
            "retried": self._retried,
        }

    def advance(self) -> None:
        """Apply what time alone does: expiry, timeouts, the end of a result's keeping."""
        now = self._clock()
        if now < self._nothing_before:
            return
        for job in list(self._jobs.values()):
            if now >= _forgotten_at(job):
                self._leave(job)
                del self._jobs[job.id]
            elif now >= _overrun_at(job):
                error = f"job exceeded its {job.policy.execution_timeout_s:g} s of execution"
                self._finish(replace(job, error=error), JobState.TIMED_OUT)
        self._nothing_before = min(map(_next_moment, self._jobs.values()), default=inf)

    def _held(self, worker_id: str, job_id: str) -> Job | None:
        job = self.find(job_id)
        held = job is not None and job.state is _RUNNING and job.worker_id == worker_id
        return job if held else None

    def _back_in_line(self, job: Job, *, first: bool = True) -> Job:
        self._retried += 1
        if first:
            self._line.appendleft(job.id)
        else:
            self._line.append(job.id)
        return self._put(
            replace(job, state=_WAITING, worker_id=None, started_at=None, finished_at=None)
        )

    def _finish(self, job: Job, state: JobState) -> Job:
        self._ended[state] += 1
        if state in {JobState.CANCELLED, JobState.TIMED_OUT}:
            self._leave(job)
        return self._put(replace(job, state=state, finished_at=self._clock()))

    def _leave(self, job: Job) -> None:
        """Take an unfinished job from the line, or off the worker that runs it."""
        if job.state is _WAITING:
            self._line.remove(job.id)
        elif job.state is _RUNNING and job.worker_id is not None:
            self._unwanted.setdefault(job.worker_id, {})[job.id] = self._clock()

    def _put(self, job: Job) -> Job:
        self._jobs[job.id] = job
        self._nothing_before = min(self._nothing_before, _next_moment(job))
        return job


def _forgotten_at(job: Job) -> float:
    """A result is kept for a while; an unfinished job lives as long as its `ttl`."""
    if job.finished_at is None:
        return job.submitted_at + job.policy.ttl_s
    return job.finished_at + (SYNC_RESULT_KEPT_S if job.is_sync else RESULT_KEPT_S)


def _overrun_at(job: Job) -> float:
    if job.finished or job.started_at is None:
        return inf
    return job.started_at + job.policy.execution_timeout_s


def _next_moment(job: Job) -> float:
    return min(_forgotten_at(job), _overrun_at(job))
