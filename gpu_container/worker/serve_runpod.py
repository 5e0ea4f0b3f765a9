"""Runpod's door: the SDK takes the jobs, this hands each one to run_job.

https://docs.runpod.io/serverless/workers/handler-functions
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import signal
import sys
from threading import Event
from typing import Any

from gpu_container.worker.result import JobResult
from gpu_container.worker.run_job import Deps, run_job
from gpu_container.worker.settings import Settings
from gpu_container.worker.wiring import start_worker

_REPORT_S = 3.0  # time for the SDK to hand in the last result before the process ends


class Door:
    """The SDK's callbacks. They all run in its event loop, in the main thread."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._ending = False
        self._stops: set[Event] = set()  # of the running jobs
        self._sdk_shutdown: Any = None

    async def handle(self, request: dict[str, Any]) -> dict[str, Any]:
        """Run one job in a thread; the SDK cancels this each time Runpod says to stop the job."""
        stop = Event()
        self._stops.add(stop)
        if self._ending:
            stop.set()
        work = asyncio.create_task(asyncio.to_thread(run_job, request["input"], self._deps, stop))
        try:
            result = await _to_the_end(work, stop)
        finally:
            self._stops.discard(stop)
        document = result.document()
        return {"error": json.dumps(document["error"])} if result.failure else document

    def concurrency(self, _: int) -> int:
        """One job at a time. First called when the SDK listens to SIGTERM: then we do as well."""
        if self._sdk_shutdown is None:
            self._sdk_shutdown = signal.getsignal(signal.SIGTERM)
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.end)
        return 1

    def end(self) -> None:
        """Interrupt the running job, take no other, and leave without waiting for long polls."""
        self._ending = True
        for stop in self._stops:
            stop.set()
        self._sdk_shutdown(signal.SIGTERM, None)
        asyncio.get_running_loop().call_later(_REPORT_S if self._stops else 0, sys.exit)


async def _to_the_end(work: asyncio.Task[JobResult], stop: Event) -> JobResult:
    """Wait for a job; a cancellation stops it, and takes effect once its result is stored.

    Were it let go before, the SDK would take the next job beside a run that still leaves the
    engine.
    """
    cancelled: asyncio.CancelledError | None = None
    while not work.done():
        try:
            await asyncio.wait([work])
        except asyncio.CancelledError as error:
            cancelled = error
            stop.set()
    if cancelled is not None:
        raise cancelled
    return work.result()


def main() -> None:
    """Serve until SIGTERM."""
    os.environ.setdefault("RUNPOD_DEBUG_LEVEL", "INFO")  # the SDK's default logs every output
    multiprocessing.set_start_method("spawn")  # its heartbeat: never fork a process with threads
    deps = start_worker(Settings.from_env(os.environ))
    # Slow to import: the engine starts meanwhile.
    import runpod  # type: ignore[import-untyped]  # noqa: PLC0415

    door = Door(deps)
    runpod.serverless.start({"handler": door.handle, "concurrency_modifier": door.concurrency})


if __name__ == "__main__":
    main()
