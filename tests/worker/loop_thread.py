"""One asyncio loop in a thread, on which the tests' small HTTP servers live."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Coroutine
from threading import Thread
from typing import Any, TypeVar

from aiohttp import web

T = TypeVar("T")


class _Site(web.SockSite):
    """Where a server listens, until it stops.

    A connection that asyncio accepts in the very turn in which it closes its server is dropped
    without being closed. So nobody new is heard a turn earlier.
    """

    def __init__(self, runner: web.AppRunner, listening: socket.socket) -> None:
        super().__init__(runner, listening)
        self._listening = listening

    async def stop(self) -> None:
        if self._listening.fileno() >= 0:  # not stopped already
            asyncio.get_running_loop().remove_reader(self._listening)
            await asyncio.sleep(0)
        await super().stop()


class LoopThread:
    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._servers: list[web.Server] = []
        self._thread = Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(10)

    def serve(self, app: web.Application) -> tuple[web.AppRunner, str]:
        return self.call(self._serve(app))

    def close(self) -> None:
        self.call(self._cancel_the_rest())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    async def _cancel_the_rest(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for server in self._servers:  # what came while its runner was closing is still open
            await server.shutdown(0)
        for _ in range(2):  # what was cut off is closed in the turns after
            await asyncio.sleep(0)

    async def _serve(self, app: web.Application) -> tuple[web.AppRunner, str]:
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await _Site(runner, socket.create_server(("127.0.0.1", 0))).start()
        if runner.server is not None:
            self._servers.append(runner.server)
        return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"
