"""What users of worker-comfyui get: every picture as base64, or an error with details.

Unlike there, an answer that the platform would lose for its size is never given.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from gpu_container.worker.errors import NOT_THE_JOBS_FAULT, JobFailed, Kind

RUN_BYTES = 10_000_000
RUNSYNC_BYTES = 20_000_000
"""Runpod's documentation, "Endpoint operations": what `/run` and `/runsync` carry."""
_AROUND_ALL, _AROUND_ONE = 8192, 128  # JSON, the platform's own fields, errors
_MAX_ERRORS, _MAX_ERROR = 10, 400


@dataclass(frozen=True, slots=True)
class Answer:
    """The document, and why it holds no pictures; None when the job succeeded."""

    document: dict[str, Any]
    failure: Kind | None = None

    @property
    def is_the_jobs_fault(self) -> bool:
        """True when the same job would fail on any worker."""
        return self.failure is not None and self.failure not in NOT_THE_JOBS_FAULT


def most_bytes(job_id: str) -> int:
    """Return what an answer may weigh: Runpod begins the ids of `/runsync` with "sync-"."""
    return RUNSYNC_BYTES if job_id.startswith("sync-") else RUN_BYTES


def refused(error: str, details: tuple[str, ...], kind: Kind) -> Answer:
    """Say why a job ended without pictures."""
    return Answer({"error": error, **({"details": list(details)} if details else {})}, kind)


def failed(failure: JobFailed) -> Answer:
    """Say how a run failed, in worker-comfyui's words where it has any."""
    if failure.kind not in (Kind.EXECUTION_FAILED, Kind.OUT_OF_MEMORY):
        return refused(failure.message, (), failure.kind)
    node = failure.node
    where = f"Node Type: {node.class_type}, Node ID: {node.node_id}, Message: {failure.message}"
    return refused("Job processing failed", (f"Workflow execution error: {where}",), failure.kind)


@dataclass(slots=True)
class Pictures:
    """Gathers pictures up to `most_bytes` of JSON, and what went wrong with others."""

    most_bytes: int
    found: list[dict[str, str]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    _used: int = _AROUND_ALL

    @property
    def room(self) -> int:
        """Bytes that one more file may have before it is base64."""
        return max(0, (self.most_bytes - self._used - _AROUND_ONE) // 4 * 3 - 3)

    def add(self, filename: str, data: bytes) -> None:
        """Take a picture that fits, or say that it does not."""
        if len(data) > self.room:
            self.too_large(filename)
            return
        text = base64.b64encode(data).decode()
        self._used += len(text) + _AROUND_ONE + len(json.dumps(filename))
        self.found.append({"filename": filename, "type": "base64", "data": text})

    def too_large(self, filename: str) -> None:
        """Name a file that the platform would not carry."""
        self.errors.append(
            f"{filename} is left out: an answer carries {self.most_bytes} bytes in all, as base64. "
            "Ask for fewer or smaller pictures, or a format that packs better."
        )

    def answer(self) -> Answer:
        """Return what there is: pictures, pictures and errors, errors, or nothing at all."""
        errors = [error[:_MAX_ERROR] for error in self.errors[:_MAX_ERRORS]]
        if more := len(self.errors) - len(errors):
            errors.append(f"and {more} more like these")
        if not self.found and errors:
            return refused("Job processing failed", tuple(errors), Kind.NO_OUTPUT)
        document: dict[str, Any] = {"images": self.found}
        if errors:
            document["errors"] = errors
        if not self.found:
            document["status"] = "success_no_images"
        return Answer(document)
