"""The engine's client, whose failures somebody looks at: a broken GPU shows in them."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from typing import Any

from gpu_container.worker.comfy.client import Comfy, Watch
from gpu_container.worker.comfy.retry import GraphRunner, KeptEngine
from gpu_container.worker.errors import JobFailed
from gpu_container.worker.job import Graph, Job


class WatchedRunner(GraphRunner):
    """Asks `on_failure` what to tell of a failed run, before anybody else hears of it."""

    def __init__(
        self, comfy: Comfy, engine: KeptEngine, *, on_failure: Callable[[JobFailed], JobFailed]
    ) -> None:
        super().__init__(comfy, engine)
        self._on_failure = on_failure

    def run(
        self, job: Job, graph: Graph, *, deadline: float, stop: Event, watch: Watch
    ) -> dict[str, Any]:
        """Run `graph` as GraphRunner does."""
        try:
            return super().run(job, graph, deadline=deadline, stop=stop, watch=watch)
        except JobFailed as failure:
            raise self._on_failure(failure) from None
