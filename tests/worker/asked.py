"""Jobs that ask for the engine, each in a thread of its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

from gpu_container.worker.comfy.retry import GraphRunner
from gpu_container.worker.comfy.web_socket import Message, Preview
from gpu_container.worker.errors import JobFailed
from gpu_container.worker.job import Job
from tests.worker.process import wait_for

LONG_S = 20.0


class Clock:
    """Goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Asked:
    """One job that asks for the engine."""

    def __init__(
        self,
        runner: GraphRunner,
        job: Job,
        timeout_s: float = LONG_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.stop = Event()
        self.events: list[Message | Preview] = []
        self.outputs: dict[str, Any] | None = None
        self.failure: JobFailed | None = None
        self._runner, self._job, self._deadline = runner, job, clock() + timeout_s
        self._thread = Thread(target=self._run)

    def start(self) -> Asked:
        """Return once it stands in line."""
        before = self._runner.in_engine
        self._thread.start()
        wait_for(lambda: self._runner.in_engine > before or not self._thread.is_alive())
        return self

    def end(self) -> Asked:
        self._thread.join(LONG_S)
        assert not self._thread.is_alive()
        return self

    def has_begun(self) -> bool:
        return any(isinstance(event, Message) for event in tuple(self.events))

    def _run(self) -> None:
        try:
            self.outputs = self._runner.run(
                self._job,
                self._job.graph,
                deadline=self._deadline,
                stop=self.stop,
                watch=self.events.append,
            )
        except JobFailed as failure:
            self.failure = failure
