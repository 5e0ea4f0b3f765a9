"""What an endpoint of worker-comfyui answered, as the result that a worker of ours would store.

It is somebody else's worker, so nothing of it is believed: not what a file is, nor its name.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from distillery.core.envelope import MAX_OUTPUT_BYTES, MAX_OUTPUTS

_STARTS = (
    (b"\x89PNG\r\n\x1a\n", 0, "png", "image/png"),
    (b"\xff\xd8\xff", 0, "jpg", "image/jpeg"),
    (b"GIF8", 0, "gif", "image/gif"),
    (b"WEBP", 8, "webp", "image/webp"),
    (b"ftyp", 4, "mp4", "video/mp4"),
    (b"\x1aE\xdf\xa3", 0, "webm", "video/webm"),
)
"""What files of each kind that Discord shows begin with, and where."""
_PNG_SIZE = struct.Struct(">II")
_PNG_SIZE_AT = 16  # PNG, 11.2.1: the first chunk is IHDR, and begins with width and height
_FRAMES = {"image/webp": b"ANIM", "image/png": b"acTL"}
"""The chunk that an image of several frames has before its first one (RFC 9649, 2.7; PNG, 11.3.6).
"""
_BEFORE_FRAMES = 64 * 1024  # bytes: only colours and texts may stand before it
_OWN_BUCKET = "the endpoint stores pictures in a bucket of its own; unset its BUCKET_ENDPOINT_URL"
_ENGINE_WORDS = (
    "comfyui server",
    "websocket communication error",
    "http communication error",
    "failed to upload one or more input images",
    "job processing failed, prompt id",
)
"""Beginnings of its errors that tell of the machine and not of the job."""


@dataclass(frozen=True, slots=True)
class File:
    """One picture as it will be stored."""

    name: str
    content_type: str
    data: bytes

    @property
    def size(self) -> tuple[int, int] | tuple[None, None]:
        """Width and height in pixels where they are easily told."""
        if self.content_type != "image/png" or len(self.data) < _PNG_SIZE_AT + _PNG_SIZE.size:
            return None, None
        width, height = _PNG_SIZE.unpack_from(self.data, _PNG_SIZE_AT)
        return width, height

    @property
    def is_animated(self) -> bool:
        """True where the file says that it has several frames."""
        chunk = _FRAMES.get(self.content_type)
        return chunk is not None and chunk in self.data[:_BEFORE_FRAMES]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there are no files: a kind of `gpu_container/result.schema.json`, and words."""

    kind: str
    message: str


def read_answer(answer: Mapping[str, Any]) -> Sequence[File] | Failure | None:
    """Read a job as `/status` shows it; None while it says nothing of a result.

    Source: worker-comfyui's README, "API specification"; Runpod's documentation, "Job states".
    """
    match answer.get("status"):
        case "COMPLETED":
            return _completed(answer.get("output"))
        case "FAILED":
            return _failed(answer.get("error"), answer.get("output"))
        case "TIMED_OUT":
            return Failure("timed_out", "the run took longer than its limit")
    return None


def result_document(
    job_id: str, attempt: int, end: Sequence[File] | Failure, *, engine_s: float, now: float
) -> bytes:
    """Write the result.json of an attempt. Times in seconds, `now` since 1970."""
    failed = isinstance(end, Failure)
    nowhere = {"node_id": None, "node_title": None, "node_class": None}
    document = {
        "version": 1,
        "job_id": job_id,
        "attempt": attempt,
        "status": "failed" if failed else "succeeded",
        "outputs": [] if isinstance(end, Failure) else [_output(file) for file in end],
        "error": {"kind": end.kind, "message": end.message, **nowhere}
        if isinstance(end, Failure)
        else None,
        "timings": {
            "inputs_s": 0.0,
            "engine_s": engine_s,
            "upload_s": 0.0,
            "total_s": engine_s,
        },
        "started_at": now - engine_s,
        "finished_at": now,
    }
    return json.dumps(document).encode()


def _completed(output: object) -> Sequence[File] | Failure:
    images = output.get("images") if isinstance(output, dict) else None
    if not isinstance(images, list):
        return Failure("execution_failed", "the endpoint gave an answer that is no list of images")
    files: list[File] = []
    for image in images[:MAX_OUTPUTS]:
        file = _file(len(files), image)
        if isinstance(file, Failure):
            return file
        files.append(file)
    if not files:
        return Failure("no_output", "the run ended but made no file")
    return files


def _file(position: int, image: object) -> File | Failure:
    kind = image.get("type") if isinstance(image, dict) else None
    text = image.get("data") if isinstance(image, dict) else None
    if kind == "s3_url":
        return Failure("upload_failed", _OWN_BUCKET)
    try:
        data = base64.b64decode(text if isinstance(text, str) else "", validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if len(data) > MAX_OUTPUT_BYTES:
        return Failure(
            "execution_failed",
            f"a picture is larger than {MAX_OUTPUT_BYTES} bytes; ask for a smaller size",
        )
    for start, at, extension, content_type in _STARTS:
        if data[at : at + len(start)] == start:
            return File(f"{position}_image.{extension}", content_type, data)
    return Failure("execution_failed", "the endpoint gave a file that is no picture and no video")


def _failed(error: object, output: object) -> Failure:
    details = output.get("details") if isinstance(output, dict) else None
    first = details[0] if isinstance(details, list) and details else ""
    text = str(error or "the endpoint gave no reason").strip() or "the endpoint gave no reason"
    if _is_crash(text):
        return Failure("engine_unavailable", "the endpoint's worker crashed")
    low = f"{text} {first}".lower()
    message = f"{text}: {first}" if isinstance(first, str) and first else text
    if low.startswith(_ENGINE_WORDS):
        return Failure("engine_unavailable", message)
    if "out of memory" in low or "outofmemory" in low or "allocation on device" in low:
        return Failure("out_of_memory", message)
    if low.startswith("workflow validation failed"):
        return Failure("invalid_graph", message)
    return Failure("execution_failed", message)


def _is_crash(text: str) -> bool:
    """Tell whether Runpod's SDK wrote the error, for a worker that raised an exception."""
    try:
        document = json.loads(text)
    except ValueError:
        return False
    return isinstance(document, dict) and "error_type" in document


def _output(file: File) -> dict[str, Any]:
    width, height = file.size
    return {
        "name": file.name,
        "node_id": "",  # worker-comfyui does not tell
        "content_type": file.content_type,
        "bytes": len(file.data),
        "sha256": hashlib.sha256(file.data).hexdigest(),
        "width": width,
        "height": height,
        "animated": file.is_animated,
    }
