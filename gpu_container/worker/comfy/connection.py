"""The wires to the engine that one run has: a WebSocket of its own, and HTTP."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Protocol, TypeVar

from gpu_container.worker.comfy.http_api import ComfyHttp
from gpu_container.worker.comfy.web_socket import ComfySocket
from gpu_container.worker.wire import Wire

T = TypeVar("T")


class EngineProcess(Protocol):
    """What the client must know of the engine behind the address."""

    @property
    def url(self) -> str:
        """Its address, such as http://127.0.0.1:8188."""

    @property
    def life(self) -> int:
        """Which process it is: another number after each start."""

    def is_alive(self) -> bool:
        """False once its process has ended."""

    def put_down(self, life: int) -> bool:
        """End the process of that number and start the next; False if that cannot be done."""


class Connection:
    """A client in the engine's eyes: what it does is told to this WebSocket. Stays open."""

    def __init__(self, engine: EngineProcess, wire: Wire) -> None:
        self.engine = engine
        self._wire = wire
        self.client_id = uuid.uuid4().hex
        self.socket = ComfySocket(lambda: engine.url, self.client_id)

    def ask(self, question: Callable[[ComfyHttp], T], check: Callable[[], None]) -> T:
        """Ask over HTTP, unless `check` raises first. Raises NoAnswer too."""
        return question(ComfyHttp(self._wire, check))

    def close(self) -> None:
        """Drop the WebSocket."""
        self.socket.close()
