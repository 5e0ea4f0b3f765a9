"""The prompts that wait, the one that runs, and the history of those that ended."""

from __future__ import annotations

import asyncio
import heapq
from dataclasses import dataclass, field
from typing import Any

HISTORY_LIMIT = 10_000  # ComfyUI forgets the oldest beyond this

Graph = dict[str, Any]


@dataclass(frozen=True, slots=True, order=True)
class Prompt:
    """One accepted prompt; the lowest number runs first."""

    number: float
    prompt_id: str
    graph: Graph = field(compare=False)
    extra_data: dict[str, Any] = field(compare=False)
    outputs: tuple[str, ...] = field(compare=False)

    @property
    def client_id(self) -> str | None:
        """Return the websocket that is told about this prompt; None tells everybody."""
        return self.extra_data.get("client_id")

    def as_list(self) -> list[Any]:
        """Return the five-element list in which `/queue` and `/history` show a prompt."""
        return [self.number, self.prompt_id, self.graph, self.extra_data, list(self.outputs)]


class PromptQueue:
    """A queue with one place at the head: one prompt runs at a time."""

    def __init__(self) -> None:
        self.running: Prompt | None = None
        self.history: dict[str, dict[str, Any]] = {}
        self._waiting: list[Prompt] = []
        self._arrived = asyncio.Event()

    @property
    def remaining(self) -> int:
        """Return how many prompts wait or run."""
        return len(self._waiting) + (self.running is not None)

    def put(self, prompt: Prompt) -> None:
        """Add a prompt."""
        heapq.heappush(self._waiting, prompt)
        self._arrived.set()

    async def take(self) -> Prompt:
        """Wait for the next prompt and make it the running one."""
        while not self._waiting:
            self._arrived.clear()
            await self._arrived.wait()
        self.running = heapq.heappop(self._waiting)
        return self.running

    def finish(self, prompt: Prompt, result: dict[str, Any]) -> None:
        """File the running prompt in the history with its outputs, status and meta."""
        self.running = None
        while len(self.history) >= HISTORY_LIMIT:
            del self.history[next(iter(self.history))]
        self.history[prompt.prompt_id] = {"prompt": prompt.as_list(), **result}

    def delete(self, prompt_id: str) -> bool:
        """Remove a waiting prompt; a running one stays. Return whether there was one."""
        kept = [prompt for prompt in self._waiting if prompt.prompt_id != prompt_id]
        found = len(kept) < len(self._waiting)
        heapq.heapify(kept)
        self._waiting = kept
        return found

    def clear(self) -> None:
        """Remove every waiting prompt."""
        self._waiting = []

    def shown(self) -> dict[str, list[list[Any]]]:
        """Return the body of `GET /queue`."""
        running = [self.running.as_list()] if self.running else []
        return {
            "queue_running": running,
            "queue_pending": [prompt.as_list() for prompt in sorted(self._waiting)],
        }
