"""What happens to a job that Runpod's SDK has taken, and when it may take the next one."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from threading import Event
from typing import Any, TypeVar, cast

from gpu_container.worker.comfy.client import Comfy
from gpu_container.worker.health import Health, Readiness
from gpu_container.worker.run_job import Deps, run_job
from gpu_container.worker.worker_comfyui.request import is_request
from gpu_container.worker.worker_comfyui.run import run_request

T = TypeVar("T")

_REPORT_S = 3.0  # time for the SDK to hand in the last result before the process ends


class Door:
    """The SDK's callbacks. They all run in its event loop, in the main thread."""

    def __init__(
        self,
        deps: Deps,
        health: Health,
        *,
        worker_comfyui_s: float,
        last_call: Callable[[], None] = lambda: None,
    ) -> None:
        self._deps = deps
        self._health = health
        self._worker_comfyui_s = worker_comfyui_s
        self._last_call = last_call  # from then on the process has so long to end by itself
        self._ending = False
        self._stops: set[Event] = set()  # of the running jobs
        self._taken: set[str] = set()  # jobs whose answer is not handed in
        self._before_uploads: set[str] = set()  # those of them that wait for the engine or have it
        self._changed = asyncio.Event()
        self._end_sdk: Callable[[], None] = lambda: None

    async def handle(self, request: dict[str, Any]) -> dict[str, Any]:
        """Run one job in a thread; the SDK cancels this each time Runpod says to stop the job.

        `refresh_worker` in an answer has Runpod replace this worker.
        https://docs.runpod.io/serverless/workers/handler-functions, "Refresh workers"
        """
        stop = Event()
        self._stops.add(stop)
        if self._ending or not self._health.is_healthy():
            stop.set()  # reported as interrupted: somebody else can do it
        work = asyncio.create_task(
            asyncio.to_thread(self._run, request, stop, self._noting(request))
        )
        try:
            answer = await _to_the_end(work, stop)
        finally:
            self._stops.discard(stop)
            self._has_left(request["id"])
        return answer if self._health.is_healthy() else {**answer, "refresh_worker": True}

    async def place(self) -> bool:
        """Wait until a job may be taken; False when none ever will.

        One may while all others only upload: a job that another worker could begin never waits here
        for the engine.
        """
        while self._before_uploads and not self._is_closing():
            self._changed.clear()
            await self._changed.wait()
        if self._is_closing() and not self._taken:
            self.end()
        return not self._is_closing()

    def expect(self, job_id: str) -> None:
        """Note a job that the SDK has taken."""
        self._taken.add(job_id)
        self._before_uploads.add(job_id)

    def forget(self, job_id: str) -> None:
        """Note that a job's answer is handed in; a worker with a broken GPU ends with its last."""
        self._taken.discard(job_id)
        self._has_left(job_id)
        if self._is_closing() and not self._taken:
            self.end()

    def ends_with(self, end_sdk: Callable[[], None]) -> None:
        """Say how the SDK's loop is told to end."""
        self._end_sdk = end_sdk

    def end(self) -> None:
        """Interrupt every job, take no other, and leave without waiting for long polls."""
        if self._ending:
            return
        self._ending = True
        self._last_call()
        for stop in self._stops:
            stop.set()
        self._changed.set()
        self._end_sdk()
        asyncio.get_running_loop().call_later(_REPORT_S if self._stops else 0, sys.exit)

    def _is_closing(self) -> bool:
        return self._ending or not self._health.is_healthy()

    def _has_left(self, job_id: str) -> None:
        self._before_uploads.discard(job_id)
        self._changed.set()

    def _noting(self, request: dict[str, Any]) -> Deps:
        """Return what the job needs, with an engine that tells when the job is out of it."""
        events = asyncio.get_running_loop()

        def left() -> None:
            events.call_soon_threadsafe(self._has_left, request["id"])

        comfy = cast("Comfy", _UntilItLeft(self._deps.comfy, left))
        return replace(self._deps, comfy=comfy)

    def _run(self, request: dict[str, Any], stop: Event, deps: Deps) -> dict[str, Any]:
        payload = request["input"]
        if is_request(payload):
            return run_request(
                payload, request["id"], deps, stop, timeout_s=self._worker_comfyui_s
            ).document
        result = run_job(payload, deps, stop)
        document = result.document()
        return {"error": json.dumps(document["error"])} if result.failure else document


class _UntilItLeft:
    """The engine's client, which says when the graph of the one job it is for has ended."""

    def __init__(self, comfy: Comfy, left: Callable[[], None]) -> None:
        self._comfy = comfy
        self._left = left

    def run(self, *args: Any, **more: Any) -> Any:
        try:
            return self._comfy.run(*args, **more)
        finally:
            self._left()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._comfy, name)


async def _to_the_end(work: asyncio.Task[T], stop: Event) -> T:
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


def fitness(start: Readiness, deps: Deps) -> Callable[[], None]:
    """Make the SDK's fitness check: it takes no job, nor says it is there, before this returns.

    A worker that cannot get ready is reported as unhealthy and ended at once, so that its jobs go
    elsewhere; the SDK then ends the process without our own clearing up.
    """

    def worker_is_ready() -> None:
        try:
            start.wait_ready()
        except Exception:
            deps.close()
            raise

    return worker_is_ready
