"""A wire to a server that breaks to order: at a WebSocket frame, in it, or in an HTTP body."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from tests.worker.loop_thread import LoopThread

CHUNK = 1 << 16


Fate = Literal["cut", "answer lost", "held", "head drips", "body drips"]
DRIP_S = 0.02  # between two bytes: a timeout that begins anew with each never comes
DRIPS = {
    "head drips": b"HTTP/1.1 200 OK\r\nX-Drip: ",
    "body drips": b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n",
}
LONG_FRAME = b"\x82\x7f" + (1 << 20).to_bytes(8)  # RFC 6455, 5.2: what such a frame begins with


@dataclass
class Break:
    """Where the wire breaks; what is None never happens."""

    at_frame: int | None = None  # of the first WebSocket: 0 is the first thing the server says
    mid_frame: bool = False  # half of that frame still comes
    drips: bool = False  # instead of it one comes byte by byte, and never ends
    may_return: bool = True  # another WebSocket is let through after the break
    about: bytes | None = None  # requests that hold this word meet `fate`, so many `times`
    fate: Fate = "cut"
    times: int = 1


class FaultyLink:
    def __init__(self, loop: LoopThread, target: str) -> None:
        self._loop = loop
        self._host, self._port = urlsplit(target).hostname, urlsplit(target).port
        self.breaks = Break()
        self.has_broken = asyncio.Event()
        self._closed = asyncio.Event()
        self.sockets = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._server = loop.call(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    @property
    def broke(self) -> bool:
        return self.has_broken.is_set()

    def close(self) -> None:
        self._loop.call(self._close())

    async def _close(self) -> None:
        self._server.close()
        self._closed.set()
        for writer in list(self._writers):
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _serve(self, near: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        try:
            far, ask = await asyncio.open_connection(self._host, self._port)
        except OSError:  # the engine has gone
            answer.transport.abort()
            return
        self._writers |= {answer, ask}
        with suppress(OSError, asyncio.IncompleteReadError, EOFError):
            head = await near.readuntil(b"\r\n\r\n")
            is_socket = head.startswith(b"GET /ws")
            if is_socket and self.broke and not self.breaks.may_return:
                raise EOFError
            if is_socket:
                ask.write(head)
            lost = asyncio.Event()  # what the server answers from now on
            there = _pump(near, ask) if is_socket else self._requests(near, ask, head, lost)
            back = self._frames(far, answer) if is_socket else self._answers(far, answer, lost)
            tasks = [asyncio.ensure_future(there), asyncio.ensure_future(back)]
            _, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in pending:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for writer in (answer, ask):
            writer.transport.abort()
            self._writers.discard(writer)

    async def _requests(
        self,
        near: asyncio.StreamReader,
        to: asyncio.StreamWriter,
        data: bytes,
        lost: asyncio.Event,
    ) -> None:
        breaks, seen = self.breaks, b""
        while data:
            seen = seen[-CHUNK:] + data
            meant = breaks.about is not None and breaks.about in seen and not lost.is_set()
            if meant and breaks.times:
                breaks.times -= 1
                self.has_broken.set()
                if breaks.fate == "answer lost" or breaks.fate in DRIPS:
                    lost.set()
                else:
                    to.write(data[: len(data) // 2])
                    if breaks.fate == "held":
                        await near.read()  # until the sender gives up
                    return
            to.write(data)
            await to.drain()
            data = await near.read(CHUNK)

    async def _answers(
        self, source: asyncio.StreamReader, to: asyncio.StreamWriter, lost: asyncio.Event
    ) -> None:
        """Hand on what the server answers; in the place of a lost answer one may drip."""
        while data := await source.read(CHUNK):
            if lost.is_set():
                if self.breaks.fate in DRIPS:
                    await _drip(DRIPS[self.breaks.fate], to, self._closed)
                return
            to.write(data)
            await to.drain()

    async def _frames(self, far: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        to.write(await far.readuntil(b"\r\n\r\n"))
        self.sockets += 1
        first, index = self.sockets == 1, 0
        while True:
            frame = await _read_frame(far)
            if first and index == self.breaks.at_frame:
                self.has_broken.set()
                if self.breaks.drips:
                    await _drip(LONG_FRAME, to, self._closed)
                if self.breaks.mid_frame:
                    to.write(frame[: len(frame) // 2])
                    await to.drain()
                return
            to.write(frame)
            await to.drain()
            index += 1


async def _pump(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
    while data := await source.read(CHUNK):
        to.write(data)
        await to.drain()


async def _drip(head: bytes, to: asyncio.StreamWriter, closed: asyncio.Event) -> None:
    """Send the head of an answer, and then a byte now and then until somebody hangs up."""
    to.write(head)
    while not closed.is_set():
        to.write(b"x")
        await to.drain()
        with suppress(TimeoutError):
            await asyncio.wait_for(closed.wait(), DRIP_S)


async def _read_frame(source: asyncio.StreamReader) -> bytes:
    """RFC 6455, 5.2; what a server sends has no mask."""
    head = await source.readexactly(2)
    length = head[1] & 0x7F
    if length >= 126:
        more = await source.readexactly(2 if length == 126 else 8)
        head, length = head + more, int.from_bytes(more)
    return head + await source.readexactly(length)


@contextmanager
def faulty_link(loop: LoopThread, target: str) -> Iterator[FaultyLink]:
    link = FaultyLink(loop, target)
    try:
        yield link
    finally:
        link.close()
