"""How an answer gets lost: the connection goes before the caller has read anything."""

from __future__ import annotations

from aiohttp import web


def drop_connection(request: web.Request) -> web.Response:
    """Cut the caller off; the response returned reaches nobody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
