"""ComfyUI without a worker: what its own page does to run a prompt, and no more."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

import requests
import websocket

from benchmarks.worker.graphs import Graph

Event = dict[str, Any]


class BareComfy:
    """A client with one socket and one session, both open from the start."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client_id = uuid.uuid4().hex
        self._session = requests.Session()
        self._session.trust_env = False
        address = url.replace("http", "ws", 1) + f"/ws?clientId={self._client_id}"
        self._socket = websocket.create_connection(address, timeout=600, http_no_proxy=["*"])

    def run(self, graph: Graph) -> float:
        """Return the seconds from handing in the prompt to the socket's word that it has ended."""
        return self.run_all([graph], 1)[0]

    def run_all(self, graphs: Sequence[Graph], queued: int, *, fetch: bool = False) -> list[float]:
        """Keep so many queued or running; return after how many seconds each had ended.

        `fetch`: and every picture of theirs is here, as in ComfyUI's own page, which shows it.
        """
        begun = time.perf_counter()
        left, waiting = list(graphs), set[str]()
        ends: list[float] = []
        while left or waiting:
            while left and len(waiting) < queued:
                waiting.add(self._queue(left.pop(0)))
            event = self._next_event()
            if fetch and event["type"] == "executed":
                self._fetch(event["data"]["output"].get("images", ()))
            if (ended := _ended_by(event)) in waiting:
                waiting.remove(ended)
                ends.append(time.perf_counter() - begun)
        return ends

    def inside_last(self) -> float:
        """Return the seconds that ComfyUI itself says the graph took that it ran last."""
        answer = self._session.get(f"{self._url}/history", params={"max_items": 1}, timeout=60)
        (entry,) = answer.json().values()
        at = {word: data["timestamp"] for word, data in entry["status"]["messages"]}
        return float(at["execution_success"] - at["execution_start"]) / 1000

    def choices(self, class_type: str, name: str) -> list[str]:
        """Return what a node's input may be set to, as this ComfyUI has it installed."""
        answer = self._session.get(f"{self._url}/object_info/{class_type}", timeout=60).json()
        found: list[str] = answer[class_type]["input"]["required"][name][0]
        return found

    def close(self) -> None:
        """Drop the connections."""
        self._socket.close()
        self._session.close()

    def _queue(self, graph: Graph) -> str:
        body = {"prompt": graph, "client_id": self._client_id}
        answer = self._session.post(f"{self._url}/prompt", json=body, timeout=60)
        if not answer.ok:
            raise SystemExit(f"ComfyUI refused the graph: {answer.text[:500]}")
        prompt_id: str = answer.json()["prompt_id"]
        return prompt_id

    def _fetch(self, images: Iterable[dict[str, str]]) -> None:
        for image in images:
            self._session.get(f"{self._url}/view", params=image, timeout=60).raise_for_status()

    def _next_event(self) -> Event:
        while isinstance(message := self._socket.recv(), bytes):
            pass  # a preview
        event: Event = json.loads(message)
        if event["type"] == "execution_error":
            raise SystemExit(f"ComfyUI failed: {event['data'].get('exception_message')}")
        return event


def _ended_by(event: Event) -> str:
    """Return the prompt that this event ends, if it ends one."""
    over = event["type"] == "executing" and event["data"].get("node") is None
    return event["data"].get("prompt_id", "") if over else ""
