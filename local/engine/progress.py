"""Tells a prompt's client how far it is, in the messages and the order of ComfyUI 0.3.64."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local.engine.clients import Clients


SHARED = {"progress_state", "progress", "execution_interrupted"}


class Progress:
    """The story of one prompt: every message goes out, some are kept for the history."""

    def __init__(self, clients: Clients, prompt_id: str, client_id: str | None) -> None:
        self.messages: list[list[Any]] = []
        self.node_running: str | None = None
        self._clients = clients
        self._prompt_id = prompt_id
        self._client_id = client_id
        self._nodes: dict[str, dict[str, Any]] = {}

    def tell(self, event: str, **data: object) -> None:
        """Send one of the messages that the history keeps, with the time in milliseconds."""
        told = {"prompt_id": self._prompt_id, **data, "timestamp": int(time.time() * 1000)}
        self.messages.append([event, told])
        self._send(event, told)

    def start(self, node_id: str) -> None:
        """Say that a node begins."""
        self.node_running = node_id
        self._update(node_id, 0.0, 1.0, "running")
        self._send_state()
        self._send(
            "executing",
            {"node": node_id, "display_node": node_id, "prompt_id": self._prompt_id},
        )

    def step(self, node_id: str, value: int, of: int, jpeg: bytes) -> None:
        """Say that a sampler made a step, and show what the picture looks like so far."""
        metadata = {**self._named(node_id), "prompt_id": self._prompt_id}
        rich = self._clients.wants_preview_metadata(self._client_id)
        self._update(node_id, value, of, "running")
        self._send_state()
        if rich:
            self._clients.send_preview_with_metadata(jpeg, metadata, self._client_id)
        said = {"value": value, "max": of, "prompt_id": self._prompt_id, "node": node_id}
        self._send("progress", said)
        if not rich:
            self._clients.send_preview(jpeg, self._client_id)

    def show(self, node_id: str, shown: dict[str, Any]) -> None:
        """Say what an output node made."""
        self._send(
            "executed",
            {
                "node": node_id,
                "display_node": node_id,
                "output": shown,
                "prompt_id": self._prompt_id,
            },
        )

    def finish(self, node_id: str) -> None:
        """Say that a node is done (at once, when its result was cached)."""
        whole = self._nodes.get(node_id, {}).get("max", 1.0)
        self._update(node_id, whole, whole, "finished")
        self._send_state()

    def end(self) -> None:
        """Say that nothing of this prompt runs any more."""
        self.node_running = None
        self._send("executing", {"node": None, "prompt_id": self._prompt_id})

    def _send(self, event: str, data: dict[str, Any]) -> None:
        """Without a client of its own, only what a prompt shares is sent, and to everybody."""
        if self._client_id is not None or event in SHARED:
            self._clients.send(event, data, self._client_id)

    def _send_state(self) -> None:
        self._send("progress_state", {"prompt_id": self._prompt_id, "nodes": self._nodes})

    def _update(self, node_id: str, value: float, of: float, state: str) -> None:
        self._nodes[node_id] = {
            "value": value,
            "max": of,
            "state": state,
            "prompt_id": self._prompt_id,
            **self._named(node_id),
        }

    @staticmethod
    def _named(node_id: str) -> dict[str, Any]:
        return {
            "node_id": node_id,
            "display_node_id": node_id,
            "parent_node_id": None,
            "real_node_id": node_id,
        }
