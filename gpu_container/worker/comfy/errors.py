"""What ComfyUI's own words for a failure mean for a job: a kind, a node, one short sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gpu_container.worker.errors import JobFailed, Kind, Node
from gpu_container.worker.job import Job

_MAX_MESSAGE = 500
_MEMORY_WORDS = ("outofmemory", "out of memory", "allocation on device")


def refused_prompt(job: Job, body: Mapping[str, Any]) -> JobFailed:
    """Read the body of a 400 from POST /prompt."""
    node_errors = body.get("node_errors") or {}
    for node_id, entry in node_errors.items():
        return _bad_node(job, node_id, entry)
    error = body.get("error")
    error = error if isinstance(error, dict) else {"message": str(error or "no reason given")}
    details = str(error.get("details") or "")
    node_id = details.removeprefix("Node ID '#").rstrip("'")
    known = node_id in job.graph
    message = str(error.get("message", ""))
    if details and not known and details != message:
        message = f"{message}: {details}"
    return JobFailed(
        Kind.INVALID_GRAPH,
        _short(f"the engine refused the graph: {message}"),
        job.node(node_id) if known else None,
    )


def lost_output(job: Job, node_errors: Mapping[str, Any]) -> JobFailed | None:
    """Read the node_errors of a 200: a wanted output that the engine left out of the run."""
    for node_id, entry in node_errors.items():
        if set(entry.get("dependent_outputs") or ()) & set(job.outputs):
            return _bad_node(job, node_id, entry)
    return None


def failed_run(job: Job, messages: Sequence[Sequence[Any]]) -> JobFailed:
    """Read the status messages that /history keeps of a run that did not succeed."""
    for kind, data in messages:
        if kind == "execution_error":
            return execution_error(job, data)
        if kind == "execution_interrupted":
            return interrupted(job, data)
    return JobFailed(Kind.EXECUTION_FAILED, "the engine ended the run without giving a reason")


def execution_error(job: Job, data: Mapping[str, Any]) -> JobFailed:
    """Read an execution_error event. Its stack trace stays behind."""
    node = _node(job, data)
    cause = str(data.get("exception_type", "error")).rpartition(".")[2]
    text = str(data.get("exception_message") or "").strip() or "no message"
    out_of_memory = any(word in f"{cause} {text}".lower() for word in _MEMORY_WORDS)
    kind = Kind.OUT_OF_MEMORY if out_of_memory else Kind.EXECUTION_FAILED
    return JobFailed(kind, _short(f"{node.title or node.node_id}: {cause}: {text}"), node)


def interrupted(job: Job, data: Mapping[str, Any]) -> JobFailed:
    """Read an execution_interrupted event that this worker did not ask for."""
    return JobFailed(Kind.INTERRUPTED, "the run was interrupted in the engine", _node(job, data))


def _bad_node(job: Job, node_id: str, entry: Mapping[str, Any]) -> JobFailed:
    node = job.node(node_id)
    errors = entry.get("errors") or [{}]
    message = str(errors[0].get("message", "invalid"))
    if details := errors[0].get("details"):
        message = f"{message} ({details})"
    return JobFailed(Kind.INVALID_GRAPH, _short(f"{node.title or node_id}: {message}"), node)


def _node(job: Job, data: Mapping[str, Any]) -> Node:
    node_id = data.get("node_id")
    known = job.node(str(node_id)) if node_id is not None else Node()
    return Node(known.node_id, known.title, known.class_type or data.get("node_type"))


def _short(text: str) -> str:
    first_line = text.strip().splitlines()[0]
    return first_line if len(first_line) <= _MAX_MESSAGE else first_line[: _MAX_MESSAGE - 1] + "…"
