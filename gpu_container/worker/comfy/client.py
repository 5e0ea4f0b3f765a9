"""The worker's client of ComfyUI: runs a graph and sees it end, gives and fetches files.

It knows one engine and never starts it: see retry.py for what happens when the engine dies.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from threading import Event
from typing import Any, TypeVar

from gpu_container.worker.comfy.connection import Connection, EngineProcess
from gpu_container.worker.comfy.http_api import ComfyHttp
from gpu_container.worker.comfy.one_run import (
    OneRun,
    Request,
    Watch,
    unreachable,
)
from gpu_container.worker.comfy.patience import Patience
from gpu_container.worker.comfy.stuck import StuckRuns
from gpu_container.worker.errors import JobFailed, Kind
from gpu_container.worker.job import Graph, Job
from gpu_container.worker.until import Until
from gpu_container.worker.watched_call import TICK_S
from gpu_container.worker.wire import ConnectionLost, NoAnswer, Wire

__all__ = ["Comfy", "EngineProcess", "Patience", "Watch"]

T = TypeVar("T")


class Comfy:
    """Runs graphs, each over a WebSocket of its own that stays open for the next one.

    So the engine can be given the next prompt before it has done the one before. Any number of
    threads may use it; how many graphs the engine gets at once is for `GraphRunner` to say.
    """

    def __init__(
        self,
        engine: EngineProcess,
        *,
        patience: Patience | None = None,
        give_up: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`give_up` is told why once the engine can neither be used nor ended."""
        self._engine = engine
        self._patience = patience or Patience()
        self._clock = clock
        self._wire = Wire(lambda: engine.url)
        self._idle: deque[Connection] = deque()
        self._closed = False
        self._stuck = StuckRuns(
            engine, self._wire, after_s=self._patience.stuck_s, give_up=give_up, clock=clock
        )

    @property
    def ended_engines(self) -> int:
        """How often an engine was ended because a run would not leave it."""
        return self._stuck.ended_engines

    def run(
        self, job: Job, graph: Graph, *, deadline: float, stop: Event, watch: Watch
    ) -> dict[str, Any]:
        """Run `graph` and return /history's outputs: node id to whatever the node gave.

        `deadline` is on this client's clock; at the deadline, or once `stop` is set, exactly this
        run is taken out of the engine. `watch` sees every event of the run and must be quick.
        Raises JobFailed.
        """
        wires, life = self._connection(), self._engine.life
        try:
            request = Request(job, deadline, stop, watch)
            run = OneRun(request, wires, self._patience, self._clock, self._stuck.check)
            try:
                return run.outcome(graph)
            finally:
                if run.stayed:
                    self._stuck.watch(run.prompt_id, life)
        finally:
            self._idle.append(wires)
            if self._closed:  # meanwhile
                self.close()

    def free(self) -> None:
        """Have the engine let go of its models and of what it has cached. Raises JobFailed."""
        self._ask(lambda http: http.free())

    def upload_image(
        self, name: str, png: bytes, *, deadline: float = math.inf, stop: Event | None = None
    ) -> str:
        """Give the engine an input image; return the name a node knows it by. Raises JobFailed.

        `deadline` is on this client's clock; then, or once `stop` is set, the engine is left alone.
        """
        until = Until(deadline, stop or Event(), self._clock)
        return self._ask(lambda http: http.upload_image(name, png), until.check)

    def close(self) -> None:
        """Drop every connection; one that is in use is dropped after that."""
        self._closed = True
        self._stuck.close()
        while self._idle:
            self._idle.pop().close()
        self._wire.close()

    def _ask(
        self, question: Callable[[ComfyHttp], T], check: Callable[[], None] = lambda: None
    ) -> T:
        """Ask until there is an answer: a process that is killed can take a while to be gone."""

        def check_all() -> None:
            self._check_alive()
            self._stuck.check()
            check()

        give_up_at = self._clock() + self._patience.unreachable_s
        while True:
            try:
                return question(ComfyHttp(self._wire, check_all))
            except NoAnswer as error:
                lost = isinstance(error, ConnectionLost)
                if not lost or self._clock() >= give_up_at:
                    raise unreachable(error) from error
            check_all()
            Event().wait(TICK_S / 2)

    def _check_alive(self) -> None:
        if not self._engine.is_alive():
            raise JobFailed(Kind.ENGINE_UNAVAILABLE, "the engine died")

    def _connection(self) -> Connection:
        try:
            return self._idle.popleft()  # in turns: each socket is read now and then
        except IndexError:
            return Connection(self._engine, self._wire)
