"""The SageMaker door on the wire, with made-up jobs behind it."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

import pytest

from gpu_container.worker.comfy.engine import Engine
from gpu_container.worker.errors import JobFailed, Kind
from gpu_container.worker.http_server import Patience
from gpu_container.worker.result import JobResult
from gpu_container.worker.run_job import Deps
from gpu_container.worker.sagemaker_door import Server
from tests.worker.conftest import Bench
from tests.worker.test_runpod_door import Gpu

Make = Callable[..., "Scene"]
JSON = {"Content-Type": "application/json"}


@dataclass
class Jobs:
    """Stands in for run_job."""

    begun: list[Any] = field(default_factory=list)
    go: Event = field(default_factory=Event)
    failure: Kind | None = None

    def __call__(self, envelope: Any, _: Deps, stop: Event) -> JobResult:
        self.begun.append(envelope)
        while not self.go.wait(0.01) and not stop.is_set():
            pass
        failure = JobFailed(self.failure, "no") if self.failure else None
        if stop.is_set():
            failure = JobFailed(Kind.INTERRUPTED, "the worker was told to stop")
        return JobResult("one", 1, 0.0, 0.0, failure=failure)


@dataclass
class Start:
    """The engine has to answer, and the start to have ended."""

    engine: Engine
    ended: bool = True
    asked: int = 0

    def is_ready(self) -> bool:
        self.asked += 1
        return self.ended and self.engine.is_ready()

    def wait_ready(self) -> None:
        raise NotImplementedError


@dataclass
class Scene:
    server: Server
    jobs: Jobs
    gpu: Gpu
    start: Start
    serving: Thread

    @property
    def port(self) -> int:
        return int(self.server.server_address[1])

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        with closing(self.connect()) as connection:
            connection.request(method, path, body, {**headers})
            response = connection.getresponse()
            text = response.read()
            return response.status, json.loads(text) if text else None

    def raw(self, data: bytes) -> bytes:
        """Send bytes and return all that comes until the door hangs up."""
        with closing(self.dial()) as line:
            line.sendall(data)
            return b"".join(iter(lambda: line.recv(65536), b""))

    def dial(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), 10)

    def end(self) -> None:
        self.server.end()
        self.serving.join(10)
        assert not self.serving.is_alive()


@pytest.fixture
def make(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    scenes: list[Scene] = []
    jobs = Jobs()
    monkeypatch.setattr("gpu_container.worker.sagemaker_door.run_job", jobs)

    def start(**patience: Any) -> Scene:
        gpu = Gpu()
        start = Start(bench.deps.engine)
        limits = Patience(**patience)
        server = Server(
            ("127.0.0.1", 0), bench.deps, start, gpu, worker_comfyui_s=20, patience=limits
        )

        def serve() -> None:
            with server:
                server.serve_forever(poll_interval=0.01)

        scenes.append(Scene(server, jobs, gpu, start, Thread(target=serve)))
        scenes[-1].serving.start()
        return scenes[-1]

    yield start
    for scene in scenes:
        scene.end()


@pytest.fixture
def scene(make: Make) -> Scene:
    return make()
