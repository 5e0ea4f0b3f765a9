"""HTTP over connections that stay open, no wait of which can hold a job.

A dead engine does not always end a call to it: a process that it forked can hold the connection
open, and an engine that is stuck holds it for as long as it likes. A store whose answer drips holds
a call as well, for a socket's timeout begins anew with each byte. So every wait looks up again and
again; no thread is needed for that, and a question costs little beside what it is about.
"""

from __future__ import annotations

import http.client
import io
import select
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from gpu_container.worker.watched_call import TICK_S, watched

_CONNECT_S = 5.0
_MOST_BYTES = 1 << 26  # of an answer
_HELD_BYTES = 1 << 17  # of a question, before it is sent


class NoAnswer(Exception):
    """The server was asked, and gave nothing that can be used."""


class ConnectionLost(NoAnswer):
    """It cannot be connected to, or the connection broke."""


class AnswerLate(NoAnswer):
    """It did not answer in time; it may be busy."""


class BadAnswer(NoAnswer):
    """It answered with an error, or without end."""


Connect = Callable[[SplitResult], socket.socket]
"""Connects to a server. Raises OSError, or what says that it must not be connected to."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Not the `whole` of a body that is too long."""

    status: int
    body: bytes
    whole: bool = True

    @property
    def ok(self) -> bool:
        """Whether it is a success."""
        return self.status < http.client.BAD_REQUEST


class Wire:
    """The connections to one server; each question has one of its own while it lasts.

    Any number of threads may ask.
    """

    def __init__(self, url: Callable[[], str], connect: Connect | None = None) -> None:
        """`url` is asked for the server each time, and `connect` connects to it."""
        self._url = url
        self._connect = connect or dial
        self._idle: deque[_Connection] = deque()
        self._closed = False

    def ask(
        self,
        method: str,
        path: str,
        check: Callable[[], None],
        *,
        body: bytes | Iterable[bytes] = b"",
        headers: Mapping[str, str] | None = None,
        timeout_s: float,
        most_bytes: int = _MOST_BYTES,
    ) -> Answer:
        """Ask, and read the answer up to so many bytes.

        `check` is called ten times a second, also while an answer drips; what it raises ends the
        question, and its connection. A body in pieces needs a Content-Length. Raises NoAnswer, and
        what the dialling or the body raises.
        """
        address = urlsplit(self._url())
        until = time.monotonic() + timeout_s

        def look() -> None:
            check()
            if time.monotonic() >= until:
                raise AnswerLate

        connection = self._take(address, look)
        connection.patience.begin(look)
        try:
            with suppress(BrokenPipeError):  # it may say no before it has heard all, and why
                connection.request(method, address.path + path, body or None, dict(headers or {}))
            response = connection.getresponse()
            data = response.read(most_bytes + 1)
        except (OSError, http.client.HTTPException) as error:
            connection.hang_up()
            raise ConnectionLost(type(error).__name__) from error
        except BaseException:
            connection.hang_up()
            raise
        whole = len(data) <= most_bytes
        if whole and not response.will_close and not self._closed:
            self._idle.append(connection)
        else:
            connection.hang_up()
        return Answer(response.status, data[:most_bytes], whole)

    def close(self) -> None:
        """Drop the connections; one that is in use is dropped after that."""
        self._closed = True
        while self._idle:
            self._idle.pop().hang_up()

    def _take(self, address: SplitResult, check: Callable[[], None]) -> _Connection:
        while self._idle:
            connection = self._idle.pop()
            if connection.patience.is_quiet():
                return connection
            connection.hang_up()  # the server ended it meanwhile
        try:
            made = watched(lambda: self._connect(address), check, unwanted=socket.socket.close)
        except OSError as error:
            raise ConnectionLost(type(error).__name__) from error
        return _Connection(address, made)


class _Connection(http.client.HTTPConnection):
    """http.client's words over a socket of ours."""

    def __init__(self, address: SplitResult, made: socket.socket) -> None:
        self.default_port = port_of(address._replace(netloc=""))  # it is not in the Host header
        super().__init__(address.hostname or "", port_of(address))
        self.patience = _PatientSocket(made)
        self.sock: Any = self.patience

    def connect(self) -> None:
        """Never dial: whoever asks has to be able to leave."""
        raise ConnectionError("the connection was closed")

    def hang_up(self) -> None:
        """End it."""
        self.close()
        self.patience.hang_up()


class _PatientSocket:
    """As much of a socket as http.client uses, waiting for one tick at a time."""

    def __init__(self, made: socket.socket) -> None:
        made.settimeout(TICK_S)
        self._socket = made
        self._unsent = bytearray()
        self._look: Callable[[], None] = lambda: None
        self._look_at = 0.0

    def begin(self, look: Callable[[], None]) -> None:
        """Take what ends the next waits with what it raises."""
        self._look = look
        self._look_at = time.monotonic() + TICK_S

    def is_quiet(self) -> bool:
        """Say whether nothing has come that nobody asked for, such as the connection's end."""
        return not select.select([self._socket], [], [], 0)[0]

    def sendall(self, data: Any) -> None:
        """Hold what is small until the answer is waited for: the server wakes once for it all."""
        self._unsent += data
        if len(self._unsent) > _HELD_BYTES:
            self._send_held()

    def receive(self, buffer: Any) -> int:
        self._send_held()
        return self._patiently(self._socket.recv_into, buffer)

    def makefile(self, *_: Any) -> io.BufferedReader:
        return io.BufferedReader(_Reading(self))

    def close(self) -> None:
        """Do nothing: http.client lets go of a connection before it has read the last answer."""

    def hang_up(self) -> None:
        self._socket.close()

    def _send_held(self) -> None:
        held, self._unsent = self._unsent, bytearray()
        left = memoryview(held)
        while left:
            left = left[self._patiently(self._socket.send, left) :]

    def _patiently(self, step: Callable[[Any], int], data: Any) -> int:
        while True:
            if time.monotonic() >= self._look_at:
                self._look()
                self._look_at = time.monotonic() + TICK_S
            with suppress(TimeoutError):
                return step(data)


class _Reading(io.RawIOBase):
    """One answer; that it ends does not end the connection."""

    def __init__(self, source: _PatientSocket) -> None:
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._source.receive(buffer)


def dial(
    address: SplitResult, *, at: Iterable[str] = (), tls: ssl.SSLContext | None = None
) -> socket.socket:
    """Connect to the server: at the first of these addresses that answers, or where its name leads.

    Over https its certificate must be the name's, and `tls` says whose word is believed.
    """
    name, problem = address.hostname or "", OSError("the host has no address")
    for host in at or (name,):
        try:
            made = socket.create_connection((host, port_of(address)), _CONNECT_S)
        except OSError as error:
            problem = error
            continue
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if address.scheme == "https":
            return (tls or ssl.create_default_context()).wrap_socket(made, server_hostname=name)
        return made
    raise problem


def port_of(address: SplitResult) -> int:
    """Return the port that is named, or the scheme's own."""
    own = http.client.HTTPS_PORT if address.scheme == "https" else http.client.HTTP_PORT
    return address.port or own
