"""From an engine that was started to the first job: engine, GPU, warm-up, in the background."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from threading import Event, Thread

from gpu_container.worker.comfy.engine import Engine
from gpu_container.worker.errors import JobFailed, Kind
from gpu_container.worker.start.gpu import GpuHealth, missing_gpu
from gpu_container.worker.start.timeline import StartTimeline
from gpu_container.worker.start.warm_up import WarmUp

log = logging.getLogger(__name__)


class Start:
    """Gets a worker ready while its door is still being built."""

    def __init__(
        self,
        engine: Engine,
        health: GpuHealth,
        timeline: StartTimeline,
        warm_up: WarmUp,
        *,
        require_gpu: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._health = health
        self._timeline = timeline
        self._warm_up = warm_up
        self._require_gpu = require_gpu
        self._clock = clock
        self._stop = Event()
        self._ended = Event()
        self._failure: JobFailed | None = None

    def begin(self) -> None:
        """Begin, and return at once; `wait_ready` tells when it has ended."""
        Thread(target=self._get_ready, name="start", daemon=True).start()

    def is_ready(self) -> bool:
        """Say whether a job may come: the start has ended and the engine answers now."""
        return self._ended.is_set() and self._health.is_healthy() and self._engine.is_ready()

    def wait_ready(self, deadline: float = float("inf")) -> None:
        """Return when the first job may come.

        Raises JobFailed if the engine did not get ready, if the GPU that must be there is not, or
        at `deadline`.
        """
        left = deadline - self._clock()
        if not self._ended.wait(None if left == float("inf") else max(0.0, left)):
            raise JobFailed(Kind.ENGINE_UNAVAILABLE, "the worker did not get ready in time")
        if self._failure is not None:
            raise self._failure
        if not self._health.is_healthy():
            raise JobFailed(Kind.ENGINE_UNAVAILABLE, self._health.reason())

    def close(self) -> None:
        """Give up what has not ended."""
        self._stop.set()

    def _get_ready(self) -> None:
        try:
            with self._timeline.timed("engine_s"):
                self._engine.wait_ready(float("inf"), self._stop)
            if self._require_gpu and (problem := missing_gpu(self._engine.url)):
                self._health.give_up(problem)
                return
            if self._warm_up:
                with self._timeline.timed("warm_up_s"):
                    self._warm_up.run(self._stop)
            self._timeline.ready()
        except JobFailed as error:
            self._failure = error
            level = logging.INFO if self._stop.is_set() else logging.ERROR  # it was given up
            log.log(level, "the worker did not get ready: %s", error)
        except Exception as error:  # the boundary of the start: a bug in it must not read as ready
            log.exception("the worker did not get ready")
            self._health.give_up(f"unexpected {type(error).__name__} in the start; see the log")
        finally:
            self._ended.set()
