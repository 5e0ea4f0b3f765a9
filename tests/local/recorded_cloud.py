"""`python -m tests.local.recorded_cloud FOLDER`: a local cloud that writes down who asked for what.

Everything is as `distillery local up` starts it, but that what the rooms ask of AWS passes a proxy.
"""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from aiohttp import web

from local import supervisor
from local.chaos.aws_proxy import AwsProxy
from local.cloud import LocalCloud, State
from tests.local.asked_of_aws import Need, Request, needs

RECORD = "needs.jsonl"
"""In the cloud's folder: a line for each permission that a signer has needed for the first time."""
_OF_CLOUDFORMATION = "/_ministack/"
"""Where custom resources tell how they fared, at an address that CloudFormation has signed."""


class Recorder(AwsProxy):
    """A good line that writes down, once each, what a signer's calls need."""

    def __init__(self, upstream: str, record: Path) -> None:
        super().__init__(upstream, seed=0)
        self._record = record
        self._seen: set[tuple[str, Need]] = set()

    async def _forward(self, request: web.Request, body: bytes) -> web.Response:
        answer = await super()._forward(request, body)
        if request.path.startswith(_OF_CLOUDFORMATION):
            return answer
        asked = Request(request.method, request.raw_path, request.headers, body, answer.status)
        with self._record.open("a") as lines:
            for need in sorted(needs(asked)):
                if (asked.signer, need) not in self._seen:
                    self._seen.add((asked.signer, need))
                    lines.write(json.dumps([asked.signer, *need]) + "\n")
        return answer


class RecordedCloud(LocalCloud):
    """A local cloud with a recorder before AWS, and one before SageMaker and Rekognition."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        record = self._folder / RECORD
        self._aws_line = Recorder(f"http://127.0.0.1:{self._identity.aws_port}", record)
        self._sagemaker_line = Recorder(self._identity.gpu_url, record)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[State]:
        async with self._aws_line.listening(), self._sagemaker_line.listening():
            self._rooms_aws_url = self._aws_line.url
            async with super().running() as state:
                yield state

    def _context(self) -> Mapping[str, str]:
        url = self._sagemaker_line.url
        return {
            **super()._context(),
            "sagemaker_url": url,
            "rekognition_url": f"{url}/rekognition",
        }


if __name__ == "__main__":
    with patch.object(supervisor, "LocalCloud", RecordedCloud):
        raise SystemExit(supervisor.up(0, folder=Path(sys.argv[1])))
