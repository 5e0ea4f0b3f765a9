"""The side of Runpod's API that its customers call, under `/v2/{endpoint_id}`.

Rules: docs.runpod.io, "Job operations" and "Execution policies".
"""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

from aiohttp import web

from local.gpu_cloud.faults import FaultMode, Provider
from local.gpu_cloud.reply import drop_connection
from local.gpu_cloud.runpod_queue import Job, Policy

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

    from local.gpu_cloud.runpod_endpoint import RunpodEndpoint
    from local.gpu_cloud.submissions import Submissions

RUN_LIMIT_BYTES = 10 * 1024 * 1024
RUNSYNC_LIMIT_BYTES = 20 * 1024 * 1024
DEFAULT_SYNC_WAIT_MS = 90_000
_DAY_MS = 24 * 3600 * 1000
_EXECUTION_TIMEOUT_MS = (5_000, 7 * _DAY_MS)
_TTL_MS = (10_000, 7 * _DAY_MS)
_SYNC_WAIT_MS = (1_000, 300_000)


class BadRequest(ValueError):
    """The call cannot be followed; the text says what to mend."""


class RunpodClientApi:
    """Routes for whoever holds the endpoint's API key."""

    def __init__(self, endpoint: RunpodEndpoint, submissions: Submissions) -> None:
        self._endpoint = endpoint
        self._submissions = submissions

    def routes(self) -> list[web.RouteDef]:
        """List the routes."""
        base = f"/v2/{self._endpoint.settings.endpoint_id}"
        return [
            web.post(f"{base}/run", self._guarded(self._run)),
            web.post(f"{base}/runsync", self._guarded(self._runsync)),
            web.get(f"{base}/status/{{job}}", self._guarded(self._status)),
            web.post(f"{base}/status/{{job}}", self._guarded(self._status)),
            web.post(f"{base}/cancel/{{job}}", self._guarded(self._cancel)),
            web.post(f"{base}/retry/{{job}}", self._guarded(self._retry)),
            web.post(f"{base}/purge-queue", self._guarded(self._purge)),
            web.get(f"{base}/health", self._guarded(self._health)),
        ]

    def _guarded(self, handler: Handler) -> Handler:
        expected = f"Bearer {self._endpoint.settings.api_key}".encode()

        async def guarded(request: web.Request) -> web.StreamResponse:
            if self._endpoint.fault.mode is FaultMode.DOWN:
                return _refusal(503, "service unavailable")
            given = request.headers.get("Authorization", "").encode()
            if not secrets.compare_digest(given, expected):
                return _refusal(401, "send the endpoint's API key as `Authorization: Bearer KEY`")
            try:
                return await handler(request)
            except BadRequest as error:
                return _refusal(400, str(error))

        return guarded

    async def _run(self, request: web.Request) -> web.StreamResponse:
        job = await self._submit(request, RUN_LIMIT_BYTES, is_sync=False)
        if self._endpoint.fault.mode is FaultMode.LOST_REPLY:
            return drop_connection(request)
        return web.json_response({"id": job.id, "status": job.state})

    async def _runsync(self, request: web.Request) -> web.StreamResponse:
        wait_ms = _milliseconds(request.query, "wait", _SYNC_WAIT_MS, DEFAULT_SYNC_WAIT_MS)
        job = await self._submit(request, RUNSYNC_LIMIT_BYTES, is_sync=True)
        if self._endpoint.fault.mode is FaultMode.LOST_REPLY:
            return drop_connection(request)
        return web.json_response(_show(await self._endpoint.outcome(job.id, wait_ms / 1000) or job))

    async def _submit(self, request: web.Request, limit_bytes: int, *, is_sync: bool) -> Job:
        body = await request.read()
        if len(body) > limit_bytes:
            raise BadRequest(f"exceeded max body size of {limit_bytes // 1024**2}MiB")
        try:
            order = json.loads(body)
        except ValueError:
            raise BadRequest("the body is not JSON") from None
        if not isinstance(order, dict) or not isinstance(order.get("input"), dict):
            raise BadRequest('the body must be an object with an object as "input"')
        policy = _read_policy(order.get("policy") or {})
        # Workers are told the address that this client reached: it is one that works.
        self._endpoint.base_url = f"http://{request.host}"
        job = self._endpoint.submit(order["input"], policy, is_sync=is_sync)
        mode = self._endpoint.fault.mode
        self._submissions.record(Provider.RUNPOD, job.id, job.input, mode)
        return job

    async def _status(self, request: web.Request) -> web.Response:
        return _show_or_404(self._endpoint.queue.find(request.match_info["job"]))

    async def _cancel(self, request: web.Request) -> web.Response:
        job = self._endpoint.queue.cancel(request.match_info["job"])
        self._endpoint.bell.ring()
        return _show_or_404(job)

    async def _retry(self, request: web.Request) -> web.Response:
        if self._endpoint.queue.find(request.match_info["job"]) is None:
            return _show_or_404(None)
        job = self._endpoint.queue.retry(request.match_info["job"])
        if job is None:
            raise BadRequest("only a FAILED or TIMED_OUT job can be retried")
        self._endpoint.bell.ring()
        return web.json_response({"id": job.id, "status": job.state})

    async def _purge(self, _: web.Request) -> web.Response:
        return web.json_response({"removed": self._endpoint.queue.purge(), "status": "completed"})

    async def _health(self, _: web.Request) -> web.Response:
        return web.json_response(self._endpoint.health())


def _refusal(status: int, message: str) -> web.Response:
    return web.json_response({"error": message}, status=status)


def _show_or_404(job: Job | None) -> web.Response:
    return (
        _refusal(404, "no such job, or it has expired")
        if job is None
        else web.json_response(_show(job))
    )


def _show(job: Job) -> dict[str, Any]:
    """Show a job as `/status` does; times are milliseconds."""
    shown: dict[str, Any] = {"id": job.id, "status": job.state}
    if job.started_at is not None:
        shown["delayTime"] = round((job.started_at - job.submitted_at) * 1000)
        shown["workerId"] = job.worker_id
    if job.started_at is not None and job.finished_at is not None:
        shown["executionTime"] = round((job.finished_at - job.started_at) * 1000)
    if job.output is not None:
        shown["output"] = job.output
    if job.error is not None:
        shown["error"] = job.error
    return shown


def _read_policy(policy: object) -> Policy:
    if not isinstance(policy, dict):
        raise BadRequest("policy must be an object")
    default = Policy()
    execution_ms = _milliseconds(
        policy, "executionTimeout", _EXECUTION_TIMEOUT_MS, default.execution_timeout_s * 1000
    )
    ttl_ms = _milliseconds(policy, "ttl", _TTL_MS, default.ttl_s * 1000)
    return Policy(execution_timeout_s=execution_ms / 1000, ttl_s=ttl_ms / 1000)


def _milliseconds(fields: Any, name: str, bounds: tuple[int, int], default: float) -> float:
    try:
        value = float(fields.get(name, default))
    except (TypeError, ValueError):
        value = -1
    if not bounds[0] <= value <= bounds[1]:
        raise BadRequest(f"{name} must be between {bounds[0]} and {bounds[1]} milliseconds")
    return value
