"""What the tests of the GPU cloud share: its clients and a small S3."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import boto3
from aiohttp import web
from botocore.config import Config

from local.gpu_cloud.settings import GpuCloudSettings

ENVELOPE = {"version": 1, "job_id": "1300000000000000001", "attempt": 2}


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@dataclass
class SmallS3:
    """Holds objects by `/bucket/key`; takes none for the bucket `refused`."""

    url: str = ""
    objects: dict[str, bytes] = field(default_factory=dict)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_route("PUT", "/{key:.*}", self._put)
        app.router.add_route("GET", "/{key:.*}", self._get)
        return app

    async def _put(self, request: web.Request) -> web.Response:
        path = request.raw_path.partition("?")[0]
        if path.startswith("/refused/"):
            return self._error(403, "AccessDenied")
        self.objects[path] = await request.read()
        return web.Response()

    async def _get(self, request: web.Request) -> web.Response:
        body = self.objects.get(request.raw_path.partition("?")[0])
        if body is None:
            return self._error(404, "NoSuchKey")
        return web.Response(body=body)

    def _error(self, status: int, code: str) -> web.Response:
        text = f"<Error><Code>{code}</Code><Message>no</Message></Error>"
        return web.Response(status=status, text=text, content_type="application/xml")


@dataclass
class Cloud:
    """A running cloud, seen from its clients."""

    url: str
    http: aiohttp.ClientSession
    runner: web.AppRunner | None
    settings: GpuCloudSettings
    s3: SmallS3
    ahead_s: float = 0.0

    async def call(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        async with self.http.request(method, f"{self.url}{path}", **options) as answer:
            return answer.status, await answer.json()

    async def post(self, path: str, body: Any = None, **options: Any) -> tuple[int, Any]:
        return await self.call("POST", path, json=body, **options)

    async def get(self, path: str, **options: Any) -> tuple[int, Any]:
        return await self.call("GET", path, **options)

    async def runpod(self, operation: str, body: Any = None) -> Any:
        """POST one of Runpod's operations that is to succeed."""
        status, answer = await self.post(f"/v2/ep/{operation}", body)
        assert status == 200, answer
        return answer

    async def status(self, job_id: str) -> Any:
        return (await self.get(f"/v2/ep/status/{job_id}"))[1]

    async def health(self) -> Any:
        return (await self.get("/v2/ep/health"))[1]

    async def fault(self, provider: str, mode: str, **more: Any) -> None:
        status, answer = await self.post(
            "/control/faults", {"provider": provider, "mode": mode, **more}
        )
        assert status == 200, answer

    def client(self, service: str) -> Any:
        """A boto3 client pointed at the cloud."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, proxies={}),
        )

    async def invoke(self, **options: Any) -> dict[str, Any]:
        """Call InvokeEndpointAsync as the service does."""
        client = self.client("sagemaker-runtime")
        return await asyncio.to_thread(
            lambda: client.invoke_endpoint_async(EndpointName="pictures", **options)
        )

    async def describe(self, name: str = "pictures") -> dict[str, Any]:
        client = self.client("sagemaker")
        return await asyncio.to_thread(lambda: client.describe_endpoint(EndpointName=name))


StartCloud = Callable[..., Awaitable[Cloud]]
