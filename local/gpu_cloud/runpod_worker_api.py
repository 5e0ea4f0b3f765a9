"""The side of Runpod's API that its worker SDK calls: take a job, hand in a result, be stopped.

Not in Runpod's documents: the routes and answers are those the `runpod` package (1.12) works with.
"""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

from aiohttp import web

from local.gpu_cloud.faults import FaultMode

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

    from local.gpu_cloud.runpod_endpoint import RunpodEndpoint

LONGEST_POLL_S = 20.0  # the SDK itself hangs up after 90 s
_NOTHING = 204


class RunpodWorkerApi:
    """Routes under `/v2/{endpoint_id}`; the key is the workers' own, not the operator's."""

    def __init__(self, endpoint: RunpodEndpoint) -> None:
        self._endpoint = endpoint

    def routes(self) -> list[web.RouteDef]:
        """List the routes."""
        base = f"/v2/{self._endpoint.settings.endpoint_id}"
        return [
            web.get(f"{base}/job-take/{{worker}}", self._guarded(self._take)),
            web.get(f"{base}/job-take-batch/{{worker}}", self._guarded(self._take_batch)),
            web.get(f"{base}/job-stop/{{worker}}", self._guarded(self._stop)),
            web.post(f"{base}/job-done/{{worker}}/{{job}}", self._guarded(self._done)),
            web.get(f"{base}/ping/{{worker}}", self._guarded(self._ping)),
        ]

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            key = request.headers.get("Authorization", "")
            if not secrets.compare_digest(key.encode(), self._endpoint.worker_token.encode()):
                return web.json_response({"error": "this key belongs to no worker"}, status=401)
            if self._endpoint.fault.mode is FaultMode.DOWN:
                return web.json_response({"error": "service unavailable"}, status=503)
            return await handler(request)

        return guarded

    async def _take(self, request: web.Request) -> web.Response:
        job = await self._next_job(request)
        return web.Response(status=_NOTHING) if job is None else web.json_response(job)

    async def _take_batch(self, request: web.Request) -> web.Response:
        """Hand out one job: a batch may be smaller than what was asked for."""
        job = await self._next_job(request)
        return web.Response(status=_NOTHING) if job is None else web.json_response([job])

    async def _next_job(self, request: web.Request) -> dict[str, Any] | None:
        worker = request.match_info["worker"]
        job = await self._endpoint.next_job(worker, LONGEST_POLL_S)
        return None if job is None else {"id": job.id, "input": job.input}

    async def _stop(self, request: web.Request) -> web.Response:
        jobs = await self._endpoint.jobs_to_stop(request.match_info["worker"], LONGEST_POLL_S)
        return web.json_response({"jobsToStop": jobs}) if jobs else web.Response(status=_NOTHING)

    async def _done(self, request: web.Request) -> web.Response:
        """Take a result. It is JSON, although the SDK declares it a form."""
        worker, job_id = request.match_info["worker"], request.match_info["job"]
        try:
            result = json.loads(await request.read())
        except ValueError:
            return web.json_response({"error": "the result is not JSON"}, status=400)
        if result.get("status") == "IN_PROGRESS":
            self._endpoint.queue.progress(worker, job_id, result.get("output"))
        else:
            self._endpoint.done(worker, job_id, result.get("output"), result.get("error"))
        return web.json_response({})

    async def _ping(self, _: web.Request) -> web.Response:
        return web.json_response({})
