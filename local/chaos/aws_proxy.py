"""A bad network between the rooms and AWS: a reverse proxy that delays, doubles, drops, refuses.

It changes nothing of a request, so signatures and pre-signed addresses hold. What the rooms sign
for the workers bears its address: their uploads come this way too.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from local.chaos.aws_operation import operation

_HOP_BY_HOP = ("Connection", "Keep-Alive", "Transfer-Encoding", "Content-Length", "Expect")
_LONGEST_DELAY_S = 6.0  # beyond what the rooms (5 s) and the workers (3 s) wait
_LATEST_SECOND_S = 2.0
_REFUSALS = (HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.SERVICE_UNAVAILABLE)
_PATIENCE = aiohttp.ClientTimeout(total=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interference:
    """Each field is the probability that it befalls a request. Without any the line is good."""

    delayed: float = 0.0  # mostly by little; sometimes until the caller has given up
    doubled: float = 0.0  # sent once more up to 2 s later, as a retry that has overtaken it
    reply_lost: float = 0.0  # done by AWS, then the connection breaks
    refused: float = 0.0  # 500 or 503, and AWS never hears of it


GOOD_LINE = Interference()
BAD_LINE = Interference(delayed=0.04, doubled=0.05, reply_lost=0.03, refused=0.03)


class AwsProxy:
    """Forwards to the AWS at `upstream`. `interference` may be changed at any time.

    `calls` counts what was asked for, by service and operation such as `dynamodb.GetItem`;
    `faults` counts what went wrong, by the names of `Interference`.
    """

    def __init__(self, upstream: str, seed: int) -> None:
        self.url = ""
        self.interference = GOOD_LINE
        self.calls: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self._upstream = upstream
        self._rng = random.Random(seed)  # noqa: S311 - dice
        self._late: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[AwsProxy]:
        """Listen on 127.0.0.1, at `url`, for as long as the block lasts."""
        async with aiohttp.ClientSession(
            # An idle connection that AWS closes as it is used would be a fault of our making.
            connector=aiohttp.TCPConnector(limit=0, force_close=True),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            timeout=_PATIENCE,
        ) as self._aws:
            app = web.Application(client_max_size=0)
            app.router.add_route("*", "/{path:.*}", self._take)
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
            await runner.setup()
            try:
                await web.TCPSite(runner, "127.0.0.1", 0).start()
                self.url = "http://{}:{}".format(*runner.addresses[0][:2])
                yield self
            finally:
                await self._end(runner)

    async def _end(self, runner: web.AppRunner) -> None:
        for task in self._late:
            task.cancel()
        await asyncio.gather(*self._late, return_exceptions=True)
        await runner.cleanup()

    async def _take(self, request: web.Request) -> web.StreamResponse:
        try:
            body = await request.read()
        except ConnectionError:  # the caller died in the middle of it
            return _hung_up(request)
        self.calls[operation(request.method, request.raw_path, request.headers, body)] += 1
        line = self.interference
        if self._happens("refused", line.refused):
            return web.Response(status=self._rng.choice(_REFUSALS))
        if self._happens("delayed", line.delayed):
            await asyncio.sleep(_LONGEST_DELAY_S * self._rng.random() ** 3)
        try:
            answer = await self._forward(request, body)
        except (aiohttp.ClientError, TimeoutError):
            return _hung_up(request)
        if self._happens("doubled", line.doubled):
            self._send_later(request, body)
        if self._happens("reply_lost", line.reply_lost):
            return _hung_up(request)
        return answer

    def _happens(self, fault: str, probability: float) -> bool:
        happens = self._rng.random() < probability
        self.faults[fault] += happens
        return happens

    def _send_later(self, request: web.Request, body: bytes) -> None:
        async def send() -> None:
            await asyncio.sleep(_LATEST_SECOND_S * self._rng.random())
            with suppress(aiohttp.ClientError, TimeoutError):  # nobody waits for this answer
                await self._forward(request, body)

        task = asyncio.create_task(send())
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    async def _forward(self, request: web.Request, body: bytes) -> web.Response:
        async with self._aws.request(
            request.method,
            URL(self._upstream + request.raw_path, encoded=True),
            headers=_end_to_end(request.headers),  # `Host` with them: it is part of the signature
            data=body,
            allow_redirects=False,
        ) as answer:
            headers = _end_to_end(answer.headers)
            if request.method == "HEAD" and "Content-Length" in answer.headers:
                headers["Content-Length"] = answer.headers["Content-Length"]
            return web.Response(status=answer.status, headers=headers, body=await answer.read())


def _end_to_end(headers: CIMultiDict[str] | aiohttp.typedefs.LooseHeaders) -> CIMultiDict[str]:
    kept: CIMultiDict[str] = CIMultiDict(headers)
    for name in _HOP_BY_HOP:
        kept.popall(name, None)
    return kept


def _hung_up(request: web.Request) -> web.Response:
    """Break the connection; the response that has to be returned goes nowhere."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
