"""The HTTP and websocket door: the routes of ComfyUI 0.3.64 that clients of a service use."""

from __future__ import annotations

import asyncio
import json
import os
import platform
import sys
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from aiohttp import web

from local.engine.clients import MAX_UPLOAD_BYTES
from local.engine.engine import Engine
from local.engine.file_routes import file_routes
from local.engine.nodes.catalogue import NODE_TYPES
from local.engine.nodes.node_type import described

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SPOKEN_VERSION = "0.3.64"  # the ComfyUI whose answers this engine gives
PRETENDED_MEMORY_BYTES = 24 * 1024**3
PAGE = "<!doctype html><title>Local engine</title><p>A stand-in for ComfyUI that paints.</p>"
ENGINE = web.AppKey("ENGINE", Engine)


def build_app(engine: Engine) -> web.Application:
    """Return the application; every route answers under `/api` too, as in ComfyUI."""
    app = web.Application(client_max_size=MAX_UPLOAD_BYTES)
    app[ENGINE] = engine
    plain = [
        web.get("/", _page),
        web.get("/ws", _websocket),
        web.get("/prompt", _get_prompt),
        web.post("/prompt", _post_prompt),
        web.get("/queue", _get_queue),
        web.post("/queue", _post_queue),
        web.get("/history", _get_history),
        web.get("/history/{prompt_id}", _get_history_of),
        web.post("/history", _post_history),
        web.post("/interrupt", _interrupt),
        web.post("/free", _free),
        web.get("/object_info", _object_info),
        web.get("/object_info/{class_type}", _object_info_of),
        web.get("/system_stats", _system_stats),
        *file_routes(engine.folders),
    ]
    app.add_routes(plain)
    app.add_routes([web.route(each.method, f"/api{each.path}", each.handler) for each in plain])
    app.cleanup_ctx.append(_running_engine)
    app.on_shutdown.append(_close_clients)
    return app


async def _running_engine(app: web.Application) -> AsyncIterator[None]:
    task = asyncio.create_task(app[ENGINE].run_forever())
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _close_clients(app: web.Application) -> None:
    await app[ENGINE].clients.close()


async def _page(_request: web.Request) -> web.Response:
    return web.Response(text=PAGE, content_type="text/html")


async def _websocket(request: web.Request) -> web.WebSocketResponse:
    engine = request.app[ENGINE]
    client_id = request.query.get("clientId") or uuid.uuid4().hex
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    await engine.clients.serve(socket, client_id, engine.greetings(client_id))
    return socket


async def _get_prompt(request: web.Request) -> web.Response:
    remaining = request.app[ENGINE].queue.remaining
    return web.json_response({"exec_info": {"queue_remaining": remaining}})


async def _post_prompt(request: web.Request) -> web.Response:
    body = await _json_or_none(request)
    if isinstance(body, list):
        body = {}  # a list holds no prompt: to ComfyUI that is no worse than an empty object
    if not _is_walkable(body):
        text = "500 Internal Server Error\n\nServer got itself in trouble"
        return web.Response(status=500, text=text)
    verdict, prompt = request.app[ENGINE].submit(body)
    if prompt is None:
        refusal = {"error": verdict.error, "node_errors": verdict.node_errors}
        return web.json_response(refusal, status=400)
    return web.json_response(
        {
            "prompt_id": prompt.prompt_id,
            "number": prompt.number,
            "node_errors": verdict.node_errors,
        }
    )


def _is_walkable(body: Any) -> bool:
    """ComfyUI stumbles, with status 500, over a body that is not an object of objects."""
    if not isinstance(body, dict):
        return False
    graph = body.get("prompt", {})
    return isinstance(graph, dict) and all(isinstance(node, dict) for node in graph.values())


async def _get_queue(request: web.Request) -> web.Response:
    return web.json_response(request.app[ENGINE].queue.shown())


async def _post_queue(request: web.Request) -> web.Response:
    engine, body = request.app[ENGINE], await _json_object(request)
    if body.get("clear"):
        engine.clear_waiting()
    engine.delete_waiting(body.get("delete", []))
    return web.Response()


async def _get_history(request: web.Request) -> web.Response:
    entries = list(request.app[ENGINE].queue.history.items())
    if "max_items" in request.query:
        entries = entries[-int(request.query["max_items"]) :]
    return web.json_response(dict(entries))


async def _get_history_of(request: web.Request) -> web.Response:
    prompt_id = request.match_info["prompt_id"]
    history = request.app[ENGINE].queue.history
    return web.json_response({prompt_id: history[prompt_id]} if prompt_id in history else {})


async def _post_history(request: web.Request) -> web.Response:
    history, body = request.app[ENGINE].queue.history, await _json_object(request)
    if body.get("clear"):
        history.clear()
    for prompt_id in body.get("delete", []):
        history.pop(prompt_id, None)
    return web.Response()


async def _interrupt(request: web.Request) -> web.Response:
    body = await _json_object(request)
    request.app[ENGINE].interrupt(body.get("prompt_id"))
    return web.Response()


async def _free(request: web.Request) -> web.Response:
    body = await _json_object(request)
    if body.get("free_memory"):
        request.app[ENGINE].free()
    return web.Response()


async def _object_info(request: web.Request) -> web.Response:
    files = request.app[ENGINE].folders.input_names()
    return web.json_response(
        {name: described(name, node, files) for name, node in NODE_TYPES.items()}
    )


async def _object_info_of(request: web.Request) -> web.Response:
    name = request.match_info["class_type"]
    files = request.app[ENGINE].folders.input_names()
    known = {name: described(name, NODE_TYPES[name], files)} if name in NODE_TYPES else {}
    return web.json_response(known)


async def _system_stats(_request: web.Request) -> web.Response:
    memory = {"vram_total": PRETENDED_MEMORY_BYTES, "vram_free": PRETENDED_MEMORY_BYTES}
    torch_memory = {f"torch_{name}": amount for name, amount in memory.items()}
    device = {"name": "painter", "type": "cpu", "index": None, **memory, **torch_memory}
    system = {
        "os": os.name,
        "ram_total": PRETENDED_MEMORY_BYTES,
        "ram_free": PRETENDED_MEMORY_BYTES,
        "comfyui_version": SPOKEN_VERSION,
        "python_version": platform.python_version(),
        "pytorch_version": "none",
        "embedded_python": False,
        "argv": sys.argv,
    }
    return web.json_response({"system": system, "devices": [device]})


async def _json_or_none(request: web.Request) -> Any:
    try:
        return json.loads(await request.text())
    except ValueError:
        return None


async def _json_object(request: web.Request) -> dict[str, Any]:
    body = await _json_or_none(request)
    return body if isinstance(body, dict) else {}
