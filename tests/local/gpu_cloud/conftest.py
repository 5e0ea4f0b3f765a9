"""A GPU cloud on a free port with quick workers, a small S3 and a clock that can be set."""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from local.gpu_cloud.app import create_app
from local.gpu_cloud.settings import GpuCloudSettings, RunpodSettings, SageMakerSettings
from tests.local.gpu_cloud.gpu_cloud_kit import Cloud, SmallS3, StartCloud

HERE = Path(__file__).parent


@pytest.fixture
async def start_cloud(tmp_path: Path) -> AsyncIterator[StartCloud]:
    """Start clouds with changed settings: `runpod=`, `sagemaker=` (dicts), or the shared ones."""
    async with AsyncExitStack() as stack:

        async def serve(app: web.Application) -> tuple[web.AppRunner, str]:
            runner = web.AppRunner(app, access_log=None)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"

        async def list_jobs() -> list[dict[str, Any]]:
            return [{"id": "1", "state": "QUEUED"}]

        async def start(
            runpod: dict[str, Any] | None = None,
            sagemaker: dict[str, Any] | None = None,
            **shared: Any,
        ) -> Cloud:
            s3 = SmallS3()
            _, s3.url = await serve(s3.app())
            settings = replace(_settings(tmp_path, s3.url), **shared)
            settings = replace(
                settings,
                runpod=replace(settings.runpod, **(runpod or {})),
                sagemaker=replace(settings.sagemaker, **(sagemaker or {})),
            )
            http = aiohttp.ClientSession(headers={"Authorization": "Bearer key"})
            await stack.enter_async_context(http)
            cloud = Cloud("", http, None, settings, s3)
            app = create_app(settings, list_jobs, clock=lambda: time.time() + cloud.ahead_s)
            cloud.runner, cloud.url = await serve(app)
            return cloud

        yield start


@pytest.fixture
async def cloud(start_cloud: StartCloud) -> Cloud:
    """A cloud with the settings most tests need."""
    return await start_cloud()


def _settings(folder: Path, s3_url: str) -> GpuCloudSettings:
    return GpuCloudSettings(
        runpod=RunpodSettings(
            endpoint_id="ep",
            api_key="key",
            worker_command=[sys.executable, "-S", str(HERE / "quick_worker.py")],
        ),
        sagemaker=SageMakerSettings(
            endpoint_name="pictures",
            worker_command=[sys.executable, "-S", str(HERE / "quick_container.py")],
            bucket="images",
            s3_endpoint_url=s3_url,
            access_key_id="test",
            secret_access_key="test",
        ),
        log_folder=folder / "logs",
        worker_folder=folder,
        stop_grace_s=0.5,
    )
