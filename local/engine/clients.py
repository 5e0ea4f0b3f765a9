"""The websocket clients, and the messages ComfyUI sends them.

Every client has an outgoing queue of its own, so a slow one never holds up the graph, and each
sees its messages in the order they were sent.
"""

from __future__ import annotations

import asyncio
import json
import struct
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

MAX_UPLOAD_BYTES = 100 * 1024 * 1024
PREVIEW_IMAGE, PREVIEW_IMAGE_WITH_METADATA = 1, 4  # the event types of a binary message
JPEG = 1
SERVER_FEATURES = {"supports_preview_metadata": True, "max_upload_size": MAX_UPLOAD_BYTES}


@dataclass(eq=False, slots=True)
class Client:
    """One open websocket."""

    wants_preview_metadata: bool = False
    outgoing: asyncio.Queue[str | bytes] = field(default_factory=asyncio.Queue)

    def put(self, event: str, data: dict[str, Any]) -> None:
        """Queue one JSON message."""
        self.outgoing.put_nowait(json.dumps({"type": event, "data": data}))


class Clients:
    """The open websockets by client id. A second one with the same id takes the first's place."""

    def __init__(self) -> None:
        self._open: dict[str, Client] = {}
        self._sockets: set[web.WebSocketResponse] = set()

    def send(self, event: str, data: dict[str, Any], to: str | None = None) -> None:
        """Send to one client id, or to everybody when `to` is None."""
        for client in self._receivers(to):
            client.put(event, data)

    def wants_preview_metadata(self, to: str | None) -> bool:
        """Return whether the receiver announced the feature flag `supports_preview_metadata`."""
        return any(client.wants_preview_metadata for client in self._receivers(to))

    def send_preview(self, jpeg: bytes, to: str | None) -> None:
        """Send a preview frame: event type, image type, then the image."""
        self._send_bytes(struct.pack(">II", PREVIEW_IMAGE, JPEG) + jpeg, to)

    def send_preview_with_metadata(
        self, jpeg: bytes, metadata: dict[str, Any], to: str | None
    ) -> None:
        """Send a preview frame: event type, length of the metadata, metadata, then the image."""
        text = json.dumps(metadata | {"image_type": "image/jpeg"}).encode()
        self._send_bytes(
            struct.pack(">II", PREVIEW_IMAGE_WITH_METADATA, len(text)) + text + jpeg, to
        )

    async def serve(
        self, socket: web.WebSocketResponse, client_id: str, greetings: list[dict[str, Any]]
    ) -> None:
        """Serve an accepted websocket until it closes, beginning with `greetings`."""
        client = Client()
        self._open[client_id] = client
        self._sockets.add(socket)
        for greeting in greetings:
            client.put(greeting["type"], greeting["data"])
        writer = asyncio.create_task(_write(socket, client))
        try:
            await _read(socket, client)
        finally:
            writer.cancel()
            self._sockets.discard(socket)
            if self._open.get(client_id) is client:
                del self._open[client_id]

    async def close(self) -> None:
        """Close every websocket."""
        for socket in tuple(self._sockets):
            await socket.close()

    def _receivers(self, to: str | None) -> list[Client]:
        if to is None:
            return list(self._open.values())
        return [self._open[to]] if to in self._open else []

    def _send_bytes(self, frame: bytes, to: str | None) -> None:
        for client in self._receivers(to):
            client.outgoing.put_nowait(frame)


async def _write(socket: web.WebSocketResponse, client: Client) -> None:
    while True:
        message = await client.outgoing.get()
        try:
            if isinstance(message, str):
                await socket.send_str(message)
            else:
                await socket.send_bytes(message)
        except ConnectionError:
            return  # the reader sees the closed socket and forgets the client


async def _read(socket: web.WebSocketResponse, client: Client) -> None:
    """Only a first message of feature flags means anything; ComfyUI answers it with its own."""
    first = True
    async for message in socket:
        if first and message.type is WSMsgType.TEXT:
            flags = _feature_flags(message.data)
            if flags is not None:
                client.wants_preview_metadata = bool(flags.get("supports_preview_metadata"))
                client.put("feature_flags", SERVER_FEATURES)
        first = False


def _feature_flags(text: str) -> dict[str, Any] | None:
    try:
        message = json.loads(text)
    except json.JSONDecodeError:
        return None
    if not isinstance(message, dict) or message.get("type") != "feature_flags":
        return None
    flags = message.get("data")
    return flags if isinstance(flags, dict) else {}
