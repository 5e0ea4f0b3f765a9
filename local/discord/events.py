"""What happens in the channel, told to every open page as server-sent events."""

import asyncio
import json

from local.discord.refusals import Json

Stream = asyncio.Queue[bytes | None]


class Events:
    """Hands each event to the pages of those members who may see it."""

    def __init__(self) -> None:
        self._listeners: dict[Stream, str] = {}

    def tell(self, kind: str, data: Json, visible_to: str | None = None) -> None:
        """Send an event to everybody, or only to the member `visible_to`."""
        for queue, member_id in self._listeners.items():
            if visible_to is None or visible_to == member_id:
                queue.put_nowait(encoded(kind, data))

    def subscribe(self, member_id: str) -> Stream:
        """Return the queue of one page; None in it means that the stream ends."""
        queue: Stream = asyncio.Queue()
        self._listeners[queue] = member_id
        return queue

    def unsubscribe(self, queue: Stream) -> None:
        """Forget a page that was closed."""
        self._listeners.pop(queue, None)

    def close(self) -> None:
        """End every stream, so that the server can stop."""
        for queue in self._listeners:
            queue.put_nowait(None)


def encoded(kind: str, data: Json) -> bytes:
    """Return one server-sent event."""
    return f"event: {kind}\ndata: {json.dumps(data)}\n\n".encode()
