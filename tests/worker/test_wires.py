"""What goes over the worker's connections at once, seen by a server of a few lines."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest

from gpu_container.worker.comfy.web_socket import ComfySocket, Message, SocketDown
from gpu_container.worker.wire import Answer, Wire
from tests.worker.process import wait_for

LONG_S = 3600.0


@contextmanager
def server(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """Give the address of a server that has one connection, and says there what it wants."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(10)

        def serve() -> None:
            near, _ = listening.accept()
            with near:
                talk(near)

        thread = Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        thread.join(10)


def ask(url: str, body: bytes | Iterator[bytes] = b"", length: int = 0) -> Answer:
    wire = Wire(lambda: url)
    headers = {"Content-Length": str(length)} if length else {}
    answer = wire.ask("POST", "/", lambda: None, body=body, headers=headers, timeout_s=LONG_S)
    wire.close()
    return answer


def test_an_answer_after_which_the_server_hangs_up_is_read_to_its_end() -> None:
    def talk(near: socket.socket) -> None:
        near.recv(1 << 16)
        near.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * 100_000)

    with server(talk) as url:
        assert ask(url) == Answer(200, b"x" * 100_000)


def test_a_small_question_is_one_piece_for_the_server() -> None:
    heard: list[bytes] = []

    def talk(near: socket.socket) -> None:
        heard.append(near.recv(1 << 16))
        near.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with server(talk) as url:
        ask(url, iter([b"one ", b"two"]), 7)

    assert heard[0].endswith(b"\r\n\r\none two")


def test_a_large_question_arrives_whole() -> None:
    pieces = [bytes([number]) * 100_000 for number in range(20)]
    heard = bytearray()

    def talk(near: socket.socket) -> None:
        while not heard.endswith(pieces[-1]):
            heard.extend(near.recv(1 << 16))
        near.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with server(talk) as url:
        ask(url, iter(pieces), 2_000_000)

    assert heard.partition(b"\r\n\r\n")[2] == b"".join(pieces)


def test_events_that_come_together_are_taken_one_by_one_and_then_the_end() -> None:
    events = [Message("progress", {"value": number}) for number in range(3)]
    all_taken = Event()

    def talk(near: socket.socket) -> None:
        shake_hands(near)
        near.sendall(b"".join(frame(event) for event in events))
        assert all_taken.wait(10)
        near.recv(1 << 16)  # what features the client has

    with server(talk) as url:
        ours = ComfySocket(lambda: url, "client")
        ours.connect(10, lambda: None)
        taken = []
        for _ in events:
            wait_for(ours.has_more)
            taken.append(ours.receive())
        assert not ours.has_more()
        all_taken.set()
        wait_for(ours.has_more)
        with pytest.raises(SocketDown):
            ours.receive()

    assert taken == events


def shake_hands(near: socket.socket) -> None:
    """Become a WebSocket: RFC 6455, 4.2.2."""
    found = re.search(rb"Sec-WebSocket-Key: (\S+)", near.recv(1 << 16))
    assert found
    key = hashlib.sha1(found[1] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
    near.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + base64.b64encode(key) + b"\r\n\r\n"
    )


def frame(event: Message) -> bytes:
    text = json.dumps({"type": event.type, "data": event.data}).encode()
    return b"\x81" + bytes([len(text)]) + text
