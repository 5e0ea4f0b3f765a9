"""The whole stand-in cloud as one web application: Runpod, SageMaker, a judge, the switches."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from aiohttp import web

from local.gpu_cloud.bell import Bell
from local.gpu_cloud.control import ControlApi, ListJobs
from local.gpu_cloud.faults import Faults
from local.gpu_cloud.rekognition_api import RekognitionApi
from local.gpu_cloud.runpod_client_api import RUNSYNC_LIMIT_BYTES, RunpodClientApi
from local.gpu_cloud.runpod_endpoint import RunpodEndpoint
from local.gpu_cloud.runpod_worker_api import RunpodWorkerApi
from local.gpu_cloud.sagemaker_api import SageMakerApi
from local.gpu_cloud.sagemaker_endpoint import SageMakerEndpoint
from local.gpu_cloud.submissions import Submissions

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.gpu_cloud.settings import GpuCloudSettings

_TICK_S = 0.25

_log = logging.getLogger(__name__)


def create_app(
    settings: GpuCloudSettings,
    list_jobs: ListJobs,
    clock: Callable[[], float] = time.time,
) -> web.Application:
    """Build the cloud. Its workers start on demand and end when the application shuts down.

    `list_jobs` answers `GET /control/jobs`; `clock` gives seconds since the epoch.
    """
    bell = Bell()
    faults = Faults(changed=bell.ring)
    submissions = Submissions(clock)
    runpod = RunpodEndpoint(settings, faults, bell, clock)
    sagemaker = SageMakerEndpoint(settings, faults, bell, clock)
    app = web.Application(client_max_size=RUNSYNC_LIMIT_BYTES + 1024)
    app.add_routes(RunpodClientApi(runpod, submissions).routes())
    app.add_routes(RunpodWorkerApi(runpod).routes())
    app.add_routes(SageMakerApi(sagemaker, submissions, clock).routes())
    app.add_routes(RekognitionApi().routes())
    app.add_routes(ControlApi(faults, submissions, list_jobs).routes())
    tasks: list[asyncio.Task[None]] = []

    async def start(_: web.Application) -> None:
        for work in (bell.tick(_TICK_S), runpod.fleet.run(), sagemaker.run()):
            task = asyncio.create_task(work)
            task.add_done_callback(_report_a_defect)
            tasks.append(task)

    async def stop(_: web.Application) -> None:
        runpod.closing = True
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    app.on_startup.append(start)
    app.on_shutdown.append(stop)
    return app


def _report_a_defect(task: asyncio.Task[None]) -> None:
    """Say at once what would otherwise show only as jobs that nobody runs."""
    if not task.cancelled() and (error := task.exception()):
        _log.critical("a part of the GPU cloud has ended", exc_info=error)
