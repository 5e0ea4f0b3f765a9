"""Writes down what the rooms and the workers ask of AWS, and who it was."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from aiohttp import web

from local.chaos.aws_operation import operation
from local.chaos.aws_proxy import AwsProxy

WORKER = "worker"
"""Who signs nothing: it uses addresses and forms that a room has signed."""
_ACCESS_KEY = re.compile(r"Credential=(\w+)/")


@dataclass(frozen=True, slots=True)
class Call:
    """One call: `dynamodb.GetItem`, by WORKER or by the access key of a room's role."""

    operation: str
    caller: str
    was_done: bool
    document: Mapping[str, Any] = field(default_factory=dict)
    """What was asked, where it is JSON."""
    at: float = 0.0
    """When it was answered, epoch seconds."""


class RecordingProxy(AwsProxy):
    """A good line to AWS. `record` holds every call that was answered, in that order."""

    def __init__(self, upstream: str, seed: int) -> None:
        super().__init__(upstream, seed)
        self.record: list[Call] = []

    async def _forward(self, request: web.Request, body: bytes) -> web.Response:
        answer = await super()._forward(request, body)
        name = operation(request.method, request.raw_path, request.headers, body)
        is_json = "X-Amz-Target" in request.headers
        self.record.append(
            Call(
                name,
                _caller(request.headers),
                answer.status < HTTPStatus.BAD_REQUEST,
                json.loads(body) if is_json else {},
                time.time(),
            )
        )
        return answer


def _caller(headers: Mapping[str, str]) -> str:
    """Tell rooms by the keys of their roles: each of them has a role of its own."""
    found = _ACCESS_KEY.search(headers.get("Authorization", ""))
    return found[1] if found else WORKER
