"""One WebSocket to ComfyUI that lives as long as the worker and mends itself.

A message that was lost while it was down is never missed: what a run made is then read from
/history.
"""

from __future__ import annotations

import json
import logging
import math
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from select import select
from typing import Any

import websocket

from gpu_container.worker.watched_call import TICK_S, watched

log = logging.getLogger(__name__)

# ComfyUI's BinaryEventTypes, each a big-endian number before the rest of the frame:
_PREVIEW = 1  # image type, then the image
_PREVIEW_WITH_METADATA = 4  # length of the metadata, the metadata as JSON, then the image
_HEADER_BYTES = 8
_AT_ONCE = 1 << 16  # bytes
_FEATURES = json.dumps({"type": "feature_flags", "data": {"supports_preview_metadata": True}})


@dataclass(frozen=True, slots=True)
class Message:
    """A text event of ComfyUI: its type and its data."""

    type: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Preview:
    """A frame of the picture in the making, JPEG or PNG; of which run, if the engine said it."""

    image: bytes
    prompt_id: str | None = None


def is_about(event: Message | Preview, prompt_id: str, *, runs_node: bool) -> bool:
    """Say whether an event is of this run, of whose nodes one runs or not.

    A shared engine tells everybody of a run whose client gave no id. Only two things of our own
    come without our prompt id: a preview from an engine that cannot name it, and the `executing`
    that greets a client that comes back.
    """
    if isinstance(event, Preview):
        return runs_node if event.prompt_id is None else event.prompt_id == prompt_id
    named = event.data.get("prompt_id")
    if named is None:
        return event.type == "executing" and event.data.get("node") is not None
    return bool(named == prompt_id)


class SocketDown(Exception):
    """There is no connection now. Try again later and ask /history meanwhile."""


class _Socket(websocket.WebSocket):
    """Takes what has come at once: the library asks the system three times for each event.

    And the library's timeout begins anew with each byte, and with each ping.
    """

    _give_up_at = math.inf
    _held = b""  # has come, and is not taken

    def has_more(self) -> bool:
        """Say whether something has come, or the connection's end, that is not taken."""
        fileno: int = self.fileno()  # type: ignore[no-untyped-call]
        return bool(self._held or select([fileno], [], [], 0)[0])

    def recv_in_time(self) -> tuple[int, bytes]:
        """Receive as `recv_data`, for TICK_S in all. Raises WebSocketTimeoutException."""
        self._give_up_at = time.monotonic() + TICK_S
        opcode, data = self.recv_data()
        return opcode, data

    def _recv(self, bufsize: int) -> bytes:
        if time.monotonic() >= self._give_up_at:
            raise websocket.WebSocketTimeoutException("it drips")
        if not self._held:
            self._held = super()._recv(_AT_ONCE)  # type: ignore[no-untyped-call]
        data, self._held = self._held[:bufsize], self._held[bufsize:]
        return data


class ComfySocket:
    """Reads events; connects by itself, always with the same client id.

    ComfyUI sends a run's events to the client id that queued it, so the id must survive a
    reconnect.
    """

    def __init__(self, url: Callable[[], str], client_id: str) -> None:
        self._url = url
        self._client_id = client_id
        self._socket: _Socket | None = None
        self.hears = False  # it has brought something of a run of ours since it was made

    def connect(self, timeout_s: float, check: Callable[[], None]) -> bool:
        """Connect if there is no connection; return whether a new one was made.

        Raises SocketDown, and what `check` raises meanwhile.
        """
        if self._socket is not None:
            return False
        self.hears = False
        try:
            self._socket = watched(lambda: self._dial(timeout_s), check, unwanted=_drop)
        except (OSError, websocket.WebSocketException) as error:
            raise SocketDown(f"no WebSocket to the engine: {error}") from error
        return True

    def has_more(self) -> bool:
        """Say whether an event has come, or the connection's end, that nobody has taken."""
        return self._socket is not None and self._socket.has_more()

    def receive(self) -> Message | Preview | None:
        """Return the next event, or None after TICK_S or for an event of no interest.

        What has come by then of an event that drips is kept for the next call.
        Raises SocketDown; the next `connect` then makes a new connection.
        """
        if self._socket is None:
            raise SocketDown("not connected")
        try:
            opcode, data = self._socket.recv_in_time()
        except websocket.WebSocketTimeoutException:
            return None
        except (OSError, websocket.WebSocketException) as error:
            self.close()
            raise SocketDown(f"the WebSocket broke: {error}") from error
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            self.close()
            raise SocketDown("the engine closed the WebSocket")
        return _decode(opcode, data)

    def close(self) -> None:
        """Drop the connection, if there is one."""
        if self._socket is not None:
            _drop(self._socket)
            self._socket = None

    def _dial(self, timeout_s: float) -> _Socket:
        """Connect and ask for previews that say of which run they are.

        An engine may be shared: one whose client gave no client id sends its previews to all.
        That a text is UTF-8 is checked when it is decoded; the library's own check is slow.
        """
        address = self._url().replace("http", "ws", 1) + f"/ws?clientId={self._client_id}"
        made: _Socket = websocket.create_connection(  # type: ignore[assignment]
            address,
            timeout=timeout_s,
            http_no_proxy=["*"],
            skip_utf8_validation=True,
            class_=_Socket,
        )
        try:
            made.send(_FEATURES)
            made.settimeout(TICK_S)
        except (OSError, websocket.WebSocketException):
            _drop(made)
            raise
        return made


def _drop(made: websocket.WebSocket) -> None:
    made.shutdown()  # type: ignore[no-untyped-call]


def _decode(opcode: int, data: bytes) -> Message | Preview | None:
    if opcode == websocket.ABNF.OPCODE_TEXT:
        return _decode_text(data)
    if len(data) <= _HEADER_BYTES:
        return None
    kind, number = struct.unpack_from(">II", data)
    if kind == _PREVIEW:
        return Preview(data[_HEADER_BYTES:])
    if kind == _PREVIEW_WITH_METADATA:
        return _decode_preview(data[_HEADER_BYTES : _HEADER_BYTES + number], data, number)
    return None


def _decode_preview(metadata: bytes, frame: bytes, length: int) -> Preview | None:
    try:
        prompt_id = json.loads(metadata)["prompt_id"]
    except (ValueError, KeyError, TypeError):
        return None
    return Preview(frame[_HEADER_BYTES + length :], str(prompt_id))


def _decode_text(data: bytes) -> Message | None:
    try:
        event = json.loads(data)
        return Message(str(event["type"]), dict(event["data"]))
    except (ValueError, KeyError, TypeError):
        log.warning("the engine sent an event that is not one: %d bytes", len(data))
        return None
