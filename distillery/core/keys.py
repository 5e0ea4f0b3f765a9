"""Where everything of a job lies in the object store."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ATTEMPT_FILE = re.compile(
    r"jobs/(?P<job>[A-Za-z0-9_-]{1,64})/(?P<attempt>[1-9][0-9]{0,5})/(?P<file>[a-z]+\.json)"
)
_SAFE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")


@dataclass(frozen=True, slots=True)
class AttemptFile:
    """A document that a worker wrote about one attempt."""

    job_id: str
    attempt: int
    file: str  # "progress.json" or "result.json"


def progress_key(job_id: str, attempt: int) -> str:
    """Where the worker overwrites the attempt's progress."""
    return f"jobs/{job_id}/{attempt}/progress.json"


def result_key(job_id: str, attempt: int) -> str:
    """Where the worker puts the attempt's result, last of all."""
    return f"jobs/{job_id}/{attempt}/result.json"


def claim_key(job_id: str, attempt: int) -> str:
    """Where the one worker that runs the attempt leaves its mark before it begins."""
    return f"jobs/{job_id}/{attempt}/claim"


def cancel_key(job_id: str, attempt: int) -> str:
    """Where a worker looks whether the attempt has been called off."""
    return f"jobs/{job_id}/{attempt}/cancel"


def output_key(job_id: str, attempt: int, name: str) -> str:
    """Where the attempt's file `name` lies. Raises ValueError for a name that is a path."""
    if name != "${filename}" and not _SAFE_NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not a plain file name")
    return f"jobs/{job_id}/{attempt}/outputs/{name}"


def input_key(job_id: str, option: str) -> str:
    """Where our copy of the file attached to `option` lies."""
    return f"jobs/{job_id}/inputs/{option}"


def parse_attempt_key(key: str) -> AttemptFile | None:
    """Read a key back; None for any that no worker may write as a document."""
    match = _ATTEMPT_FILE.fullmatch(key)
    if match is None:
        return None
    return AttemptFile(match["job"], int(match["attempt"]), match["file"])
