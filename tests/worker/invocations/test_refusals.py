"""What the door refuses before it is a job, and that it goes on."""

from __future__ import annotations

import json
import socket
from contextlib import closing

import pytest

from gpu_container.worker.sagemaker_door import MAX_BODY_BYTES
from tests.worker.invocations.conftest import JSON, Scene


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
