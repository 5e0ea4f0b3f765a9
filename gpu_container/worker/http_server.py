"""A small HTTP server that nobody can hold up: few connections, and a limit on every wait."""

from __future__ import annotations

import io
import json
import logging
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import BoundedSemaphore, Lock
from typing import Any

log = logging.getLogger(__name__)

_FULL = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: for a request as a whole, for a caller to take an answer, and between requests."""

    request_s: float = 60.0
    answer_s: float = 30.0
    idle_s: float = 120.0
    connections: int = 64


class HttpServer(ThreadingHTTPServer):
    """A thread for each connection, which stays open between requests."""

    daemon_threads = False  # on close, wait for the requests that are being answered
    request_queue_size = 128

    def __init__(
        self, address: tuple[str, int], handler: type[JsonHandler], patience: Patience
    ) -> None:
        super().__init__(address, handler)
        self.patience = patience
        self.is_ending = False
        self._places = BoundedSemaphore(patience.connections)
        self._idle: set[socket.socket] = set()
        self._lock = Lock()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection, or refuse it while there are too many."""
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
            return
        with suppress(OSError):
            request.settimeout(1)
            request.sendall(_FULL)
        self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Give the place back once the connection is over."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that is gone is no error of ours; anything else is logged with its trace."""
        log.exception("a connection broke")

    def waits(self, connection: socket.socket) -> bool:
        """Note that a connection has no request; False when it should close instead."""
        with self._lock:
            if not self.is_ending:
                self._idle.add(connection)
            return not self.is_ending

    def works(self, connection: socket.socket) -> None:
        """Note that a request is coming, or the end."""
        with self._lock:
            self._idle.discard(connection)

    def hang_up(self) -> None:
        """Let every connection end: those without a request now, others with their answer."""
        with self._lock:
            self.is_ending = True
            for connection in self._idle:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RD)


class JsonHandler(BaseHTTPRequestHandler):
    """One connection. Every answer is JSON with a length."""

    protocol_version = "HTTP/1.1"
    server: HttpServer
    _reading: _LimitedReading

    def setup(self) -> None:
        """Read through a clock."""
        super().setup()
        self._reading = _LimitedReading(self.connection)
        self.rfile.close()
        self.rfile = io.BufferedReader(self._reading)

    def handle_one_request(self) -> None:
        """Wait for a request without counting its own time, then bound that as a whole."""
        self.close_connection = True
        if not self.server.waits(self.connection):
            return
        try:
            self._reading.allow(self.server.patience.idle_s)
            if not self.rfile.peek(1):  # type: ignore[attr-defined]
                return
            self.server.works(self.connection)
            self._reading.allow(self.server.patience.request_s)
            super().handle_one_request()
        except OSError as error:  # its silence (a TimeoutError) is one as well
            self.close_connection = True
            log.info("a caller is gone: %s", type(error).__name__)
        finally:
            self.server.works(self.connection)

    def do_GET(self) -> None:
        """Answer."""
        self.respond()

    def do_HEAD(self) -> None:
        """Answer as to a GET; no body is sent."""
        self.respond()

    def do_POST(self) -> None:
        """Answer."""
        self.respond()

    def respond(self) -> None:
        """Answer the request: `command`, `path`, `headers` and `rfile` are its own."""
        raise NotImplementedError

    def answer(
        self, code: int, document: Mapping[str, Any], *, headers: Mapping[str, str] | None = None
    ) -> None:
        """Send an answer; a HEAD gets only its head."""
        body = json.dumps(document).encode()
        self.connection.settimeout(self.server.patience.answer_s)
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if self.close_connection or self.server.is_ending:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self, code: int, text: str, **headers: str) -> None:
        """Answer a request whose body is left unread: what follows on the wire is not a request."""
        self.close_connection = True
        self.answer(code, {"error": text}, headers=headers)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what http.server itself refuses as JSON too."""
        self.refuse(code, message or HTTPStatus(code).phrase)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: each job is logged, and /ping comes every few seconds."""


class _LimitedReading(io.RawIOBase):
    """A socket's bytes until a moment, however slowly they come."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._until = 0.0

    def allow(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the request took too long")
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)
