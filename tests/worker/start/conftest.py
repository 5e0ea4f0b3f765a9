"""A start on a clock of its own, between an engine, a runner and a shelf that are made up."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any, cast

import pytest

from gpu_container.worker.comfy.engine import Engine
from gpu_container.worker.errors import JobFailed
from gpu_container.worker.start.begin import Start
from gpu_container.worker.start.gpu import GpuHealth
from gpu_container.worker.start.timeline import StartTimeline
from gpu_container.worker.start.warm_up import WarmUp
from tests.worker.fake_comfy import graph_of


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class FakeEngine:
    """Ready when the test says so."""

    url = "http://127.0.0.1:9"

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.may_answer = Event()
        self.failure: JobFailed | None = None

    def wait_ready(self, deadline: float, stop: Event) -> None:
        assert self.may_answer.wait(5)
        if self.failure:
            raise self.failure
        self._clock.now += 9.0

    def is_ready(self) -> bool:
        return self.may_answer.is_set()


class FakeRunner:
    """Notes the graphs it is given; each takes three seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.graphs: list[dict[str, Any]] = []
        self.pictures: list[bytes] = []
        self.may_end = Event()
        self.may_end.set()
        self.failures: list[Exception] = []

    def run(self, job: Any, graph: Any, *, deadline: float, stop: Event, watch: Any) -> Any:
        assert self.may_end.wait(5)
        self.graphs.append(dict(graph))
        self._clock.now += 3.0
        if self.failures:
            raise self.failures.pop(0)
        return {}

    def upload_image(self, name: str, png: bytes) -> str:
        self.pictures.append(png)
        return f"uploaded-{name}"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine(clock: Clock) -> FakeEngine:
    return FakeEngine(clock)


@pytest.fixture
def runner(clock: Clock) -> FakeRunner:
    return FakeRunner(clock)


class FakeShelf:
    """Has all models but those it is told to lack; a look at those of a recipe takes a second."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.lacks: set[str] = set()
        self.failure: JobFailed | None = None
        self.deadlines: list[float] = []

    def missing(self, graph: Any) -> tuple[str, ...]:
        named = {str(value) for node in graph.values() for value in node["inputs"].values()}
        return tuple(sorted(named & self.lacks))

    def ensure(self, graph: Any, deadline: float, stop: Event) -> None:
        self._clock.now += 1.0
        self.deadlines.append(deadline)
        if self.failure:
            raise self.failure


class Built:
    """A start whose warm-up has these graphs."""

    def __init__(
        self,
        engine: FakeEngine,
        runner: FakeRunner,
        clock: Clock,
        *paths: Path,
        limit_s: float = 60,
        **more: Any,
    ) -> None:
        self.timeline = StartTimeline(age_s=2.0, clock=clock)
        self.timeline.note("process_s")  # the engine was started before
        self.health = GpuHealth()
        self.shelf = FakeShelf(clock)
        self.warm_up = WarmUp(
            paths, runner, self.shelf, self.timeline, limit_s=limit_s, clock=clock
        )
        self.start = Start(
            cast("Engine", engine), self.health, self.timeline, self.warm_up, clock=clock, **more
        )


def recipes(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / f"{name}.json").write_text(json.dumps(graph_of("run_txt2img")))
    return folder


@pytest.fixture
def built(engine: FakeEngine, runner: FakeRunner, clock: Clock) -> Callable[..., Built]:
    return lambda *paths, **more: Built(engine, runner, clock, *paths, **more)
