"""The side of Runpod that a worker's SDK talks to: take a job, hand in its output, ping, stop."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from aiohttp import web

from tests.worker.loop_thread import LoopThread
from tests.worker.process import wait_for

_POLL_S = 0.2


class FakeRunpod:
    def __init__(self, loop: LoopThread) -> None:
        self.done: dict[str, dict[str, Any]] = {}  # what came of each job
        self.pings: list[str] = []
        self.said: list[dict[str, str]] = []  # with each ping
        self.taken: list[str] = []
        self._jobs: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._stops: asyncio.Queue[str] = asyncio.Queue()
        self._loop = loop
        app = web.Application()
        app.add_routes(
            [
                web.get("/job-take/{worker}", self._take),
                web.get("/job-stop/{worker}", self._stop),
                web.post("/job-done/{worker}/{job}", self._done),
                web.get("/ping/{worker}", self._ping),
            ]
        )
        self._runner, self.url = loop.serve(app)

    def close(self) -> None:
        self._loop.call(self._runner.cleanup())

    def environment(self) -> dict[str, str]:
        return {
            "RUNPOD_WEBHOOK_GET_JOB": f"{self.url}/job-take/$ID?gpu=test",
            "RUNPOD_WEBHOOK_POST_OUTPUT": f"{self.url}/job-done/$RUNPOD_POD_ID/$ID?gpu=test",
            "RUNPOD_WEBHOOK_PING": f"{self.url}/ping/$RUNPOD_POD_ID",
            "RUNPOD_AI_API_KEY": "test-key",
            "RUNPOD_POD_ID": "worker-1",
            "RUNPOD_PING_INTERVAL": "1000",
        }

    def submit(self, job_id: str, envelope: Any) -> None:
        job = {"id": job_id, "input": envelope}
        self._loop.loop.call_soon_threadsafe(self._jobs.put_nowait, job)

    def outcome(self, job_id: str) -> dict[str, Any]:
        """Wait for what comes of a job; those that others have left are nobody's business."""
        wait_for(lambda: job_id in self.done)
        return self.done[job_id]

    def stop(self, job_id: str) -> None:
        self._loop.loop.call_soon_threadsafe(self._stops.put_nowait, job_id)

    async def _take(self, _: web.Request) -> web.Response:
        try:
            job = await asyncio.wait_for(self._jobs.get(), _POLL_S)
        except TimeoutError:
            return web.Response(status=204)
        self.taken.append(job["id"])
        return web.json_response(job)

    async def _stop(self, _: web.Request) -> web.Response:
        try:
            stopped = [await asyncio.wait_for(self._stops.get(), 30)]
        except TimeoutError:
            stopped = []
        return web.json_response({"jobsToStop": stopped})

    async def _done(self, request: web.Request) -> web.Response:
        self.done[request.match_info["job"]] = json.loads(await request.text())
        return web.json_response({})

    async def _ping(self, request: web.Request) -> web.Response:
        self.pings.append(request.match_info["worker"])
        self.said.append(dict(request.query))
        return web.Response()
