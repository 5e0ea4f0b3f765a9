"""The SageMaker door's manners on the wire: what it refuses, what it outlasts, how it ends."""

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
from gpu_container.worker.serve_sagemaker import JOBS_AT_ONCE, MAX_BODY_BYTES, Server
from tests.worker.conftest import Bench, png
from tests.worker.process import wait_for
from tests.worker.test_runpod_door import Gpu
from tests.worker.test_worker_comfyui import b64

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
    monkeypatch.setattr("gpu_container.worker.serve_sagemaker.run_job", jobs)

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


def test_ping_is_200_when_ready_and_500_with_the_reason_when_a_gpu_is_broken(scene: Scene) -> None:
    assert scene.ask("GET", "/ping") == (200, {"ready": True})
    assert scene.ask("GET", "/ping?x=1") == (200, {"ready": True})

    scene.gpu.works = False

    assert scene.ask("GET", "/ping") == (
        500,
        {"ready": False, "reason": "the GPU fell off the bus"},
    )


def test_a_job_that_comes_to_a_broken_gpu_is_told_to_stop(scene: Scene) -> None:
    scene.gpu.works = False

    code, answer = scene.ask("POST", "/invocations", "{}")

    assert (code, answer["error"]["kind"]) == (500, "interrupted")


def test_ping_is_503_until_the_start_has_ended(scene: Scene) -> None:
    scene.start.ended = False
    assert scene.ask("GET", "/ping") == (503, {"ready": False})

    scene.start.ended = True
    assert scene.ask("GET", "/ping") == (200, {"ready": True})


def test_ping_does_not_ask_an_engine_that_lives_and_has_work(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = Thread(target=scene.ask, args=("POST", "/invocations", "{}"))
    caller.start()
    wait_for(lambda: len(scene.jobs.begun) == 1)
    scene.start.ended = False  # as if it did not answer in time

    assert scene.ask("GET", "/ping") == (200, {"ready": True})
    assert scene.start.asked == 0
    with monkeypatch.context() as patch:
        patch.setattr(Engine, "is_alive", lambda _: False)
        patch.setattr(Engine, "start", lambda _: None)
        assert scene.ask("GET", "/ping") == (503, {"ready": False})
    scene.jobs.go.set()
    caller.join(10)


def test_a_head_is_answered_without_a_body_and_the_connection_stays(scene: Scene) -> None:
    with closing(scene.connect()) as connection:
        connection.request("HEAD", "/ping")
        response = connection.getresponse()
        assert (response.status, response.read()) == (200, b"")
        assert int(response.headers["Content-Length"]) > 0
        line = connection.sock
        connection.request("GET", "/ping")
        assert connection.getresponse().read()
        assert connection.sock is line


def test_many_requests_go_over_one_connection(scene: Scene) -> None:
    scene.jobs.go.set()
    with closing(scene.connect()) as connection:
        connection.connect()
        line = connection.sock
        for number in range(5):
            connection.request("POST", "/invocations", json.dumps({"n": number}), JSON)
            assert json.loads(connection.getresponse().read())["status"] == "succeeded"
            assert connection.sock is line

    assert scene.jobs.begun == [{"n": number} for number in range(5)]


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/", {}, 404),
        ("HEAD", "/nowhere", {}, 404),
        ("POST", "/ping/", JSON, 404),
        ("POST", "/ping", JSON, 405),
        ("GET", "/invocations", {}, 405),
        ("PUT", "/invocations", JSON, 501),
        ("POST", "/invocations", {"Content-Type": "text/csv"}, 415),
        ("POST", "/invocations", {"Content-Type": "application/jsonl"}, 415),
        ("POST", "/invocations", {"Content-Length": "-1"}, 400),
        ("POST", "/invocations", {"Content-Length": "9" * 400}, 400),
        ("POST", "/invocations", {"Content-Length": "²"}, 400),
        ("POST", "/invocations", {"Content-Length": str(MAX_BODY_BYTES + 1)}, 413),
        ("POST", "/invocations", {"Content-Length": "0"}, 411),
        ("POST", "/invocations", {"Content-Length": "2", "Transfer-Encoding": "chunked"}, 411),
    ],
)
def test_what_is_refused_closes_the_connection_so_that_its_body_is_no_request(
    scene: Scene, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    lines = [f"{method} {path} HTTP/1.1", "Host: x"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    smuggled = b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n"

    answer = scene.raw("\r\n".join([*lines, "", ""]).encode("latin-1") + smuggled)

    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert answer.count(b"HTTP/1.1") == 1
    assert b"Connection: close" in answer
    assert not scene.jobs.begun


def test_a_refusal_says_which_methods_there_are(scene: Scene) -> None:
    with closing(scene.connect()) as connection:
        connection.request("GET", "/invocations")
        response = connection.getresponse()
        assert response.headers["Allow"] == "POST"
        assert json.loads(response.read()) == {"error": "ask with POST"}


@pytest.mark.parametrize(
    "data", [b"\r\n\r\n\r\n", b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00\r\n", b"A" * 70_000 + b"\r\n"]
)
def test_noise_is_no_end_of_the_door(scene: Scene, data: bytes) -> None:
    with closing(scene.dial()) as line:
        line.sendall(data)
        line.shutdown(socket.SHUT_WR)
        assert b"Traceback" not in b"".join(iter(lambda: line.recv(65536), b""))

    assert scene.ask("GET", "/ping")[0] == 200


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", None])
def test_json_is_taken_with_or_without_a_charset(scene: Scene, kind: str | None) -> None:
    scene.jobs.go.set()
    headers = {"Content-Type": kind} if kind else {}

    assert scene.ask("POST", "/invocations", '{"a": 1}', **headers)[0] == 200
    assert scene.jobs.begun == [{"a": 1}]


@pytest.mark.parametrize("body", ["no json", "[" * 200_000, b"\xff\xfe"])
def test_a_body_that_is_no_json_is_a_job_that_is_refused(scene: Scene, body: Any) -> None:
    scene.jobs.go.set()

    scene.ask("POST", "/invocations", body, **JSON)

    assert scene.jobs.begun == [None]


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (Kind.BAD_JOB, 422),
        (Kind.EXECUTION_FAILED, 422),
        (Kind.UPLOAD_FAILED, 500),
        (Kind.ENGINE_UNAVAILABLE, 500),
        (Kind.INTERRUPTED, 500),
    ],
)
def test_a_failure_is_no_2xx(scene: Scene, kind: Kind, code: int) -> None:
    scene.jobs.failure = kind
    scene.jobs.go.set()

    status, document = scene.ask("POST", "/invocations", "{}", **JSON)

    assert (status, document["error"]["kind"]) == (code, kind.value)


def test_worker_comfyuis_users_are_answered_in_their_shape(scene: Scene, bench: Bench) -> None:
    wrapped = {"input": {"workflow": bench.comfy.graph}}

    status, document = scene.ask("POST", "/invocations", json.dumps(wrapped), **JSON)

    assert status == 200
    assert document["images"][0]["data"] == b64(png())
    assert scene.ask("POST", "/invocations", json.dumps(wrapped["input"]), **JSON)[0] == 200
    assert scene.ask("POST", "/invocations", '{"images": []}', **JSON) == (
        422,
        {"error": "Missing 'workflow' parameter"},
    )
    assert not scene.jobs.begun


def test_some_jobs_run_at_once_and_more_wait(scene: Scene) -> None:
    answers: list[int] = []
    callers = [
        Thread(target=lambda: answers.append(scene.ask("POST", "/invocations", "{}", **JSON)[0]))
        for _ in range(JOBS_AT_ONCE + 2)
    ]
    for caller in callers:
        caller.start()
    wait_for(lambda: len(scene.jobs.begun) == JOBS_AT_ONCE)
    for _ in range(20):  # time enough for one more, were it let in
        assert scene.ask("GET", "/ping")[0] == 200
    assert len(scene.jobs.begun) == JOBS_AT_ONCE

    scene.jobs.go.set()
    for caller in callers:
        caller.join(10)

    assert answers == [200] * len(callers)


def test_a_caller_that_hangs_up_harms_nobody(scene: Scene) -> None:
    with closing(scene.connect()) as connection:
        connection.request("POST", "/invocations", "{}", JSON)
        wait_for(lambda: len(scene.jobs.begun) == 1)
        line = connection.sock
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset
    scene.jobs.go.set()

    assert scene.ask("POST", "/invocations", "{}", **JSON)[0] == 200


def test_a_caller_that_goes_in_the_middle_of_its_job_starts_none(scene: Scene) -> None:
    with closing(scene.dial()) as line:
        line.sendall(b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{}")
        line.shutdown(socket.SHUT_WR)
        assert line.recv(1) == b""

    assert not scene.jobs.begun


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"GET /pi", b""),
        (b"GET /ping HTTP/1.1\r\nX-A: b\r\n", b""),
        (b"POST /invocations HTTP/1.1\r\nContent-Length: 99\r\n\r\n{", b"HTTP/1.1 408 "),
    ],
)
def test_a_request_that_comes_too_slowly_is_cut_off_as_a_whole(
    make: Make, sent: bytes, answer: bytes
) -> None:
    scene = make(request_s=0.3)
    with closing(scene.dial()) as line:
        line.sendall(sent)
        line.settimeout(0.02)
        received = _drip(line)  # each byte comes well within the limit; all together do not

    assert received.startswith(answer)
    assert bool(received) == bool(answer)
    assert scene.ask("GET", "/ping")[0] == 200


def _drip(line: socket.socket) -> bytes:
    received = b""
    while True:
        try:
            line.send(b"a")
            chunk = line.recv(65536)
        except TimeoutError:
            continue
        except OSError:
            return received
        if not chunk:
            return received
        received += chunk


def test_a_connection_without_a_request_is_closed_in_the_end(make: Make) -> None:
    scene = make(idle_s=0.1)
    with closing(scene.dial()) as line:
        assert line.recv(1) == b""


def test_more_connections_than_there_may_be_are_refused_and_do_no_harm(make: Make) -> None:
    scene = make(connections=2)
    with closing(scene.connect()) as one, closing(scene.connect()) as two:
        for connection in (one, two):
            connection.request("GET", "/ping")
            assert connection.getresponse().read()
        with closing(scene.dial()) as third:
            assert third.recv(65536).startswith(b"HTTP/1.1 503 ")
        one.request("GET", "/ping")
        assert one.getresponse().status == 200

    wait_for(lambda: _status(scene) == 200)


def _status(scene: Scene) -> int:
    try:
        return scene.ask("GET", "/ping")[0]
    except OSError:
        return 0


def test_at_the_end_jobs_are_interrupted_and_answered_and_idle_connections_closed(
    scene: Scene,
) -> None:
    answers: list[tuple[int, Any]] = []
    callers = [
        Thread(target=lambda: answers.append(scene.ask("POST", "/invocations", "{}", **JSON)))
        for _ in range(JOBS_AT_ONCE + 1)
    ]
    with closing(scene.connect()) as idle:
        idle.request("GET", "/ping")
        idle.getresponse().read()
        for caller in callers:
            caller.start()
        wait_for(lambda: len(scene.server._stops) == len(callers))

        scene.end()

        for caller in callers:
            caller.join(10)
        assert idle.sock.recv(1) == b""
    assert [status for status, _ in answers] == [500] * len(callers)
    assert {document["error"]["kind"] for _, document in answers} == {"interrupted"}
