"""The operator's page: the deployed dashboards with this run's figures."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from local.discord.state import DISCORD

routes = web.RouteTableDef()
_FILE = Path(__file__).parent / "page" / "dashboards.html"
_NOT_YET = "The service is not deployed yet. This page tries again by itself."


@routes.get("/dashboards")
async def page(_: web.Request) -> web.FileResponse:
    """Serve the page."""
    return web.FileResponse(_FILE, headers={"Cache-Control": "no-store"})


@routes.get("/control/dashboards")
async def dashboards(request: web.Request) -> web.Response:
    """Return every dashboard, ready to be drawn; 503 until somebody has deployed one."""
    read = request.app[DISCORD].dashboards
    if read is None:
        return web.json_response({"message": _NOT_YET}, status=503)
    return web.json_response(await read())
