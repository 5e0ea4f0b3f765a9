"""What users of worker-comfyui send: a graph, and images as base64 under names that it uses.

https://github.com/runpod-workers/worker-comfyui, "API specification"
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from gpu_container.worker import schema
from gpu_container.worker.errors import JobFailed
from gpu_container.worker.inputs.fetch import CheckedImage, check_image
from gpu_container.worker.job import Graph

_FIELDS = frozenset({"workflow", "images", "comfy_org_api_key"})
_FOLDER_MARK = " [input]"  # ComfyUI's way to say which folder a name is in; this one is the default
_SHOWN_PROBLEMS = 5


class RequestRefused(Exception):
    """The request cannot be run. `error` and `details` are the answer's own fields."""

    def __init__(self, error: str, details: tuple[str, ...] = ()) -> None:
        super().__init__(error)
        self.error = error
        self.details = details


@dataclass(frozen=True, slots=True)
class Request:
    """A graph, and the images that it knows by name, checked and redrawn."""

    graph: Graph
    images: Mapping[str, CheckedImage]
    comfy_org_api_key: str | None = field(default=None, repr=False)


def is_request(payload: object) -> bool:
    """Say whether a job's input is worker-comfyui's and not an envelope of ours."""
    if isinstance(payload, str):
        return True
    return isinstance(payload, dict) and bool(_FIELDS & set(payload)) and "version" not in payload


def parse_request(payload: object) -> Request:
    """Make a Request; raises RequestRefused. worker-comfyui takes the input as text as well."""
    if isinstance(payload, str):
        try:
            payload = json.loads(payload)
        except ValueError:
            raise RequestRefused("Invalid JSON format in input") from None
    if not isinstance(payload, dict):
        raise RequestRefused("Please provide input")
    key = payload.get("comfy_org_api_key")
    if key is not None and not isinstance(key, str):
        raise RequestRefused("'comfy_org_api_key' must be a text")
    return Request(_graph(payload.get("workflow")), _images(payload.get("images")), key or None)


def with_images(graph: Graph, names: Mapping[str, str]) -> dict[str, Any]:
    """Copy a graph; every input that is one of `names` becomes the name the engine knows.

    So the sender's names reach no file system, and two jobs with an image of one name never meet.
    """
    copy = deepcopy(dict(graph))
    for node in copy.values():
        for name, value in node["inputs"].items():
            if isinstance(value, str):
                node["inputs"][name] = names.get(value.removesuffix(_FOLDER_MARK), value)
    return copy


def _graph(workflow: object) -> Graph:
    if workflow is None:
        raise RequestRefused("Missing 'workflow' parameter")
    if isinstance(workflow, dict) and isinstance(workflow.get("nodes"), list):
        raise RequestRefused(
            "'workflow' is in the editor's format; export it with 'Export (API)' and send that"
        )
    found = schema.problems(workflow, schema.load("job.schema.json")["properties"]["graph"])
    if found or not isinstance(workflow, dict):
        problems = tuple(problem.removeprefix("job: ") for problem in found[:_SHOWN_PROBLEMS])
        raise RequestRefused("'workflow' is not a graph in ComfyUI's API format", problems)
    return workflow


def _images(images: object) -> dict[str, CheckedImage]:
    if images is None:
        return {}
    if not isinstance(images, list) or not all(_is_named(image) for image in images):
        raise RequestRefused("'images' must be a list of objects with 'name' and 'image' keys")
    checked: dict[str, CheckedImage] = {}
    problems: list[str] = []
    for name, image in _decoded(images, problems):
        try:
            checked[name] = check_image(image)
        except JobFailed as failure:
            problems.append(f"Error in {name}: {failure.message}")
    if problems:
        raise RequestRefused("Failed to upload one or more input images", tuple(problems))
    return checked


def _is_named(image: object) -> bool:
    return isinstance(image, dict) and all(
        isinstance(image.get(field), str) and image[field] for field in ("name", "image")
    )


def _decoded(images: list[dict[str, str]], problems: list[str]) -> Iterator[tuple[str, bytes]]:
    """Yield names and bytes; base64 may have a data URI's head. Of one name the last one counts."""
    for entry in images:
        try:
            yield entry["name"], base64.b64decode(entry["image"].rpartition(",")[2])
        except (binascii.Error, ValueError) as error:
            problems.append(f"Error decoding base64 for {entry['name']}: {error}")
