"""What stands behind the pre-signed URLs: a form POST that stores, and objects to get and put."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from aiohttp import web

from tests.worker.loop_thread import LoopThread

NOT_ORDERED = 204


@dataclass
class Stored:
    key: str
    fields: list[str]  # names in the order in which they came
    content_type: str
    data: bytes


@dataclass
class Answers:
    """Statuses to answer with before storing again works, by a word in the key."""

    queue: dict[str, list[int]] = field(default_factory=dict)

    def next_for(self, key: str) -> int:
        for word, statuses in self.queue.items():
            if word in key and statuses:
                return statuses.pop(0)
        return NOT_ORDERED


class StoreServer:
    """One origin for many stores, so that a worker can outlive the test it was started for."""

    def __init__(self, loop: LoopThread) -> None:
        self._loop = loop
        self._stores: list[Store] = []
        app = web.Application(client_max_size=1 << 28)
        app.add_routes(
            [
                web.post("/{store}/bucket", partial(self._answer, Store._post)),
                web.get("/{store}/inputs/{name}", partial(self._answer, Store._get)),
                web.get("/{store}/objects/{key:.+}", partial(self._answer, Store._get_object)),
                web.put("/{store}/objects/{key:.+}", partial(self._answer, Store._put_object)),
            ]
        )
        self._runner, self.origin = loop.serve(app)

    def add(self, store: Store) -> str:
        """Return the URL under which the store is found from now on."""
        self._stores.append(store)
        return f"{self.origin}/{len(self._stores) - 1}"

    def close(self) -> None:
        self._loop.call(self._runner.cleanup())

    async def _answer(
        self,
        answer: Callable[[Store, web.Request], Awaitable[web.Response]],
        request: web.Request,
    ) -> web.Response:
        return await answer(self._stores[int(request.match_info["store"])], request)


class Store:
    def __init__(self, server: StoreServer) -> None:
        self.stored: list[Stored] = []
        self.tries: list[str] = []
        self.answers = Answers()
        self.objects: dict[str, bytes] = {}
        self.asked: list[str] = []  # "GET key" and "PUT key", in the order in which they came
        self.inputs: dict[str, bytes] = {}
        self.input_answers: list[web.Response] = []
        self.held: dict[str, asyncio.Event] = {}  # by a word in the key: when storing may go on
        self.when_stored: dict[str, asyncio.Event] = {}  # by a word in the key: set once it is here
        self.when_asked: dict[str, Callable[[], None]] = {}  # by an input's name
        self.origin = server.origin
        self.url = server.add(self)

    def target(self, key: str) -> dict[str, Any]:
        fields = {"key": key, "policy": "eyJ-secret-policy", "x-amz-signature": "SECRETSIGNATURE"}
        return {"url": f"{self.url}/bucket", "fields": fields}

    def input_url(self, name: str) -> str:
        return f"{self.url}/inputs/{name}?X-Amz-Signature=SECRETSIGNATURE"

    def object_url(self, key: str, signed: str = "host") -> str:
        """Sign a request for an object; it must bring the headers that `signed` names."""
        query = f"X-Amz-SignedHeaders={signed}&X-Amz-Signature=SECRETSIGNATURE"
        return f"{self.url}/objects/{key}?{query}"

    def keys(self) -> list[str]:
        return [item.key for item in self.stored]

    def document(self, word: str) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads(self.all(word)[-1].data)
        return loaded

    def all(self, word: str) -> list[Stored]:
        return [item for item in self.stored if word in item.key]

    async def _post(self, request: web.Request) -> web.Response:
        names, values = [], {}
        content_type = ""
        async for part in await request.multipart():
            assert part.name is not None  # type: ignore[union-attr]
            names.append(part.name)  # type: ignore[union-attr]
            values[part.name] = await part.read(decode=False)  # type: ignore[union-attr]
            if part.name == "file":  # type: ignore[union-attr]
                content_type = part.headers["Content-Type"]
        key = values["key"].decode()
        self.tries.append(key)
        for word, event in self.held.items():
            if word in key:
                await event.wait()
        status = self.answers.next_for(key)
        if status == NOT_ORDERED:
            self.stored.append(Stored(key, names, content_type, bytes(values["file"])))
            for word in filter(key.__contains__, self.when_stored):
                self.when_stored[word].set()
        return web.Response(status=status)

    async def _get_object(self, request: web.Request) -> web.Response:
        key = self._note(request)
        status = self.answers.next_for(key)
        if status != NOT_ORDERED:
            return web.Response(status=status, headers={"Location": f"{self.url}/objects/there"})
        if key not in self.objects:
            return _error(404, "NoSuchKey")
        return web.Response(body=self.objects[key])

    async def _put_object(self, request: web.Request) -> web.Response:
        """S3, "Conditional requests": with `If-None-Match: *` only the first write succeeds."""
        key, body = self._note(request), await request.read()
        status = self.answers.next_for(key)
        if status != NOT_ORDERED:
            return web.Response(status=status)
        if not _has_signed_headers(request):
            return _error(403, "SignatureDoesNotMatch")
        if request.headers.get("If-None-Match") == "*" and key in self.objects:
            return _error(412, "PreconditionFailed")
        self.objects[key] = body
        return web.Response()

    def _note(self, request: web.Request) -> str:
        key = request.match_info["key"]
        self.asked.append(f"{request.method} {key}")
        return key

    async def _get(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        self.when_asked.get(name, lambda: None)()
        if name in self.held:
            await self.held[name].wait()
        if self.input_answers:
            return self.input_answers.pop(0)
        return web.Response(body=self.inputs[name])


def _has_signed_headers(request: web.Request) -> bool:
    names = request.query["X-Amz-SignedHeaders"].split(";")
    return all(name in request.headers for name in names)


def _error(status: int, code: str) -> web.Response:
    text = f"<Error><Code>{code}</Code></Error>"
    return web.Response(status=status, text=text, content_type="application/xml")
