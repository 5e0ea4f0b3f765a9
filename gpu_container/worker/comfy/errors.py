"""What ComfyUI's own words for a failure mean for a job: a kind, a node, one short sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from gpu_container.worker.comfy.bad_value import Choices, explained
from gpu_container.worker.errors import JobFailed, Kind, Node
from gpu_container.worker.job import Job

_MAX_MESSAGE = 500
_MEMORY_WORDS = ("outofmemory", "out of memory", "allocation on device")
_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)
_FOLDERS = re.compile(r"(?<![\w.~/\\])(?:~|[A-Za-z]:)?(?:[/\\][^\s/\\'\"<>|:]+)+[/\\](?=[^\s/\\])")


def refused_prompt(job: Job, body: Mapping[str, Any], choices: Choices) -> JobFailed:
    """Read the body of a 400 from POST /prompt. `choices` knows what else an input may be."""
    node_errors = body.get("node_errors") or {}
    for node_id, entry in node_errors.items():
        return _bad_node(job, node_id, entry, choices, others=len(node_errors) - 1)
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
        tidy(f"the engine refused the graph: {message}"),
        job.node(node_id) if known else None,
    )


def lost_output(job: Job, node_errors: Mapping[str, Any], choices: Choices) -> JobFailed | None:
    """Read the node_errors of a 200: a wanted output that the engine left out of the run."""
    for node_id, entry in node_errors.items():
        if set(entry.get("dependent_outputs") or ()) & set(job.outputs):
            return _bad_node(job, node_id, entry, choices)
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
    return JobFailed(kind, tidy(f"{node.title or node.node_id}: {cause}: {text}"), node)


def interrupted(job: Job, data: Mapping[str, Any]) -> JobFailed:
    """Read an execution_interrupted event that this worker did not ask for."""
    return JobFailed(Kind.INTERRUPTED, "the run was interrupted in the engine", _node(job, data))


def tidy(text: str) -> str:
    """Return one short line of what an engine said, without addresses and folders.

    A node's message can hold anything; a member gets the file's name but not where it lies.
    """
    lines = text.strip().splitlines() or [""]
    line = _FOLDERS.sub("", _ADDRESS.sub("(an address)", lines[0]))
    return line if len(line) <= _MAX_MESSAGE else line[: _MAX_MESSAGE - 1] + "…"


def _bad_node(
    job: Job, node_id: str, entry: Mapping[str, Any], choices: Choices, others: int = 0
) -> JobFailed:
    node = job.node(node_id)
    node = Node(node.node_id, node.title, node.class_type or entry.get("class_type"))
    errors = entry.get("errors") or [{}]
    message = explained(errors[0], node.class_type, choices)
    if more := others + len(errors) - 1:
        message = f"{message} (and {more} more)"
    return JobFailed(Kind.INVALID_GRAPH, tidy(f"{node.title or node_id}: {message}"), node)


def _node(job: Job, data: Mapping[str, Any]) -> Node:
    node_id = data.get("node_id")
    known = job.node(str(node_id)) if node_id is not None else Node()
    return Node(known.node_id, known.title, known.class_type or data.get("node_type"))
