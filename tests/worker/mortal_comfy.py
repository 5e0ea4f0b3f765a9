"""An engine that dies to order, as a killed process does, and may be started again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

from aiohttp import web

from gpu_container.worker.errors import JobFailed, Kind
from tests.worker.fake_comfy import FakeComfy
from tests.worker.loop_thread import LoopThread

Dies = Callable[[str], bool]


class MortalComfy(FakeComfy):
    """Tells `dies` of every moment of a job, and is gone when that says so."""

    def __init__(self, loop: LoopThread, name: str, dies: Dies) -> None:
        super().__init__(loop, name)
        self.dead = Event()
        self._dies = dies
        self._sent = 0

    def _moment(self, name: str) -> bool:
        """Die now, or not: every connection is cut and nothing listens any more."""
        if self.dead.is_set():
            return True
        if not self._dies(name):
            return False
        self._die()
        return True

    async def die(self) -> None:
        self._die()

    def _die(self) -> None:
        self.dead.set()
        for site in list(self._runner.sites):
            site._server.close()
        assert self._runner.server is not None
        for connection in self._runner.server.connections:
            if connection.transport is not None:
                connection.transport.abort()

    async def _ws(self, request: web.Request) -> web.WebSocketResponse:
        self._moment("the socket connects")
        return await super()._ws(request)

    async def _upload(self, request: web.Request) -> web.Response:
        self._moment("an input is given")
        return await super()._upload(request)

    async def _prompt(self, request: web.Request) -> web.Response:
        if self._moment("the prompt comes"):
            return web.Response()
        answer = await super()._prompt(request)
        self._moment("the prompt was taken")
        return answer

    async def _send(self, prompt_id: str, client: str, event: dict[str, Any]) -> None:
        self._moment(f"event {self._sent}")
        self._sent += 1
        await super()._send(prompt_id, client, event)

    async def _get_history(self, request: web.Request) -> web.Response:
        self._moment("the history is asked")
        return await super()._get_history(request)

    async def _view(self, request: web.Request) -> web.StreamResponse:  # type: ignore[override]
        answer = await super()._view(request)
        body = answer.body
        if not isinstance(body, bytes):
            return answer
        stream = web.StreamResponse(headers={"Content-Length": str(len(body))})
        await stream.prepare(request)
        await stream.write(body[: len(body) // 2])
        if not self._moment("a file is read"):
            await stream.write(body[len(body) // 2 :])
        return stream


class Mortal:
    """What the worker sees of such an engine: an Engine."""

    def __init__(self, loop: LoopThread, make: Callable[[int], MortalComfy], *, lives: int) -> None:
        self.lives: list[MortalComfy] = []
        self._loop = loop
        self._make = make
        self._left = lives
        self.start()

    @property
    def url(self) -> str:
        return self.lives[-1].url

    @property
    def folder(self) -> Path | None:
        return None

    def is_alive(self) -> bool:
        return not self.lives[-1].dead.is_set()

    @property
    def life(self) -> int:
        return len(self.lives)

    def put_down(self, life: int) -> bool:
        if life == self.life:
            self._loop.call(self.lives[-1].die())
        self.start()
        return True

    def start(self) -> None:
        if self._left and (not self.lives or not self.is_alive()):
            self._left -= 1
            self.lives.append(self._make(len(self.lives)))

    def wait_ready(self, deadline: float, stop: Event) -> None:
        self.start()
        if not self.is_alive():
            raise JobFailed(Kind.ENGINE_UNAVAILABLE, "the engine ended while starting")

    def stop(self) -> None: ...

    def close(self) -> None:
        for life in self.lives:
            life.close()
