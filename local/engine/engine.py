"""The engine itself: takes prompts in, runs them one at a time, tells its clients."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from local.engine.clients import Clients
from local.engine.graph import problems
from local.engine.graph.run_prompt import GraphRunner
from local.engine.graph.validate import Verdict, validate
from local.engine.progress import Progress
from local.engine.prompt_queue import Prompt, PromptQueue

if TYPE_CHECKING:
    from local.engine.folders import Folders


class Engine:
    """One queue, one runner, any number of clients."""

    def __init__(self, folders: Folders, step_seconds: float) -> None:
        self.folders = folders
        self.clients = Clients()
        self.queue = PromptQueue()
        self._runner = GraphRunner(folders, step_seconds)
        self._progress: Progress | None = None
        self._next_number = 0
        self._forget_next = False

    async def run_forever(self) -> None:
        """Run prompts as they come."""
        while True:
            prompt = await self.queue.take()
            self._tell_queue()
            if self._forget_next:
                self._runner.forget()
                self._forget_next = False
            progress = self._progress = Progress(self.clients, prompt.prompt_id, prompt.client_id)
            self.queue.finish(prompt, await self._runner.run(prompt, progress))
            self._tell_queue()
            progress.end()
            self._progress = None

    def submit(self, body: dict[str, Any]) -> tuple[Verdict, Prompt | None]:
        """Judge the body of `POST /prompt`, and queue it if any of its outputs is sound."""
        number = self._number(body)
        if "prompt" not in body:
            return Verdict(problems.no_prompt()), None
        verdict = validate(body["prompt"], lambda name: self.folders.find_input(name) is not None)
        if verdict.error is not None:
            return verdict, None
        extra_data = dict(body.get("extra_data") or {})
        if "client_id" in body:
            extra_data["client_id"] = body["client_id"]
        prompt_id = str(body.get("prompt_id") or uuid.uuid4())
        prompt = Prompt(number, prompt_id, body["prompt"], extra_data, verdict.outputs)
        self.queue.put(prompt)
        self._tell_queue()
        return verdict, prompt

    def delete_waiting(self, prompt_ids: list[str]) -> None:
        """Take waiting prompts out of the queue."""
        for prompt_id in prompt_ids:
            if self.queue.delete(prompt_id):
                self._tell_queue()

    def clear_waiting(self) -> None:
        """Empty the queue; the running prompt goes on."""
        self.queue.clear()
        self._tell_queue()

    def interrupt(self, prompt_id: str | None) -> None:
        """Stop the running prompt; one that is named only if it is the running one."""
        running = self.queue.running
        if running is not None and prompt_id in {None, running.prompt_id}:
            self._runner.interrupt()

    def free(self) -> None:
        """Forget cached results before the next prompt."""
        self._forget_next = True

    def greetings(self, client_id: str) -> list[dict[str, Any]]:
        """Return what a new websocket hears first: the queue, and its own running node."""
        status: dict[str, Any] = {**self._queue_status(), "sid": client_id}
        greetings = [{"type": "status", "data": status}]
        running = self.queue.running
        node = self._progress.node_running if self._progress else None
        if running is not None and running.client_id == client_id and node is not None:
            greetings.append({"type": "executing", "data": {"node": node}})
        return greetings

    def _queue_status(self) -> dict[str, Any]:
        return {"status": {"exec_info": {"queue_remaining": self.queue.remaining}}}

    def _tell_queue(self) -> None:
        self.clients.send("status", self._queue_status())

    def _number(self, body: dict[str, Any]) -> float:
        """Prompts are counted, refused ones too; `front` jumps the queue by a negative number."""
        if "number" in body:
            return float(body["number"])
        number = -self._next_number if body.get("front") else self._next_number
        self._next_number += 1
        return number
