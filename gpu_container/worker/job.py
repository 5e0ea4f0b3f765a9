"""A job as the worker sees it, made from an envelope that fits job.schema.json."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gpu_container.worker import schema
from gpu_container.worker.errors import JobFailed, Kind, Node
from gpu_container.worker.outputs import metadata

Graph = Mapping[str, Mapping[str, Any]]
Place = tuple[str, str]
"""An input of the graph: its node's id and its name."""
_SHOWN_PROBLEMS = 20
_SHORTEST_SECRET = 32  # characters; a signature (AWS, Signature Version 4) has 64


@dataclass(frozen=True, slots=True)
class InputImage:
    """An image to fetch and the graph input that receives its name."""

    node: str
    input: str
    url: str
    max_bytes: int


@dataclass(frozen=True, slots=True)
class UploadTarget:
    """An S3 pre-signed POST. Its URL and fields are secrets: never log them."""

    url: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Claim:
    """A pre-signed PUT that only the first run of an attempt wins. Its URL is a secret."""

    url: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Limits:
    """What the job may use. Times in seconds."""

    timeout_s: float
    progress_interval_s: float
    max_outputs: int
    max_output_bytes: int


@dataclass(frozen=True, slots=True)
class Variants:
    """When an image needs a copy that Discord shows: beyond so many bytes. Sides in pixels."""

    max_bytes: int
    thumbnail_px: int


@dataclass(frozen=True, slots=True)
class Job:
    """One attempt at one job."""

    job_id: str
    attempt: int
    graph: Graph
    outputs: tuple[str, ...]
    inputs: tuple[InputImage, ...]
    upload_outputs: UploadTarget
    upload_progress: UploadTarget
    upload_result: UploadTarget
    limits: Limits
    cancel_url: str | None = None
    claim: Claim | None = None
    metadata: Mapping[str, Any] | None = None
    variants: Variants | None = None
    words: frozenset[Place] = frozenset()  # the inputs that hold what a member wrote

    def node(self, node_id: str | None) -> Node:
        """Name a node of the graph as a person knows it."""
        if node_id is None or node_id not in self.graph:
            return Node(node_id)
        class_type = self.graph[node_id]["class_type"]
        title = (self.graph[node_id].get("_meta") or {}).get("title")
        return Node(node_id, title or class_type, class_type)


def parse_job(envelope: object) -> Job:
    """Make a Job, or raise JobFailed(bad_job) with every field that is wrong."""
    found = schema.problems(envelope, schema.load("job.schema.json"))
    if not found and isinstance(envelope, dict):
        found = [*_missing_nodes(envelope), *_bad_metadata(envelope)]
    if found or not isinstance(envelope, dict):
        raise JobFailed(Kind.BAD_JOB, "; ".join(found[:_SHOWN_PROBLEMS]))
    upload, claim = envelope["upload"], envelope.get("claim")
    return Job(
        job_id=envelope["job_id"],
        attempt=int(envelope["attempt"]),
        graph=envelope["graph"],
        outputs=tuple(dict.fromkeys(envelope["outputs"])),
        inputs=tuple(_input(entry) for entry in envelope["inputs"]),
        upload_outputs=_target(upload["outputs"]),
        upload_progress=_target(upload["progress"]),
        upload_result=_target(upload["result"]),
        limits=_limits(envelope["limits"]),
        cancel_url=envelope.get("cancel_url"),
        claim=Claim(claim["url"], claim["headers"]) if claim else None,
        metadata=envelope.get("metadata"),
        variants=_variants(envelope.get("variants")),
        words=frozenset((each["node"], each["input"]) for each in envelope.get("words", ())),
    )


def result_address(envelope: object) -> tuple[str, int, UploadTarget | None]:
    """Find whom to tell about an envelope that parse_job refused: job id, attempt, target."""
    rules = schema.load("job.schema.json")
    fields = envelope if isinstance(envelope, dict) else {}
    upload = fields.get("upload")
    target = upload.get("result") if isinstance(upload, dict) else None
    job_id, attempt = fields.get("job_id"), fields.get("attempt")
    if schema.problems(job_id, rules["properties"]["job_id"]):
        job_id = "unknown"
    if schema.problems(attempt, rules["properties"]["attempt"]):
        attempt = 1
    legal = not schema.problems(target, rules["$defs"]["target"])
    return str(job_id), int(attempt or 1), _target(target) if legal and target else None


def _missing_nodes(envelope: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a schema cannot say: every node that is named must be in the graph."""
    graph = envelope["graph"]
    for index, node in enumerate(envelope["outputs"]):
        if node not in graph:
            yield f"outputs[{index}]: the graph has no node {node!r}"
    for index, entry in enumerate(envelope["inputs"]):
        if entry["node"] not in graph:
            yield f"inputs[{index}].node: the graph has no node {entry['node']!r}"


def _bad_metadata(envelope: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the metadata: it goes into files that members pass on."""
    text = metadata.encode(envelope.get("metadata") or {})
    if any(secret in text for secret in _secrets(envelope)):
        yield "metadata: holds a part of a signed address"


def _secrets(envelope: Mapping[str, Any]) -> Iterator[str]:
    """Yield what signs the job's addresses: signatures, policies, session tokens."""
    claim = envelope.get("claim") or {}
    urls = [claim.get("url", ""), envelope.get("cancel_url", "")]
    for url in [*urls, *(entry["url"] for entry in envelope["inputs"])]:
        for pair in url.partition("?")[2].split("&"):
            value = pair.partition("=")[2]
            if len(value) >= _SHORTEST_SECRET:
                yield value
    for target in envelope["upload"].values():
        for name, value in target["fields"].items():
            if name != "key" and len(value) >= _SHORTEST_SECRET:
                yield value


def _variants(entry: Mapping[str, Any] | None) -> Variants | None:
    if entry is None:
        return None
    return Variants(int(entry["max_bytes"]), int(entry["thumbnail_px"]))


def _input(entry: Mapping[str, Any]) -> InputImage:
    return InputImage(entry["node"], entry["input"], entry["url"], int(entry["max_bytes"]))


def _target(entry: Mapping[str, Any]) -> UploadTarget:
    return UploadTarget(entry["url"], entry["fields"])


def _limits(entry: Mapping[str, Any]) -> Limits:
    return Limits(
        timeout_s=float(entry["timeout_s"]),
        progress_interval_s=float(entry["progress_interval_s"]),
        max_outputs=int(entry["max_outputs"]),
        max_output_bytes=int(entry["max_output_bytes"]),
    )
