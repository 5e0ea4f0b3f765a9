"""The stand-in Discord as one web application: its API, its CDN, its page."""

import dataclasses
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from local.discord import (
    bot_routes,
    cloud_routes,
    command_routes,
    control_routes,
    dashboard_routes,
    guild_routes,
    webhook_routes,
)
from local.discord.gate import gate
from local.discord.rate_limits import Clock
from local.discord.settings import MEBIBYTE, REQUEST_LIMIT, DiscordSettings
from local.discord.state import DISCORD, Discord

PAGE = Path(__file__).parent / "page"
_STORED = "http://127.0.0.1:*"  # Discord itself would fetch what an address leads to, and show that
PAGE_POLICY = (
    f"default-src 'self'; img-src 'self' blob: data: {_STORED}; media-src 'self' {_STORED}; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
)


def create_app(settings: DiscordSettings, clock: Clock = time.time) -> web.Application:
    """Build the application; `settings.public_url` has to be the address that it will have."""
    app = web.Application(
        middlewares=[gate, control_routes.control_errors], client_max_size=REQUEST_LIMIT + MEBIBYTE
    )
    app[DISCORD] = Discord(settings, clock)
    for part in (
        *(bot_routes, guild_routes, command_routes, webhook_routes),
        *(control_routes, cloud_routes, dashboard_routes),
    ):
        app.add_routes(part.routes)
    app.router.add_get("/attachments/{channel}/{attachment}/{filename}", _download)
    app.router.add_get("/", _page)
    app.router.add_static("/page", PAGE)
    app.on_shutdown.append(_end_streams)
    app.on_cleanup.append(_close)
    return app


@asynccontextmanager
async def listen(
    settings: DiscordSettings, port: int = 0, clock: Clock = time.time
) -> AsyncIterator[Discord]:
    """Serve on 127.0.0.1 (port 0: any free one) until the block ends.

    Yields the running Discord; its `settings.public_url` is its address.
    """
    listener = socket.create_server(("127.0.0.1", port))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    app = create_app(dataclasses.replace(settings, public_url=url), clock)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        yield app[DISCORD]
    finally:
        await runner.cleanup()


async def _download(request: web.Request) -> web.StreamResponse:
    path = request.match_info
    return request.app[DISCORD].attachments.serve(path["attachment"], path["filename"])


async def _page(_: web.Request) -> web.FileResponse:
    headers = {"Content-Security-Policy": PAGE_POLICY, "Cache-Control": "no-store"}
    return web.FileResponse(PAGE / "index.html", headers=headers)


async def _end_streams(app: web.Application) -> None:
    app[DISCORD].events.close()


async def _close(app: web.Application) -> None:
    await app[DISCORD].close()
