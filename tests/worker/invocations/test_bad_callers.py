"""Callers that hang up, are slow, say nothing, or are too many."""

from __future__ import annotations

import socket
from contextlib import closing

import pytest

from tests.worker.invocations.conftest import JSON, Make, Scene
from tests.worker.process import wait_for


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
