"""GPU providers as queues of workers that run, stall, die, repeat themselves and lie."""

from __future__ import annotations

import itertools
import json
import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from distillery.core import keys
from distillery.core.errors import ProviderRefused, ProviderUnreachable
from distillery.core.ports import Envelope, ProviderCondition, ProviderJob
from local.chaos.clockwork import Clockwork
from local.chaos.weather import Weather


class Mode(StrEnum):
    """How a provider behaves."""

    OK = "ok"
    DOWN = "down"  # its API does not answer; its workers go on
    SLOW = "slow"
    NO_CAPACITY = "no_capacity"
    CRASH_LOOP = "crash_loop"
    LOST_REPLY = "lost_reply"
    DOUBLE_RUN = "double_run"


WORKING = frozenset({Mode.OK, Mode.SLOW, Mode.DOUBLE_RUN})
"""Modes in which a job that is handed over is done."""
_CONDITIONS = {
    Mode.DOWN: ProviderCondition.DOWN,
    Mode.NO_CAPACITY: ProviderCondition.NO_CAPACITY,
    Mode.CRASH_LOOP: ProviderCondition.CRASHING,
}


class Bucket(Protocol):
    """What workers reach with the addresses in their jobs."""

    def put(self, key: str, data: bytes) -> None:
        """Store an object, of which S3 then tells."""

    def exists(self, key: str) -> bool:
        """Tell whether there is such an object."""


@dataclass(slots=True)
class Run:
    """One job in the provider's queue; a doubled one is in it twice."""

    job_id: str
    attempt: int
    state: ProviderJob = ProviderJob.WAITING
    cancelled: bool = False


class SimulatedProvider:
    """Implements `GpuProvider`."""

    def __init__(
        self, name: str, clock: Clockwork, rng: random.Random, weather: Weather, bucket: Bucket
    ) -> None:
        self.name = name
        self.mode = Mode.OK
        self.weather = weather
        self.workers = 12
        self.is_frozen = False  # workers neither go on nor die
        self.submits = 0
        self.latest: dict[str, int] = {}  # job -> its highest attempt submitted here
        self.ran: list[str] = []  # the job of each run on a GPU that no fault ended
        self.hurt: Callable[[str], None] = lambda job_id: None
        self._clock, self._rng, self._bucket = clock, rng, bucket
        self._runs: dict[str, Run] = {}
        self._queue: deque[Run] = deque()
        self._busy = 0

    def condition(self) -> ProviderCondition:
        """Tell the truth, as far as one can see it from outside."""
        return _CONDITIONS.get(self.mode, ProviderCondition.READY)

    def submit(self, envelope: Envelope) -> str:
        """Take a job; whether the caller learns of it is another thing."""
        if self.mode is Mode.DOWN:
            self.hurt(envelope["job_id"])
            raise (ProviderUnreachable if self._rng.random() < 0.5 else ProviderRefused)("down")  # noqa: PLR2004
        self.submits += 1
        job_id, attempt = envelope["job_id"], envelope["attempt"]
        self.latest[job_id] = max(attempt, self.latest.get(job_id, 0))
        run = Run(job_id, attempt)
        provider_job_id = f"{self.name}-{self.submits}"
        self._runs[provider_job_id] = run
        self._queue.append(run)
        if self.mode is Mode.DOUBLE_RUN:
            self._queue.append(run)
        self.begin()
        if self.mode is Mode.LOST_REPLY:
            self.hurt(run.job_id)
            raise ProviderUnreachable("the answer was lost")
        return provider_job_id

    def status(self, provider_job_id: str) -> ProviderJob:
        """Tell what has become of a job."""
        if self.mode is Mode.DOWN:
            return ProviderJob.UNKNOWN
        run = self._runs.get(provider_job_id)
        return run.state if run else ProviderJob.GONE

    def cancel(self, provider_job_id: str) -> None:
        """Stop a job; the worker notices at its next step, or never."""
        if self.mode is Mode.DOWN:
            raise ProviderUnreachable("down")
        run = self._runs[provider_job_id]
        run.cancelled = self._rng.random() < 0.5 or run.state is ProviderJob.WAITING  # noqa: PLR2004

    def turn(self, mode: Mode) -> None:
        """Behave differently from now on."""
        if mode is not self.mode:
            # Until now these were in trouble.
            for run in self._runs.values():
                if run.state in (ProviderJob.WAITING, ProviderJob.RUNNING) and (
                    self.mode is not Mode.OK
                ):
                    self.hurt(run.job_id)
        self.mode = mode
        self.begin()

    def begin(self) -> None:
        """Give waiting jobs to free workers."""
        while self._queue and self._busy < self.workers and self._hires():
            run = self._queue.popleft()
            if self._is_called_off(run):
                run.state = ProviderJob.ENDED
                continue
            claim = keys.claim_key(run.job_id, run.attempt)
            if self._bucket.exists(claim):  # another worker has, or had, this attempt
                if run.state is ProviderJob.WAITING:
                    run.state = ProviderJob.ENDED
                continue
            self._bucket.put(claim, b"")
            self._busy += 1
            run.state = ProviderJob.RUNNING
            self._step(run, self._work(run))

    def _hires(self) -> bool:
        return self.mode is not Mode.NO_CAPACITY and not self.is_frozen

    def _is_called_off(self, run: Run) -> bool:
        return run.cancelled or self._bucket.exists(keys.cancel_key(run.job_id, run.attempt))

    def _step(self, run: Run, work: Iterator[tuple[str, bytes]]) -> None:
        pace_s = self._rng.uniform(0.3, 2.5) * (12 if self.mode is Mode.SLOW else 1)
        self._clock.after(pace_s, "worker", lambda: self._go_on(run, work))

    def _go_on(self, run: Run, work: Iterator[tuple[str, bytes]]) -> None:
        """Write one more thing, or end, or die."""
        if self.is_frozen:
            self._step(run, work)
            return
        dies = self.mode is Mode.CRASH_LOOP or self._rng.random() < self.weather.worker_death
        called_off = self._is_called_off(run)
        written = None if dies or called_off else next(work, None)
        if written is not None:
            self._bucket.put(*written)
            self._step(run, work)
            return
        self._busy -= 1
        run.state = ProviderJob.ENDED
        if dies:
            self.hurt(run.job_id)
            if self._rng.random() < 0.3:  # noqa: PLR2004 - some providers try a dead worker's job again
                run.state = ProviderJob.WAITING
                self._queue.append(run)
        elif called_off:
            self.ran.append(run.job_id)
        self.begin()

    def _work(self, run: Run) -> Iterator[tuple[str, bytes]]:
        """What a worker writes, in its order: the result comes last."""
        for sequence in itertools.count(1):
            document = {"sequence": sequence, "percent": 30.0 * sequence}
            yield keys.progress_key(run.job_id, run.attempt), json.dumps(document).encode()
            if sequence == 3:  # noqa: PLR2004
                break
        picture = f"{run.job_id} {run.attempt}".encode()
        if self._rng.random() < self.weather.worker_error:
            result = _failure(self._rng.choice(("execution_failed", "engine_unavailable")))
        else:
            yield keys.output_key(run.job_id, run.attempt, "0_9.png"), picture
            self.ran.append(run.job_id)
            result = _success(len(picture))
        data = json.dumps(result).encode()
        if self._rng.random() < self.weather.bad_document:
            data = data[:-9]
        yield keys.result_key(run.job_id, run.attempt), data


def _success(size: int) -> dict[str, Any]:
    output = {"name": "0_9.png", "content_type": "image/png", "bytes": size}
    return {"status": "succeeded", "outputs": [output], "timings": {"engine_s": 3.0}}


def _failure(kind: str) -> dict[str, Any]:
    return {"status": "failed", "outputs": [], "error": {"kind": kind, "message": "no"}}
