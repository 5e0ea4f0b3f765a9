"""The workers of one provider: none while nobody asks, more while jobs wait, up to the maximum.

Each of the fleet's places is filled again and again: wait until a worker is wanted, start one, let
it serve (what that means is the provider's business), end it.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from local.gpu_cloud.faults import ENDS_WORKERS, HIRES_NOBODY, Fault, FaultMode, Faults, Provider
from local.gpu_cloud.worker_process import WorkerProcess, running_worker

if TYPE_CHECKING:
    from local.gpu_cloud.bell import Bell
    from local.gpu_cloud.settings import GpuCloudSettings

_CRASHING_COMMAND = (sys.executable, "-I", "-S", "-c", "raise SystemExit('crash_loop')")
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 10.0

_log = logging.getLogger(__name__)


class WorkerState(StrEnum):
    """What a worker does."""

    INITIALIZING = "initializing"
    IDLE = "idle"
    RUNNING = "running"


@dataclass(slots=True)
class Worker:
    """One place's present worker; its provider keeps `state` and `idle_since`."""

    id: str
    state: WorkerState
    idle_since: float = 0.0
    leaving: bool = False  # gets no more work; its process is being ended


Serve = Callable[[Worker, WorkerProcess], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """What the fleet is hired for: the provider's side of it."""

    provider: Provider
    command: Sequence[str]
    places: int
    waiting: Callable[[], int]
    environment: Callable[[str], dict[str, str]]
    serve: Serve
    """Serves until the worker has idled too long or is of no more use; cancelled for a fault."""


class Fleet:
    """Fills the places. `run` goes on until it is cancelled, and then leaves no process."""

    def __init__(self, duty: Duty, settings: GpuCloudSettings, faults: Faults, bell: Bell) -> None:
        self._duty = duty
        self._settings = settings
        self._faults = faults
        self._bell = bell
        self._numbers = itertools.count(1)
        self.workers: dict[str, Worker] = {}
        self.unhealthy = 0  # places whose last worker crashed and whose next one must wait

    @property
    def fault(self) -> Fault:
        """How this provider misbehaves now."""
        return self._faults.of(self._duty.provider)

    def counts(self) -> Counter[WorkerState]:
        """Count by state the workers that stay."""
        return Counter(worker.state for worker in self.workers.values() if not worker.leaving)

    async def run(self) -> None:
        """Fill every place, for ever."""
        async with asyncio.TaskGroup() as places:
            for _ in range(self._duty.places):
                places.create_task(self._fill_place())

    async def _fill_place(self) -> None:
        crashes = 0
        while True:
            await self._bell.until(self._is_worker_wanted)
            crashes = crashes + 1 if await self._employ() else 0
            if crashes:
                await self._recover(crashes)

    def _is_worker_wanted(self) -> bool:
        counts = self.counts()
        coming_or_free = counts[WorkerState.INITIALIZING] + counts[WorkerState.IDLE]
        return self.fault.mode not in HIRES_NOBODY and self._duty.waiting() > coming_or_free

    async def _employ(self) -> bool:
        """Run one worker from its start to its end; True when it crashed."""
        worker = Worker(f"{self._duty.provider}-{next(self._numbers)}", WorkerState.INITIALIZING)
        mode = self.fault.mode
        self.workers[worker.id] = worker

        def must_end() -> bool:
            return self.fault.mode in ENDS_WORKERS and self.fault.mode is not mode

        try:
            if await self._bell.until(must_end, self._settings.cold_start_s):
                return False
            crash = mode is FaultMode.CRASH_LOOP
            command = _CRASHING_COMMAND if crash else self._duty.command
            environment = self._duty.environment(worker.id)
            async with running_worker(worker.id, command, environment, self._settings) as process:
                await self._serve(worker, process, must_end)
                return process.ended
        finally:
            del self.workers[worker.id]

    async def _serve(
        self, worker: Worker, process: WorkerProcess, must_end: Callable[[], bool]
    ) -> None:
        watch = asyncio.create_task(self._ring_at_the_end_of(process))
        fault = asyncio.create_task(self._bell.until(must_end))
        serving = asyncio.ensure_future(self._duty.serve(worker, process))
        tasks = (watch, fault, serving)
        try:
            await asyncio.wait((fault, serving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            worker.leaving = True
            self._bell.ring()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if not serving.cancelled() and (error := serving.exception()):
            raise error

    async def _ring_at_the_end_of(self, process: WorkerProcess) -> None:
        await process.wait()
        self._bell.ring()

    async def _recover(self, crashes: int) -> None:
        """Leave the place empty for a while, so that a crash loop does not eat the machine."""
        pause_s = min(_FIRST_PAUSE_S * 2 ** (crashes - 1), _LONGEST_PAUSE_S)
        _log.warning("%s: worker crashed; next start in %g s", self._duty.provider, pause_s)
        fault = self.fault
        self.unhealthy += 1
        try:
            await self._bell.until(lambda: self.fault != fault, pause_s)
        finally:
            self.unhealthy -= 1
