"""The bad line between the rooms and AWS, and the names of what passes it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from local.chaos import aws_proxy
from local.chaos.aws_operation import operation
from local.chaos.aws_proxy import AwsProxy, Interference
from tests.until import SOON_S


class Upstream:
    """Stands in for AWS: remembers each request, answers with a number that grows."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, str, bytes]] = []
        self.seen_twice = asyncio.Event()
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.seen.append((request.method, request.raw_path, request.headers["Host"], body))
        if len(self.seen) > 1:
            self.seen_twice.set()
        return web.Response(text=str(len(self.seen)), headers={"X-Amz-Id": "a"})


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    aws = Upstream()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", aws.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    aws.url = "http://{}:{}".format(*runner.addresses[0][:2])
    yield aws
    await runner.cleanup()


@pytest.fixture
async def proxy(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AwsProxy]:
    monkeypatch.setattr(aws_proxy, "_LONGEST_DELAY_S", 0.0)
    monkeypatch.setattr(aws_proxy, "_LATEST_SECOND_S", 0.0)
    async with AwsProxy(upstream.url, seed=1).listening() as listening:
        yield listening


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def test_what_is_signed_arrives_as_it_was_sent(
    upstream: Upstream, proxy: AwsProxy, http: aiohttp.ClientSession
) -> None:
    path = "/bucket/a%2Fb%20c?X-Amz-Signature=%2B&versions"
    async with http.put(URL(proxy.url + path, encoded=True), data=b"\0body") as answer:
        assert (await answer.text(), answer.headers["X-Amz-Id"]) == ("1", "a")
    assert upstream.seen == [("PUT", path, proxy.url.removeprefix("http://"), b"\0body")]


async def test_the_length_of_an_object_is_told_without_the_object(
    proxy: AwsProxy, http: aiohttp.ClientSession
) -> None:
    async with http.head(f"{proxy.url}/bucket/key") as answer:
        assert answer.headers["Content-Length"] == "1"


async def test_a_lost_reply_is_lost_after_aws_has_done_its_work(
    upstream: Upstream, proxy: AwsProxy, http: aiohttp.ClientSession
) -> None:
    proxy.interference = Interference(reply_lost=1.0)
    with pytest.raises(aiohttp.ClientConnectionError):
        await http.post(f"{proxy.url}/bucket", data=b"a file")
    assert len(upstream.seen) == 1


async def test_a_refused_request_never_reaches_aws(
    upstream: Upstream, proxy: AwsProxy, http: aiohttp.ClientSession
) -> None:
    proxy.interference = Interference(refused=1.0)
    async with http.post(proxy.url) as answer:
        assert answer.status in {500, 503}
    assert upstream.seen == []
    assert proxy.faults["refused"] == 1


async def test_a_doubled_request_is_sent_twice_and_answered_once(
    upstream: Upstream, proxy: AwsProxy, http: aiohttp.ClientSession
) -> None:
    proxy.interference = Interference(doubled=1.0, delayed=1.0)
    async with http.post(proxy.url, data=b"once") as answer:
        assert await answer.text() == "1"
    await asyncio.wait_for(upstream.seen_twice.wait(), SOON_S)
    first, second = upstream.seen
    assert first == second
    assert proxy.faults == {"doubled": 1, "delayed": 1, "refused": 0, "reply_lost": 0}
    assert proxy.calls.total() == 1


async def test_the_line_breaks_where_aws_is_not_there(http: aiohttp.ClientSession) -> None:
    async with AwsProxy("http://127.0.0.1:1", seed=1).listening() as proxy:
        with pytest.raises(aiohttp.ClientConnectionError):
            await http.get(proxy.url)


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "name"),
    [
        ("POST", "/", {"X-Amz-Target": "DynamoDB_20120810.GetItem"}, b"", "dynamodb.GetItem"),
        ("POST", "/", {"X-Amz-Target": "AmazonSQS.SendMessage"}, b"", "sqs.SendMessage"),
        (
            *("POST", "/", {"X-Amz-Target": "AmazonSSM.GetParameter"}, b""),
            "ssm.GetParameter",
        ),
        (
            *("POST", "/", {"Content-Type": "application/x-www-form-urlencoded"}),
            *(b"Action=AssumeRole&Version=1", "query.AssumeRole"),
        ),
        ("GET", "/bucket/jobs/1/result.json?X-Amz-Date=1", {}, b"", "s3.GetObject"),
        ("PUT", "/bucket/jobs/1/1/claim", {}, b"", "s3.PutObject"),
        ("POST", "/bucket", {"Content-Type": "multipart/form-data"}, b"", "s3.PostObject"),
        ("GET", "/bucket?list-type=2&prefix=jobs", {}, b"", "s3.ListObjectsV2"),
        ("PUT", "/bucket?notification", {}, b"", "s3.PutNotification"),
        ("HEAD", "/bucket", {}, b"", "s3.HeadBucket"),
    ],
)
def test_a_request_is_named_as_in_a_price_list(
    method: str, path: str, headers: dict[str, str], body: bytes, name: str
) -> None:
    assert operation(method, path, headers, body) == name
