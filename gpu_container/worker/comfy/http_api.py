"""ComfyUI's HTTP routes that the worker uses."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from enum import Enum, auto
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from urllib3 import encode_multipart_formdata

from gpu_container.worker.job import Graph
from gpu_container.worker.wire import Answer, BadAnswer, Wire

_QUICK_S = 10.0  # questions: ComfyUI answers them even while it samples
_SLOW_S = 60.0  # validating a graph, moving a file


class Place(Enum):
    """Where the engine has a prompt."""

    WAITS = auto()
    RUNS = auto()
    HAS_RUN = auto()


class ComfyHttp:
    """Every method raises NoAnswer when the engine cannot be asked, and what `check` raises."""

    def __init__(self, wire: Wire, check: Callable[[], None]) -> None:
        self._wire = wire
        self._check = check

    def queue_prompt(
        self, graph: Graph, prompt_id: str, client_id: str
    ) -> tuple[bool, dict[str, Any]]:
        """Queue a graph; return whether it was taken, and ComfyUI's answer.

        ComfyUI refuses a graph with 400; any other error is its own, and no answer.
        """
        body = {"prompt": graph, "prompt_id": prompt_id, "client_id": client_id}
        answer = self._post("/prompt", body, _SLOW_S)
        if answer.status != HTTPStatus.BAD_REQUEST:
            _good(answer)
        return answer.ok, _object(answer)

    def history(self, prompt_id: str) -> dict[str, Any] | None:
        """Return a finished run's entry, or None while there is none."""
        entry: dict[str, Any] | None = self._get(f"/history/{prompt_id}").get(prompt_id)
        return entry

    def is_in_queue(self, prompt_id: str) -> bool:
        """Say whether the prompt waits or runs."""
        return self._in_queue(prompt_id) is not None

    def place(self, prompt_id: str) -> Place | None:
        """Say how far the prompt is; None if the engine does not know it."""
        # /history last: the prompt may have ended between the two questions.
        has_run = Place.HAS_RUN
        return self._in_queue(prompt_id) or (has_run if self.history(prompt_id) else None)

    def interrupt(self, prompt_id: str) -> None:
        """Take one prompt out of the engine, waiting or running, and never another.

        First out of the queue, then out of the machine: between the two it can only move forward.
        """
        self._post("/queue", {"delete": [prompt_id]}, _QUICK_S)
        self._post("/interrupt", {"prompt_id": prompt_id}, _QUICK_S)

    def free(self) -> None:
        """Have the engine let go of its models and of what it has cached."""
        self._post("/free", {"unload_models": True, "free_memory": True}, _QUICK_S)

    def choices(self, class_type: str, input_name: str) -> list[str]:
        """Return the values that an input of a node class may have; empty if it is no choice."""
        node = self._get(f"/object_info/{quote(class_type, safe='')}").get(class_type) or {}
        for inputs in (node.get("input") or {}).values():
            if input_name in inputs:
                return options(inputs[input_name])
        return []

    def upload_image(self, name: str, png: bytes) -> str:
        """Put a PNG into the engine's input folder; return the name a node knows it by."""
        form, content_type = encode_multipart_formdata(
            {"image": (name, png, "image/png"), "type": "input", "overwrite": "true"}
        )
        answer = self._wire.ask(
            "POST",
            "/upload/image",
            self._check,
            body=form,
            headers={"Content-Type": content_type},
            timeout_s=_SLOW_S,
        )
        body = _object(_good(answer))
        folder = body.get("subfolder")
        return f"{folder}/{body['name']}" if folder else str(body["name"])

    def _in_queue(self, prompt_id: str) -> Place | None:
        queue = self._get("/queue")
        for place, name in (Place.RUNS, "queue_running"), (Place.WAITS, "queue_pending"):
            if any(item[1] == prompt_id for item in queue.get(name, ())):
                return place
        return None

    def _get(self, path: str) -> dict[str, Any]:
        return _object(_good(self._wire.ask("GET", path, self._check, timeout_s=_QUICK_S)))

    def _post(self, path: str, body: Mapping[str, Any], timeout_s: float) -> Answer:
        return self._wire.ask(
            "POST",
            path,
            self._check,
            body=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            timeout_s=timeout_s,
        )


def options(input_config: Any) -> list[str]:
    """Return the choices of an input as /object_info and error bodies describe it.

    ComfyUI writes `[[choices...], {...}]`, and for newer nodes `["COMBO", {"options": [...]}]`.
    """
    if not isinstance(input_config, list) or not input_config:
        return []
    offered, details = input_config[0], input_config[1] if len(input_config) > 1 else {}
    if isinstance(offered, str) and isinstance(details, dict):
        offered = details.get("options")
    return [str(choice) for choice in offered] if isinstance(offered, list) else []


def _good(answer: Answer) -> Answer:
    if not answer.ok:
        raise BadAnswer(f"HTTP {answer.status}")
    return answer


def _object(answer: Answer) -> dict[str, Any]:
    """Return the JSON body; ComfyUI answers some bad requests with plain text."""
    if not answer.whole:
        raise BadAnswer(f"more than {len(answer.body)} bytes")
    try:
        body = json.loads(answer.body)
    except ValueError:
        body = None
    return body if isinstance(body, dict) else {"error": f"HTTP {answer.status}"}
