"""One WebSocket to ComfyUI that lives as long as the worker and mends itself.

It only wakes the worker up and tells progress: what a run made is always read from /history,
so a message lost while the socket was down is never missed.
"""

from __future__ import annotations

import json
import logging
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import websocket

log = logging.getLogger(__name__)

_PREVIEW_IMAGE = 1  # ComfyUI's BinaryEventTypes: big-endian type, image type, then the image
_HEADER_BYTES = 8


@dataclass(frozen=True, slots=True)
class Message:
    """A text event of ComfyUI: its type and its data."""

    type: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Preview:
    """A frame of the picture in the making, JPEG or PNG."""

    image: bytes


class SocketDown(Exception):
    """There is no connection now. Try again later and ask /history meanwhile."""


class ComfySocket:
    """Reads events; connects by itself, always with the same client id.

    ComfyUI sends a run's events to the client id that queued it, so the id must survive a
    reconnect.
    """

    def __init__(self, url: Callable[[], str], client_id: str) -> None:
        self._url = url
        self._client_id = client_id
        self._socket: websocket.WebSocket | None = None

    def connect(self, timeout_s: float) -> bool:
        """Connect if there is no connection; return whether a new one was made.

        Raises SocketDown.
        """
        if self._socket is not None:
            return False
        address = self._url().replace("http", "ws", 1) + f"/ws?clientId={self._client_id}"
        try:
            self._socket = websocket.create_connection(
                address, timeout=timeout_s, http_no_proxy=["*"]
            )
        except (OSError, websocket.WebSocketException) as error:
            raise SocketDown(f"no WebSocket to the engine: {error}") from error
        return True

    def receive(self, timeout_s: float) -> Message | Preview | None:
        """Return the next event, or None after `timeout_s` or for an event of no interest.

        Raises SocketDown; the next `connect` then makes a new connection.
        """
        if self._socket is None:
            raise SocketDown("not connected")
        try:
            self._socket.settimeout(timeout_s)
            opcode, data = self._socket.recv_data()
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
            self._socket.shutdown()  # type: ignore[no-untyped-call]
            self._socket = None


def _decode(opcode: int, data: bytes) -> Message | Preview | None:
    if opcode == websocket.ABNF.OPCODE_TEXT:
        return _decode_text(data)
    if len(data) > _HEADER_BYTES and struct.unpack_from(">I", data)[0] == _PREVIEW_IMAGE:
        return Preview(data[_HEADER_BYTES:])
    return None


def _decode_text(data: bytes) -> Message | None:
    try:
        event = json.loads(data)
        return Message(str(event["type"]), dict(event["data"]))
    except (ValueError, KeyError, TypeError):
        log.warning("the engine sent an event that is not one: %d bytes", len(data))
        return None
