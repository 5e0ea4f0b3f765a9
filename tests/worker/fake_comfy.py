"""A ComfyUI that replays a recorded run, with faults to order."""

from __future__ import annotations

import asyncio
import json
import struct
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

from aiohttp import web

from tests.worker.loop_thread import LoopThread

RECORDINGS = Path(__file__).parent / "recordings"


def recording(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((RECORDINGS / f"{name}.json").read_text())
    return loaded


EXECUTED = "executed"

FULL: dict[str, Any] = {
    "status_str": "error",
    "messages": [
        [
            "execution_error",
            {
                "node_id": "3",
                "exception_type": "torch.OutOfMemoryError",
                "exception_message": "Allocation on device 0 would exceed allowed memory.",
            },
        ]
    ],
}


def is_success(status: dict[str, Any]) -> bool:
    return status["status_str"] == "success"


@dataclass
class Faults:
    drop_socket_at: int | None = None  # the socket closes before this event; it and some are lost
    events_lost: int = 0
    hang_at: int | None = None  # the run stops before this event until it is interrupted
    hold_before: dict[int, asyncio.Event] = field(default_factory=dict)  # until it is set
    deaf: bool = False  # no event is ever sent
    prompt_answer: tuple[int, Any] | None = None
    drop_prompt_answers: int = 0  # queue the prompt, then cut the connection
    forget_run: bool = False  # as if restarted: the prompt is in no queue and no history
    stay_queued: bool = False
    interrupts_lost: float = 0  # forgotten, as between a prompt's turn and its first node
    hang_http: str | None = None  # requests to this path are never answered
    full_runs: int = 0  # so many runs end out of memory


@dataclass
class Seen:
    prompts: list[dict[str, Any]] = field(default_factory=list)
    interrupts: list[str] = field(default_factory=list)
    deletes: list[str] = field(default_factory=list)
    uploads: dict[str, bytes] = field(default_factory=dict)
    connections: list[str] = field(default_factory=list)
    history_asked: int = 0
    freed: list[dict[str, Any]] = field(default_factory=list)
    infos: list[str] = field(default_factory=list)
    said: list[Any] = field(default_factory=list)  # over the socket
    hung: Event = field(default_factory=Event)  # a request came that is never answered


class FakeComfy:
    def __init__(self, loop: LoopThread, name: str = "run_txt2img") -> None:
        self.faults, self.seen = Faults(), Seen()
        self.files: dict[str, bytes] = {}
        self.object_info: dict[str, Any] = {}
        self.preview = b"\xff\xd8\xff" + b"p" * 1000
        self._sockets: dict[str, web.WebSocketResponse] = {}
        self._history: dict[str, Any] = {}
        self._pending: set[str] = set()
        self._running: set[str] = set()
        self._stopped = asyncio.Event()
        self._running_for = ""  # the client id
        self._machine = asyncio.Lock()  # one prompt runs, the others are pending
        self._tasks: set[asyncio.Task[None]] = set()
        self.play(name)
        self._loop = loop
        app = web.Application(client_max_size=1 << 26, middlewares=[self._hang])
        app.add_routes(
            [
                web.get("/ws", self._ws),
                web.get("/prompt", self._info),
                web.post("/prompt", self._prompt),
                web.get("/history/{id}", self._get_history),
                web.get("/queue", self._queue),
                web.post("/queue", self._delete),
                web.post("/interrupt", self._interrupt),
                web.post("/free", self._free),
                web.get("/object_info/{name}", self._get_object_info),
                web.post("/upload/image", self._upload),
                web.get("/view", self._view),
            ]
        )
        self._runner, self.url = loop.serve(app)

    def play(self, name: str) -> None:
        recorded = recording(name)
        self.graph: dict[str, Any] = recorded["prompt_call"]["request"]["json"]["prompt"]
        self.events: list[dict[str, Any]] = recorded["websocket"][1:]
        ((self._recorded_id, self._entry),) = recorded["history_call"]["response"]["body"].items()

    def set_outputs(self, outputs: dict[str, Any]) -> None:
        self._entry = {**self._entry, "outputs": outputs}
        types = [event.get("text", {}).get("type") for event in self.events]
        end = types.index("execution_success")
        told: list[dict[str, Any]] = [
            {"node": node, "output": output, "prompt_id": self._recorded_id}
            for node, output in outputs.items()
        ]
        kept = [event for event, type_ in zip(self.events, types, strict=True) if type_ != EXECUTED]
        end -= types[:end].count(EXECUTED)
        self.events = [
            *kept[:end],
            *({"text": {"type": EXECUTED, "data": data}} for data in told),
            *kept[end:],
        ]

    def lose_the_outputs(self) -> None:
        """Have the socket cut where a node has made something: /history must be asked."""
        self.faults.drop_socket_at, self.faults.events_lost = self._index_of(EXECUTED), 1

    def hold_until(self, event: asyncio.Event) -> None:
        """Let no run end before that is set."""
        self.faults.hold_before[self._index_of("execution_success")] = event

    def _index_of(self, type_: str) -> int:
        return [event.get("text", {}).get("type") for event in self.events].index(type_)

    def close(self) -> None:
        self._loop.call(self._close())

    async def _close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._drop_sockets()
        await self._runner.cleanup()

    async def _drop_sockets(self) -> None:
        for socket in list(self._sockets.values()):
            await socket.close()
        self._sockets.clear()

    async def _ws(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        client = request.query["clientId"]
        self.seen.connections.append(client)
        self._sockets[client] = socket
        status = {"status": {"exec_info": {"queue_remaining": 0}}, "sid": client}
        await socket.send_json({"type": "status", "data": status})
        if self._running and client == self._running_for:
            await socket.send_json({"type": "executing", "data": {"node": "3"}})
        async for message in socket:
            self.seen.said.append(message.json())
        if self._sockets.get(client) is socket:
            del self._sockets[client]
        return socket

    @web.middleware
    async def _hang(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if request.path == self.faults.hang_http:
            self.seen.hung.set()
            await asyncio.sleep(3600)
        answer: web.StreamResponse = await handler(request)
        return answer

    async def _free(self, request: web.Request) -> web.Response:
        self.seen.freed.append(await request.json())
        return web.Response()

    async def _get_object_info(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        self.seen.infos.append(name)
        known = self.object_info.get(name)
        return web.json_response({name: known} if known else {})

    async def _info(self, _: web.Request) -> web.Response:
        return web.json_response({"exec_info": {"queue_remaining": 0}})

    async def _prompt(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.seen.prompts.append(body)
        prompt_id, answer = body["prompt_id"], self.faults.prompt_answer
        if answer is None or answer[0] == 200:
            self._pending.add(prompt_id)
            if self.faults.forget_run:
                self._pending.clear()
            elif not self.faults.stay_queued:
                task = asyncio.create_task(self._run(prompt_id, body["client_id"]))
                self._tasks.add(task)
        if self.faults.drop_prompt_answers:
            self.faults.drop_prompt_answers -= 1
            assert request.transport is not None
            request.transport.close()
        status, extra = answer or (200, {"node_errors": {}})
        reply = {"prompt_id": prompt_id, "number": 1, **extra} if status == 200 else extra
        return web.json_response(reply, status=status)

    async def _run(self, prompt_id: str, client: str) -> None:
        async with self._machine:
            if prompt_id in self._pending:  # nobody has taken it out
                self._pending.discard(prompt_id)
                self._running.add(prompt_id)
                self._running_for = client
                self._stopped.clear()
                await self._play(prompt_id, client)

    async def _play(self, prompt_id: str, client: str) -> None:
        lost = 0
        for index, event in enumerate(self.events):
            if index in self.faults.hold_before:
                await self.faults.hold_before[index].wait()
            if index == self.faults.hang_at:
                await self._stopped.wait()
                await self._end_interrupted(prompt_id, client)
                return
            if index == self.faults.drop_socket_at:
                await self._drop_sockets()
                lost = self.faults.events_lost
            if index == len(self.events) - 1:
                self._finish(prompt_id)
            if lost:
                lost -= 1
                continue
            await self._send(prompt_id, client, self._as_it_ended(event))
        self._running.discard(prompt_id)

    def _as_it_ended(self, event: dict[str, Any]) -> dict[str, Any]:
        status = FULL if self.faults.full_runs else self._entry["status"]
        if event.get("text", {}).get("type") != "execution_success" or is_success(status):
            return event
        kind, data = status["messages"][-1]
        return {"text": {"type": kind, "data": {**data, "prompt_id": self._recorded_id}}}

    def _finish(self, prompt_id: str) -> None:
        text = json.dumps(self._entry).replace(self._recorded_id, prompt_id)
        self._history[prompt_id] = json.loads(text)
        if self.faults.full_runs:
            self.faults.full_runs -= 1
            self._history[prompt_id] = {"outputs": {}, "status": FULL}
        self._running.discard(prompt_id)

    async def _end_interrupted(self, prompt_id: str, client: str) -> None:
        data = {"prompt_id": prompt_id, "node_id": "3", "node_type": "KSampler", "executed": []}
        event = {"type": "execution_interrupted", "data": data}
        status = {"status_str": "error", "messages": [["execution_interrupted", data]]}
        self._history[prompt_id] = {"outputs": {}, "status": status}
        self._running.discard(prompt_id)
        await self._send(prompt_id, client, {"text": event})

    async def _send(self, prompt_id: str, client: str, event: dict[str, Any]) -> None:
        socket = self._sockets.get(client)
        if socket is None or socket.closed or self.faults.deaf:
            return
        with suppress(ConnectionError):  # the client is gone and the socket has yet to say so
            if "binary" in event:
                await socket.send_bytes(struct.pack(">II", 1, 1) + self.preview)
            else:
                text = json.dumps(event["text"]).replace(self._recorded_id, prompt_id)
                await socket.send_str(text)

    async def _get_history(self, request: web.Request) -> web.Response:
        self.seen.history_asked += 1
        prompt_id = request.match_info["id"]
        entry = self._history.get(prompt_id)
        return web.json_response({prompt_id: entry} if entry else {})

    async def _queue(self, _: web.Request) -> web.Response:
        running = [[1, prompt_id, {}] for prompt_id in self._running]
        pending = [[2, prompt_id, {}] for prompt_id in self._pending]
        return web.json_response({"queue_running": running, "queue_pending": pending})

    def let_go(self) -> None:
        """End what hangs, as an interrupt does, and let nothing hang any more."""
        self.faults.hang_at = None
        self._loop.loop.call_soon_threadsafe(self._stopped.set)

    async def _delete(self, request: web.Request) -> web.Response:
        names = (await request.json())["delete"]
        self.seen.deletes += names
        self._pending -= set(names)
        return web.Response()

    async def _interrupt(self, request: web.Request) -> web.Response:
        prompt_id = (await request.json())["prompt_id"]
        self.seen.interrupts.append(prompt_id)
        if self.faults.interrupts_lost:
            self.faults.interrupts_lost -= 1
        elif prompt_id in self._running:
            self._stopped.set()
        return web.Response()

    async def _upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        image = form["image"]
        assert isinstance(image, web.FileField)
        self.seen.uploads[image.filename] = image.file.read()
        return web.json_response({"name": image.filename, "subfolder": "", "type": "input"})

    async def _view(self, request: web.Request) -> web.Response:
        path = "/".join(request.query[key] for key in ("type", "subfolder", "filename"))
        data = self.files.get(path)
        return web.Response(body=data) if data is not None else web.Response(status=404)


def graph_of(name: str) -> dict[str, Any]:
    return deepcopy(recording(name)["prompt_call"]["request"]["json"]["prompt"])
