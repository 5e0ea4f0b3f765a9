"""A Runpod endpoint that runs worker-comfyui instead of our worker.

It knows no signed addresses: its pictures lie in Runpod's answer, which somebody must fetch. The
watchdog does, when it asks what has become of the job; so they come up to half a minute later than
from our own worker, without progress.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from http import HTTPStatus
from typing import Any

import urllib3
from botocore.exceptions import BotoCoreError, ClientError

from distillery.core import keys
from distillery.core.errors import ProviderRefused
from distillery.core.ports import Clock, Envelope, ObjectStore, ProviderJob
from distillery.providers.comfyui_answers import Failure, File, read_answer, result_document
from distillery.providers.runpod import RunpodProvider

logger = logging.getLogger(__name__)

MAX_REQUEST_BYTES = 10_000_000
"""Runpod's documentation, "Endpoint operations": what `/run` takes."""
_FETCH = urllib3.Timeout(connect=2.0, read=5.0)


class WorkerComfyuiProvider(RunpodProvider):
    """Implements `GpuProvider`. Its ids name the attempt too: "<job>/<attempt>/<Runpod's id>"."""

    name = "worker_comfyui"

    def __init__(
        self,
        http: urllib3.PoolManager,
        api_url: str,
        endpoint_id: str,
        api_key: Callable[[], str],
        *,
        objects: ObjectStore,
        clock: Clock,
    ) -> None:
        super().__init__(http, api_url, endpoint_id, api_key)
        self._objects = objects
        self._clock = clock

    def submit(self, envelope: Envelope) -> str:
        """POST `/run` with the graph and its images as base64."""
        request = self._request(envelope)
        if len(json.dumps(request)) > MAX_REQUEST_BYTES:
            raise ProviderRefused("the attached pictures are larger than worker-comfyui takes")
        # worker-comfyui keeps no limit of its own, and reports nothing when one is over.
        runpod_id = self._run(request, envelope["limits"]["timeout_s"])
        return f"{envelope['job_id']}/{envelope['attempt']}/{runpod_id}"

    def status(self, provider_job_id: str) -> ProviderJob:
        """Ask what has become of a job, and store the result that Runpod holds for it, if any."""
        job_id, attempt, runpod_id = provider_job_id.split("/", 2)
        answer, state = self._ask(runpod_id)
        end = read_answer(answer)
        if end is None:
            return state
        try:
            self._store(job_id, int(attempt), end, answer.get("executionTime"))
        except (BotoCoreError, ClientError) as error:
            logger.warning("a result could not be stored: %s", type(error).__name__)
            return ProviderJob.UNKNOWN  # Runpod holds it for 30 minutes: it is fetched again
        return state

    def cancel(self, provider_job_id: str) -> None:
        """POST `/cancel/{id}`: stop a job, waiting or running."""
        super().cancel(provider_job_id.split("/", 2)[2])

    def _request(self, envelope: Envelope) -> Mapping[str, Any]:
        """Make what worker-comfyui takes: images go under names made of their content."""
        graph = deepcopy(dict(envelope["graph"]))
        images: dict[str, str] = {}
        for entry in envelope["inputs"]:
            data = self._fetch(entry["url"], entry["max_bytes"])
            name = f"{hashlib.sha256(data).hexdigest()[:32]}.png"
            images[name] = base64.b64encode(data).decode()
            graph[entry["node"]]["inputs"][entry["input"]] = name
        listed = [{"name": name, "image": image} for name, image in images.items()]
        return {"workflow": graph, **({"images": listed} if listed else {})}

    def _fetch(self, url: str, max_bytes: int) -> bytes:
        """Read one of the job's own inputs, which is in our bucket."""
        try:
            answer = self._http.request(
                "GET", url, timeout=_FETCH, retries=False, preload_content=False
            )
            try:
                data: bytes = answer.read(max_bytes + 1)
            finally:
                answer.release_conn()
        except urllib3.exceptions.HTTPError as error:
            words = f"an input could not be read: {type(error).__name__}"
            raise ProviderRefused(words) from error
        if answer.status != HTTPStatus.OK or len(data) > max_bytes:
            raise ProviderRefused(f"an input could not be read: {answer.status}")
        return data

    def _store(
        self, job_id: str, attempt: int, end: Sequence[File] | Failure, execution_ms: object
    ) -> None:
        """Store the files, and last of all the result, as a worker does for its attempt."""
        if not isinstance(end, Failure):
            for file in end:
                key = keys.output_key(job_id, attempt, file.name)
                self._objects.put(key, file.data, file.content_type)
        document = result_document(
            job_id, attempt, end, engine_s=_seconds(execution_ms), now=self._clock()
        )
        self._objects.put(keys.result_key(job_id, attempt), document, "application/json")


def _seconds(milliseconds: object) -> float:
    if isinstance(milliseconds, int | float) and math.isfinite(milliseconds):
        return max(0.0, milliseconds / 1000)
    return 0.0
