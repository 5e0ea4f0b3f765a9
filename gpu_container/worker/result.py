"""result.json: how a job ended. See result.schema.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from gpu_container.worker.errors import NOT_THE_JOBS_FAULT, JobFailed, Kind


@dataclass(frozen=True, slots=True)
class StoredCopy:
    """A smaller copy of an output, stored beside it. Width and height in pixels."""

    name: str
    content_type: str
    bytes: int
    sha256: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class StoredOutput:
    """A file that lies in the store. Width and height in pixels, None for what is no image.

    `variant` and `thumbnail` are there where the job asked for them and the file needs them.
    """

    name: str
    node_id: str
    content_type: str
    bytes: int
    sha256: str
    width: int | None = None
    height: int | None = None
    variant: StoredCopy | None = None
    thumbnail: StoredCopy | None = None
    animated: bool = False


@dataclass(slots=True)
class Timings:
    """Seconds of each stage; a stage that was not reached is 0. `models_s` is in `engine_s`."""

    inputs_s: float = 0.0
    models_s: float = 0.0
    engine_s: float = 0.0
    upload_s: float = 0.0
    total_s: float = 0.0


@dataclass(frozen=True, slots=True)
class JobResult:
    """The end of one attempt. Times in seconds since 1970.

    A duplicate is a run that did nothing since another one has the attempt: it is never stored.
    """

    job_id: str
    attempt: int
    started_at: float
    finished_at: float
    outputs: tuple[StoredOutput, ...] = ()
    failure: JobFailed | None = None
    timings: Timings = field(default_factory=Timings)
    duplicate: bool = False
    start: Mapping[str, float | int | None] | None = None  # how the worker itself started

    @property
    def status(self) -> str:
        """succeeded, failed, interrupted or duplicate."""
        if self.duplicate:
            return "duplicate"
        if self.failure is None:
            return "succeeded"
        return "interrupted" if self.failure.kind is Kind.INTERRUPTED else "failed"

    @property
    def is_the_jobs_fault(self) -> bool:
        """True when the same job would fail on any worker."""
        return self.failure is not None and self.failure.kind not in NOT_THE_JOBS_FAULT

    def document(self) -> dict[str, Any]:
        """Return what result.json holds."""
        return {
            "version": 1,
            "job_id": self.job_id,
            "attempt": self.attempt,
            "status": self.status,
            "outputs": [asdict(output) for output in self.outputs],
            "error": self.failure and _error(self.failure),
            "timings": {name: round(value, 3) for name, value in asdict(self.timings).items()},
            "start": self.start and dict(self.start),
            "started_at": self.started_at,
            "finished_at": self.finished_at,
        }


def _error(failure: JobFailed) -> dict[str, str | None]:
    return {
        "kind": failure.kind.value,
        "message": failure.message,
        "node_id": failure.node.node_id,
        "node_title": failure.node.title,
        "node_class": failure.node.class_type,
    }
