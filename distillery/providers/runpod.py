"""Runpod's serverless HTTP API. Source: Runpod's documentation, "Endpoint operations"."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import urllib3

from distillery.core.deadlines import run_ends_within
from distillery.core.errors import JobRefused, ProviderError, ProviderRefused, ProviderUnreachable
from distillery.core.ports import Envelope, ProviderCondition, ProviderJob

logger = logging.getLogger(__name__)

_TIMEOUT = urllib3.Timeout(connect=2.0, read=5.0)
QUEUE_LIFE_S = 15 * 60
"""A job that Runpod has not finished by then is of no use: the interaction token has died."""
_STATES = {
    "IN_QUEUE": ProviderJob.WAITING,
    "IN_PROGRESS": ProviderJob.RUNNING,
    "RUNNING": ProviderJob.RUNNING,
    "COMPLETED": ProviderJob.ENDED,
    "FAILED": ProviderJob.ENDED,
    "CANCELLED": ProviderJob.ENDED,
    "TIMED_OUT": ProviderJob.ENDED,
}
"""Runpod's documentation, "Job states"."""
_ABLE = ("idle", "ready", "running", "initializing")
"""Workers in these states take jobs, or soon will."""
_WRONG_JOB = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)
"""Runpod has read the job and will never take it."""
_NOT_PASSED_ON = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE})
"""A server in front of Runpod's own had nobody to pass the job on to."""


class RunpodProvider:
    """Implements `GpuProvider` on one endpoint. `api_key` is asked for when it is needed."""

    name = "runpod"

    def __init__(
        self,
        http: urllib3.PoolManager,
        api_url: str,
        endpoint_id: str,
        api_key: Callable[[], str],
    ) -> None:
        self._http = http
        self._url = f"{api_url.rstrip('/')}/{endpoint_id}"
        self._api_key = api_key

    def condition(self) -> ProviderCondition:
        """Read `/health`, which counts workers by state. None at all is READY: one will start."""
        try:
            workers = self._call("GET", "health")["workers"]
            able = sum(workers.get(state, 0) for state in _ABLE)
            throttled, unhealthy = workers.get("throttled", 0), workers.get("unhealthy", 0)
            if able > 0 or throttled + unhealthy == 0:
                return ProviderCondition.READY
        except ProviderRefused as error:
            if error.status == HTTPStatus.TOO_MANY_REQUESTS:
                return ProviderCondition.READY  # it is there, and we ask too often
            logger.warning("Runpod refused to tell its health: %s", error)
            return ProviderCondition.DOWN
        except (ProviderUnreachable, KeyError, TypeError, AttributeError):
            logger.warning("Runpod gave no health")
            return ProviderCondition.DOWN
        return ProviderCondition.CRASHING if unhealthy else ProviderCondition.NO_CAPACITY

    def submit(self, envelope: Envelope) -> str:
        """POST `/run`; returns Runpod's job id."""
        return self._run(envelope, run_ends_within(envelope["limits"]["timeout_s"]))

    def status(self, provider_job_id: str) -> ProviderJob:
        """GET `/status/{id}`. Runpod forgets a job 30 minutes after its end, or at its TTL."""
        return self._ask(provider_job_id)[1]

    def cancel(self, provider_job_id: str) -> None:
        """POST `/cancel/{id}`: stop a job, waiting or running."""
        self._call("POST", f"cancel/{provider_job_id}", {})

    def _run(self, payload: Mapping[str, Any], ends_within_s: float) -> str:
        answer = self._call(
            "POST",
            "run",
            {
                "input": payload,
                "policy": {
                    "executionTimeout": int(ends_within_s * 1000),
                    "ttl": QUEUE_LIFE_S * 1000,
                },
            },
        )
        job_id = answer.get("id")
        if not isinstance(job_id, str) or not job_id:
            raise ProviderUnreachable("Runpod's answer to run holds no id")
        return job_id

    def _ask(self, runpod_id: str) -> tuple[Mapping[str, Any], ProviderJob]:
        """Return what Runpod tells of a job, if anything, and what it means."""
        try:
            answer = self._call("GET", f"status/{runpod_id}")
        except ProviderRefused as error:
            gone = error.status == HTTPStatus.NOT_FOUND
            return {}, ProviderJob.GONE if gone else ProviderJob.UNKNOWN
        except ProviderUnreachable:
            return {}, ProviderJob.UNKNOWN
        return answer, _STATES.get(str(answer.get("status")), ProviderJob.UNKNOWN)

    def _call(
        self, method: str, operation: str, body: Mapping[str, Any] | None = None
    ) -> Mapping[str, Any]:
        try:
            answer = self._http.request(
                method,
                f"{self._url}/{operation}",
                body=None if body is None else json.dumps(body).encode(),
                headers={
                    "Authorization": f"Bearer {self._api_key()}",
                    "Content-Type": "application/json",
                },
                timeout=_TIMEOUT,
                retries=False,  # a repeated /run could run twice: the next provider is our retry
            )
        except urllib3.exceptions.ConnectTimeoutError as error:
            # Also the base of what is raised for a refused connection and an unknown host.
            raise ProviderRefused(f"no way to Runpod: {type(error).__name__}") from error
        except urllib3.exceptions.HTTPError as error:
            raise ProviderUnreachable(f"Runpod did not answer: {type(error).__name__}") from error
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise _error(operation, answer.status)
        return _document(answer)


def _error(operation: str, status: int) -> ProviderError:
    """What an answer of 400 or more means: nothing was done, or nobody knows."""
    words = f"Runpod answered {operation} with {status}"
    if status in _WRONG_JOB:
        return JobRefused(words, status)
    if status < HTTPStatus.INTERNAL_SERVER_ERROR or status in _NOT_PASSED_ON:
        return ProviderRefused(words, status)
    return ProviderUnreachable(words)


def _document(answer: urllib3.BaseHTTPResponse) -> Mapping[str, Any]:
    try:
        document = answer.json()
    except ValueError as error:
        raise ProviderUnreachable("Runpod's answer is not JSON") from error
    if not isinstance(document, dict):
        raise ProviderUnreachable("Runpod's answer is not a JSON object")
    return document
