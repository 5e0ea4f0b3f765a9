"""The one way a job fails: a kind that a program can act on and a sentence that a person can."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Why a job failed; the same list as in result.schema.json."""

    BAD_JOB = "bad_job"
    BAD_INPUT = "bad_input"
    INVALID_GRAPH = "invalid_graph"
    EXECUTION_FAILED = "execution_failed"
    OUT_OF_MEMORY = "out_of_memory"
    TIMED_OUT = "timed_out"
    INTERRUPTED = "interrupted"
    ENGINE_UNAVAILABLE = "engine_unavailable"
    NO_OUTPUT = "no_output"
    UPLOAD_FAILED = "upload_failed"


NOT_THE_JOBS_FAULT = frozenset({Kind.INTERRUPTED, Kind.ENGINE_UNAVAILABLE, Kind.UPLOAD_FAILED})
"""The same job may succeed on another worker."""


@dataclass(frozen=True, slots=True)
class Node:
    """The node of the graph at which a run failed; None where the engine did not say."""

    node_id: str | None = None
    title: str | None = None
    class_type: str | None = None


class JobFailed(Exception):
    """The job is over. The message holds no stack trace and no pre-signed URL."""

    def __init__(self, kind: Kind, message: str, node: Node | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.node = node or Node()
