"""What the start and every failed run make of a bad GPU."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import pytest

from gpu_container.worker.comfy.client import Comfy
from gpu_container.worker.comfy.engine import Engine
from gpu_container.worker.comfy.retry import GraphRunner
from gpu_container.worker.errors import JobFailed, Kind, Node
from gpu_container.worker.start.gpu import GpuHealth, missing_gpu
from gpu_container.worker.start.watched_runner import WatchedRunner
from tests.worker.start.conftest import Built, Clock, FakeEngine, FakeRunner
from tests.worker.test_job_schema import JOB
from tests.worker.test_progress import job_of

CUDA = {"type": "cuda", "name": "cuda:0 NVIDIA L4", "vram_total": 24 << 30}


@pytest.fixture
def stats() -> Iterator[tuple[str, list[Any]]]:
    """An engine that answers /system_stats with what the list holds."""
    answer: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if answer[0] is not None else 500)
            self.end_headers()
            if self.path == "/system_stats":
                self.wfile.write(json.dumps(answer[0]).encode())

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", answer
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ({"devices": [CUDA]}, None),
        ({"devices": [{"type": "cpu", "vram_total": 8 << 30}]}, "no NVIDIA GPU, only: cpu"),
        ({"devices": [{"type": "cuda", "vram_total": 0}]}, "no NVIDIA GPU, only: cuda"),
        ({"devices": []}, "only: none"),
        ({}, "cannot say"),
        (None, "cannot say"),
    ],
)
def test_the_engine_is_asked_for_its_gpu(
    stats: tuple[str, list[Any]], answer: Any, problem: str | None
) -> None:
    stats[1].append(answer)

    found = missing_gpu(stats[0])

    assert (found is None) if problem is None else (problem in str(found))


@pytest.mark.parametrize(("require", "healthy"), [(True, False), (False, True)])
def test_a_worker_that_needs_a_gpu_and_has_none_never_gets_ready(
    engine: FakeEngine,
    runner: FakeRunner,
    clock: Clock,
    stats: tuple[str, list[Any]],
    require: bool,
    healthy: bool,
) -> None:
    engine.url = stats[0]
    stats[1].append({"devices": [{"type": "cpu", "vram_total": 1}]})
    built = Built(engine, runner, clock, require_gpu=require)
    engine.may_answer.set()
    built.start.begin()

    if healthy:
        built.start.wait_ready()
    else:
        with pytest.raises(JobFailed, match="sees no NVIDIA GPU"):
            built.start.wait_ready()
    assert built.health.is_healthy() is healthy
    assert bool(built.health.reason()) is not healthy


def failed(cause: str, kind: Kind = Kind.EXECUTION_FAILED) -> JobFailed:
    return JobFailed(kind, f"KSampler: {cause}", Node("3", "KSampler", "KSampler"))


@pytest.mark.parametrize(
    "cause",
    [
        "RuntimeError: CUDA error: device-side assert triggered",
        "AcceleratorError: CUDA error: unspecified launch failure",
        "RuntimeError: CUDA error: an illegal memory access was encountered",
        "RuntimeError: cuDNN error: CUDNN_STATUS_EXECUTION_FAILED",
        "RuntimeError: No CUDA GPUs are available",
    ],
)
def test_a_broken_gpu_shows_in_how_a_job_failed(cause: str) -> None:
    health = GpuHealth()
    told = health.note(failed(cause))
    health.give_up("something later")

    assert not health.is_healthy()
    assert cause in health.reason()
    assert told.kind is Kind.ENGINE_UNAVAILABLE  # so another worker gets the job
    assert (told.message, told.node) == (failed(cause).message, failed(cause).node)


@pytest.mark.parametrize(
    "failure",
    [
        failed("ValueError: the prompt 'RuntimeError: CUDA error: x' is too long"),
        failed("RuntimeError: shapes do not fit"),
        failed("RuntimeError: CUDA error: out of memory", Kind.OUT_OF_MEMORY),
    ],
)
def test_what_a_job_causes_or_says_breaks_no_gpu(failure: JobFailed) -> None:
    health = GpuHealth()
    assert health.note(failure) is failure
    assert health.is_healthy()


def test_every_failed_run_is_looked_at_and_still_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise failed("RuntimeError: CUDA error: unspecified launch failure")

    monkeypatch.setattr(GraphRunner, "run", fail)
    health, own = GpuHealth(), Engine(url="http://127.0.0.1:9")
    runner = WatchedRunner(Comfy(own), own, on_failure=health.note)

    with pytest.raises(JobFailed, match="unspecified launch failure") as told:
        runner.run(job_of(JOB["graph"]), {}, deadline=1, stop=Event(), watch=lambda _: None)
    assert told.value.kind is Kind.ENGINE_UNAVAILABLE
    assert not health.is_healthy()
