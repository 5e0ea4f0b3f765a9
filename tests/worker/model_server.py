"""A place that has one model file, and every fault that such places have."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from urllib.parse import quote

from gpu_container.worker.models.declared import Model, Web
from gpu_container.worker.models.verified import note_beside

CONTENT = bytes(range(256)) * 20 + b"the end"


@dataclass
class Turn:
    """How one request is answered. `cut`: so many bytes of the body, then the line is dead."""

    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    ranges: bool = True
    chunked: bool = False
    content: bytes | None = None
    hold: Event | None = None
    """Waited for before the last byte."""


@dataclass
class Seen:
    path: str
    headers: dict[str, str]


class ModelServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, content: bytes = CONTENT) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content = content
        self.etag = True
        self.turns: list[Turn] = []
        self.always = Turn()
        self.seen: list[Seen] = []
        self.asked = Event()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def model(self, path: str = "checkpoints/a.safetensors") -> Model:
        folder, name = path.split("/", 1)
        digest = hashlib.sha256(self.content).hexdigest()
        source = Web(f"{self.origin}/{quote(name)}")
        return Model(name, folder, source, digest, len(self.content), "MIT")

    def handle_error(self, *_: object) -> None:
        """A client that goes away is part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    server: ModelServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        place = self.server
        place.seen.append(Seen(self.path, dict(self.headers)))
        turn = place.turns.pop(0) if place.turns else place.always
        content = place.content if turn.content is None else turn.content
        etag = f'"{hashlib.sha256(content).hexdigest()[:8]}"'
        start = self._start(turn, etag)
        headers = {"ETag": etag} if place.etag else {}
        body, status = content[start:], 200
        if start:
            status = 206 if body else 416
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        if turn.status is not None:
            status, body = turn.status, b"" if turn.status != 200 else body
        headers |= {"Content-Length": str(len(body)), "Connection": "close"}
        if turn.chunked:
            del headers["Content-Length"]
            headers["Transfer-Encoding"] = "chunked"
        self.send_response(status)
        for name, value in (headers | turn.headers).items():
            self.send_header(name, value)
        self.end_headers()
        self._send(body, turn)

    def _start(self, turn: Turn, etag: str) -> int:
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if asked is None or not turn.ranges or self.headers.get("If-Range", etag) != etag:
            return 0
        return int(asked[1])

    def _send(self, body: bytes, turn: Turn) -> None:
        sent = body if turn.cut is None else body[: turn.cut]
        if turn.chunked and sent:
            sent = b"%x\r\n%s\r\n" % (len(sent), sent)
        if turn.chunked and turn.cut is None:
            sent += b"0\r\n\r\n"
        if turn.hold is not None:
            self.wfile.write(sent[:-1])
            self.wfile.flush()
            self.server.asked.set()
            turn.hold.wait(30)
            sent = sent[-1:]
        self.wfile.write(sent)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def model_server(content: bytes = CONTENT) -> Iterator[ModelServer]:
    server = ModelServer(content)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class FakeTime:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def files_in(folder: Path) -> set[str]:
    """Every file below a folder, hidden ones too."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def with_note(path: str) -> set[str]:
    """A model below its folder, and what remembers its hash beside it."""
    return {path, str(note_beside(Path(path)))}
