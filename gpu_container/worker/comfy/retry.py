"""A graph's way through an engine that may be busy, die or run out of memory."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from threading import Event
from typing import Any, Protocol, TypeVar

from gpu_container.worker.comfy.client import Comfy, Watch
from gpu_container.worker.comfy.turns import Turns
from gpu_container.worker.errors import JobFailed, Kind
from gpu_container.worker.job import Graph, Job
from gpu_container.worker.until import Until
from gpu_container.worker.watched_call import TICK_S

log = logging.getLogger(__name__)

T = TypeVar("T")
_FILE_S = 60.0  # for a file that belongs to no run: the longest that it waits for the engine


class KeptEngine(Protocol):
    """An engine that comes back when it has died."""

    def wait_ready(self, deadline: float, stop: Event) -> None:
        """Return when it answers, started again if need be. Raises JobFailed."""


class GraphRunner:
    """Runs graphs one after the other, as they came.

    The engine has up to `queued` of them, so that it finds the next one there when it has done
    one; the others wait here, where they can still be stopped without a trace. A run whose engine
    died is run once more on the engine that comes back; one that ran out of GPU memory is run once
    more after the engine has let go of everything else.
    """

    def __init__(
        self,
        comfy: Comfy,
        engine: KeptEngine,
        *,
        queued: int = 2,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._comfy = comfy
        self._engine = engine
        self._clock = clock
        self._turns = Turns(queued)

    @property
    def in_engine(self) -> int:
        """How many jobs wait for the engine or are in it."""
        return len(self._turns)

    def run(
        self, job: Job, graph: Graph, *, deadline: float, stop: Event, watch: Watch
    ) -> dict[str, Any]:
        """Wait for our turn, run `graph`, and return /history's outputs. Raises JobFailed.

        `watch` sees the events of every try. Each try has a prompt id of its own and begins with
        ComfyUI's own `execution_start`: what an earlier id has made may be gone or made again.
        Only the returned outputs are final.
        """
        until = Until(deadline, stop, self._clock)

        def once() -> dict[str, Any]:
            return self._comfy.run(job, graph, deadline=deadline, stop=stop, watch=watch)

        with self._turns.take(until.check) as is_first:
            return self._tried(once, until, is_first)

    def upload_image(
        self, name: str, png: bytes, *, deadline: float | None = None, stop: Event | None = None
    ) -> str:
        """Give the engine an input image; return the name a node knows it by."""
        if deadline is None:
            deadline = self._clock() + _FILE_S
        until = Until(deadline, stop or Event(), self._clock)

        def once() -> str:
            return self._comfy.upload_image(name, png, deadline=until.deadline, stop=until.stop)

        return self._tried(once, until)

    def close(self) -> None:
        """Drop every connection."""
        self._comfy.close()

    def _tried(
        self, once: Callable[[], T], until: Until, is_first: Callable[[], bool] = lambda: True
    ) -> T:
        """Return what `once` returns; for each reason that passes by itself, try it once more.

        An engine that died while another run came first, or that was ended with a run that would
        not leave it, is no fault of this one, and does not count: its neighbour leaves sooner or
        later.
        """
        tried: set[Kind] = set()
        while True:
            until.check()
            ended_before = self._comfy.ended_engines
            try:
                self._engine.wait_ready(until.deadline, until.stop)
                return once()
            except JobFailed as failure:
                if failure.kind not in _SECOND_TRY or until.clock() >= until.deadline:
                    raise
                was_ended = self._comfy.ended_engines > ended_before
                if failure.kind is Kind.ENGINE_UNAVAILABLE and (was_ended or not is_first()):
                    until.stop.wait(TICK_S)  # it may fail at once while it lasts
                    continue
                if failure.kind in tried:
                    raise _SECOND_TRY[failure.kind](failure) from failure
                log.warning("the run is tried once more: %s", failure)
                tried.add(failure.kind)
                if failure.kind is Kind.OUT_OF_MEMORY:
                    self._free()

    def _free(self) -> None:
        try:
            self._comfy.free()
        except JobFailed as failure:
            log.warning("the engine's memory was not freed: %s", failure)


def _died_again(failure: JobFailed) -> JobFailed:
    return JobFailed(
        failure.kind, f"{failure.message}; it was tried twice, so another worker may be needed"
    )


def _no_memory(failure: JobFailed) -> JobFailed:
    log.warning("out of memory: %s", failure)
    title = failure.node.title or failure.node.node_id or "the graph"
    return JobFailed(
        failure.kind,
        f"{title}: the GPU has too little memory for this, also with everything else unloaded; "
        "ask for a smaller size or fewer at once",
        failure.node,
    )


_SECOND_TRY: dict[Kind, Callable[[JobFailed], JobFailed]] = {
    Kind.ENGINE_UNAVAILABLE: _died_again,
    Kind.OUT_OF_MEMORY: _no_memory,
}
"""What may pass by itself, and how it is told once it has not."""
