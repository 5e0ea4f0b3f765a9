"""What a worker writes back: `gpu_container/progress.schema.json` and `result.schema.json`.

A worker is not trusted: whatever does not fit is refused here, and names never become paths.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from distillery.core import keys
from distillery.core.failure_words import failed, failure_words
from distillery.core.job import Outcome, Picture
from distillery.core.ports import Progress

MAX_PREVIEW_BYTES = 64 * 1024

NO_ENGINE = "engine_unavailable"
RETRYABLE = frozenset({NO_ENGINE, "upload_failed", "out_of_memory", "interrupted"})
"""Failures of the machine, not of the job: another attempt may well succeed."""


@dataclass(frozen=True, slots=True)
class WorkerResult:
    """The end of one attempt, as the worker tells it."""

    outcome: Outcome
    is_cold_start: bool = False  # the job was its worker's first

    @property
    def retryable(self) -> bool:
        """True when the same job may succeed elsewhere."""
        return self.outcome.error_kind in RETRYABLE


class BadDocument(ValueError):
    """A worker wrote something that is not in the contract."""


def parse_result(data: bytes) -> WorkerResult:
    """Read a result.json; raises BadDocument."""
    document = _object(data)
    try:
        cold_s = _cold_start(document.get("start") or {})
        times = _times(document.get("timings") or {}, cold_s or 0.0)
        is_cold = cold_s is not None
        if document["status"] == "succeeded":
            pictures = tuple(_picture(output) for output in document["outputs"])
            if not pictures:
                raise BadDocument("a succeeded result holds no outputs")
            return WorkerResult(replace(times, pictures=pictures), is_cold)
        error = document["error"]
        kind = str(error["kind"])
        text, values = failure_words(kind, str(error["message"]))
        return WorkerResult(failed(times, kind, text, values), is_cold)
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as problem:
        raise BadDocument(f"not a result: {problem!r}") from problem


def parse_progress(data: bytes) -> Progress:
    """Read a progress.json; raises BadDocument."""
    document = _object(data)
    try:
        return Progress(
            sequence=int(document["sequence"]),
            percent=min(100.0, max(0.0, _finite(document["percent"]))),
            node_title=_text(document.get("node_title")),
            step=_whole(document.get("step")),
            steps=_whole(document.get("steps")),
            preview=_preview(document.get("preview")),
            eta_s=_seconds(document.get("eta_s")),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as problem:
        raise BadDocument(f"not a progress document: {problem!r}") from problem


def _object(data: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(data)
    except ValueError as problem:
        raise BadDocument(f"not JSON: {problem}") from problem
    if not isinstance(document, dict):
        raise BadDocument("not a JSON object")
    return document


def _times(timings: Mapping[str, Any], cold_s: float) -> Outcome:
    """Read how long the attempt took."""
    engine_s, upload_s, total_s = (
        max(0.0, _finite(timings.get(name, 0.0))) for name in ("engine_s", "upload_s", "total_s")
    )
    gpu_s = max(total_s, engine_s + upload_s) + cold_s
    return Outcome(engine_s=engine_s, upload_s=upload_s, gpu_s=gpu_s)


def _cold_start(start: Mapping[str, Any]) -> float | None:
    """Return the seconds that the worker took to start, if this was its first job."""
    if start.get("jobs_before") != 0:
        return None
    return _seconds(start.get("ready_s")) or 0.0


def _picture(output: Mapping[str, Any]) -> Picture:
    name = str(output["name"])
    keys.output_key("job", 1, name)  # raises ValueError for a name that is a path
    copy = output.get("variant") or output.get("thumbnail")
    if copy is not None:
        keys.output_key("job", 1, str(copy["name"]))
    return Picture(
        name=name,
        content_type=str(output["content_type"]),
        size=int(output["bytes"]),
        width=_whole(output.get("width")),
        height=_whole(output.get("height")),
        copy=str(copy["name"]) if copy else None,
        copy_size=int(copy["bytes"]) if copy else 0,
        moves=output.get("animated") is True,
    )


def _preview(value: Mapping[str, Any] | None) -> bytes | None:
    if value is None:
        return None
    try:
        data = base64.b64decode(value["base64"], validate=True)
    except binascii.Error:
        return None  # a preview is a courtesy: without it the progress still counts
    return data if len(data) <= MAX_PREVIEW_BYTES else None


def _finite(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):  # JSON has no such numbers, but 1e999 becomes one
        raise ValueError(f"{number} is not a number that can be shown or counted")
    return number


def _seconds(value: Any) -> float | None:
    return None if value is None else max(0.0, _finite(value))


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _text(value: object) -> str | None:
    return value[:100] if isinstance(value, str) and value else None
