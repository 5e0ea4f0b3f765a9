"""The Runpod door without the SDK: when it takes a job, and what it does with a stopped one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import pytest

from gpu_container.worker.errors import JobFailed, Kind
from gpu_container.worker.result import JobResult
from gpu_container.worker.run_job import Deps
from gpu_container.worker.runpod_door import Door, fitness
from tests.worker.conftest import Bench

GONE = "gpu_container.worker.runpod_door.sys.exit"


@dataclass
class Gpu:
    works: bool = True

    def is_healthy(self) -> bool:
        return self.works

    def reason(self) -> str:
        return "" if self.works else "the GPU fell off the bus"


@dataclass
class Work:
    """Stands in for run_job: holds each job before, in and after the engine until it is let go."""

    steps: dict[str, Event] = field(default_factory=dict)
    stopped: list[str] = field(default_factory=list)
    fail: Kind | None = None

    def step(self, name: str) -> Event:
        return self.steps.setdefault(name, Event())

    def __call__(self, envelope: Any, deps: Deps, stop: Event) -> JobResult:
        self.step(f"{envelope} begun").set()
        self.step(f"{envelope} fetched").wait(10)
        deps.comfy.run(envelope, {}, deadline=0.0, stop=stop, watch=lambda _: None)
        self.step(f"{envelope} stored").wait(10)
        if stop.is_set():
            self.stopped.append(envelope)
        failure = JobFailed(self.fail, "no") if self.fail else None
        return JobResult(envelope, 1, 0.0, 0.0, failure=failure)


@dataclass
class Scene:
    door: Door
    work: Work
    gpu: Gpu
    exits: list[Any]

    def take(self, name: str) -> asyncio.Task[dict[str, Any]]:
        """What the loop does: expect, handle, hand in, forget."""
        self.door.expect(name)

        async def handle() -> dict[str, Any]:
            answer = await self.door.handle({"id": name, "input": {"name": name}})
            self.door.forget(name)
            return answer

        return asyncio.create_task(handle())

    async def reached(self, name: str) -> None:
        assert await asyncio.to_thread(self.work.step(name).wait, 10)


@pytest.fixture
def scene(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Scene]:
    work, gpu, exits = Work(), Gpu(), list[Any]()

    def run_named(payload: Any, deps: Deps, stop: Event) -> JobResult:
        return work(payload["name"], deps, stop)

    def run_graph(job: Any, *_: Any, **__: Any) -> dict[str, Any]:
        work.step(f"{job} in engine").set()
        work.step(f"{job} drawn").wait(10)
        return {}

    monkeypatch.setattr("gpu_container.worker.runpod_door.run_job", run_named)
    monkeypatch.setattr(bench.deps.comfy, "run", run_graph)
    monkeypatch.setattr(GONE, lambda *code: exits.append(code))
    return lambda: Scene(
        Door(bench.deps, gpu, worker_comfyui_s=600, last_call=lambda: work.step("last call").set()),
        work,
        gpu,
        exits,
    )


async def turns() -> None:
    """Let everything that is due happen."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_the_next_job_is_taken_while_the_last_ones_files_go_out_and_not_before(
    scene: Callable[[], Scene],
) -> None:
    now = scene()
    assert await now.door.place()
    first = now.take("one")
    place = asyncio.create_task(now.door.place())

    await now.reached("one begun")
    await turns()
    assert not place.done()  # it fetches its inputs: another worker could begin the next job
    now.work.step("one fetched").set()
    await now.reached("one in engine")
    await turns()
    assert not place.done()
    now.work.step("one drawn").set()
    assert await asyncio.wait_for(place, 10)
    assert not first.done()

    second = now.take("two")
    again = asyncio.create_task(now.door.place())
    await now.reached("two begun")
    now.work.step("one stored").set()
    await first
    await turns()
    assert not again.done()  # an upload that ends makes no room: the second job needs the engine
    for step in ("fetched", "drawn", "stored"):
        now.work.step(f"two {step}").set()
    await second
    assert await asyncio.wait_for(again, 10)


async def test_a_job_that_never_reaches_the_engine_makes_room_when_it_ends(
    scene: Callable[[], Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = scene()

    def refuse(*_: Any) -> JobResult:
        return JobResult("one", 1, 0.0, 0.0, failure=JobFailed(Kind.BAD_JOB, "no graph"))

    monkeypatch.setattr("gpu_container.worker.runpod_door.run_job", refuse)

    answer = await now.take("one")

    assert json.loads(answer["error"])["kind"] == "bad_job"
    assert "refresh_worker" not in answer
    assert await asyncio.wait_for(now.door.place(), 10)


async def test_a_job_that_was_stopped_before_it_was_handled_leaves_no_place_taken(
    scene: Callable[[], Scene],
) -> None:
    now = scene()
    now.door.expect("one")
    place = asyncio.create_task(now.door.place())
    await turns()
    assert not place.done()

    now.door.forget("one")

    assert await asyncio.wait_for(place, 10)


async def test_when_the_gpu_breaks_the_answer_asks_for_a_new_worker_and_this_one_ends(
    scene: Callable[[], Scene],
) -> None:
    now = scene()
    ended: list[bool] = []
    now.door.ends_with(lambda: ended.append(True))
    now.work.fail = Kind.ENGINE_UNAVAILABLE
    uploading, running = now.take("one"), now.take("two")
    for step in ("one fetched", "one drawn", "two fetched"):
        now.work.step(step).set()
    await now.reached("two in engine")

    now.gpu.works = False
    now.work.step("two drawn").set()
    now.work.step("two stored").set()
    answer = await running
    assert answer["refresh_worker"] is True
    assert json.loads(answer["error"])["kind"] == "engine_unavailable"
    assert await now.door.place() is False
    assert not ended  # the files of the other one still go out, and it is not interrupted
    now.work.step("one stored").set()
    assert (await uploading)["refresh_worker"] is True
    await turns()

    assert ended == [True]
    assert now.exits == [()]
    assert now.work.stopped == []


async def test_a_job_that_came_to_a_broken_gpu_is_not_begun(scene: Callable[[], Scene]) -> None:
    now = scene()
    for step in ("fetched", "drawn", "stored"):
        now.work.step(f"one {step}").set()
    now.gpu.works = False

    assert (await now.take("one"))["refresh_worker"] is True
    assert now.work.stopped == ["one"]


async def test_an_idle_worker_whose_gpu_breaks_ends_instead_of_taking_a_job(
    scene: Callable[[], Scene],
) -> None:
    now = scene()
    now.gpu.works = False

    assert await now.door.place() is False
    await turns()

    assert now.exits == [()]


async def test_at_the_end_jobs_are_interrupted_and_none_is_taken(
    scene: Callable[[], Scene],
) -> None:
    now = scene()
    ended: list[bool] = []
    now.door.ends_with(lambda: ended.append(True))
    job = now.take("one")
    place = asyncio.create_task(now.door.place())
    await now.reached("one begun")
    await turns()

    now.door.end()
    assert await asyncio.wait_for(place, 10) is False
    for step in ("fetched", "drawn", "stored"):
        now.work.step(f"one {step}").set()
    await job

    assert now.work.stopped == ["one"]
    assert now.work.step("last call").is_set()
    assert ended == [True]


async def test_a_job_that_is_stopped_again_and_again_still_ends_before_the_next_begins(
    scene: Callable[[], Scene],
) -> None:
    now = scene()
    for step in ("fetched", "drawn"):
        now.work.step(f"one {step}").set()
    handling = now.take("one")
    await now.reached("one in engine")

    for _ in range(3):
        handling.cancel()
        await turns()
        assert not handling.done()
    now.work.step("one stored").set()

    with pytest.raises(asyncio.CancelledError):
        await handling
    assert now.work.stopped == ["one"]


@dataclass
class Start:
    problem: Exception | None = None

    def is_ready(self) -> bool:
        return self.problem is None

    def wait_ready(self) -> None:
        if self.problem is not None:
            raise self.problem


def test_a_worker_is_fit_once_it_is_ready(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[bool] = []
    monkeypatch.setattr(type(bench.deps), "close", lambda _: closed.append(True))

    fitness(Start(), bench.deps)()

    assert closed == []


def test_a_worker_that_does_not_get_ready_is_unfit_and_leaves_no_process(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[bool] = []
    monkeypatch.setattr(type(bench.deps), "close", lambda _: closed.append(True))
    dead = JobFailed(Kind.ENGINE_UNAVAILABLE, "the engine ended with code 1")

    with pytest.raises(JobFailed, match="code 1"):
        fitness(Start(dead), bench.deps)()

    assert closed == [True]
