"""One real worker process: started on a leash, its words kept in a log, ended without a trace."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local import leash

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from local.gpu_cloud.settings import GpuCloudSettings

_LEASH = Path(leash.__file__)
_LEASH_MARGIN_S = 5.0
# A worker gets nothing else of ours: no AWS keys, no proxies, no operator's home folder.
_INHERITED = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TMPDIR")

_log = logging.getLogger(__name__)


class WorkerProcess:
    """A worker that runs, or ran."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @property
    def ended(self) -> bool:
        """Whether it has ended, by itself or by us."""
        return self._process.returncode is not None

    async def wait(self) -> None:
        """Wait for its end."""
        await self._process.wait()

    async def stop(self, grace_s: float) -> None:
        """End it and all it has started: SIGTERM, `grace_s` seconds, SIGKILL."""
        if self._process.stdin is not None:
            self._process.stdin.close()  # the leash takes this for the order to end the worker
        with suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), grace_s + _LEASH_MARGIN_S)
        with suppress(ProcessLookupError):  # only a leash that was itself killed leaves a group
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()


@asynccontextmanager
async def running_worker(
    worker_id: str,
    command: Sequence[str],
    environment: dict[str, str],
    settings: GpuCloudSettings,
) -> AsyncIterator[WorkerProcess]:
    """Run `command` as a worker for as long as the block lasts."""
    starting = asyncio.ensure_future(_start(worker_id, command, environment, settings))
    try:
        await _whatever_comes(starting)
        yield starting.result()
    finally:
        if starting.exception() is None:
            grace_s = settings.stop_grace_s
            await _whatever_comes(asyncio.ensure_future(starting.result().stop(grace_s)))
            _log.info("worker %s ended", worker_id)


async def _start(
    worker_id: str, command: Sequence[str], environment: dict[str, str], settings: GpuCloudSettings
) -> WorkerProcess:
    settings.log_folder.mkdir(parents=True, exist_ok=True)
    with (settings.log_folder / f"{worker_id}.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", str(_LEASH), str(settings.stop_grace_s)),
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=log,
            stderr=asyncio.subprocess.STDOUT,
            env=_environment(settings) | environment,
            cwd=settings.worker_folder,
            start_new_session=True,
        )
    _log.info("worker %s started", worker_id)
    return WorkerProcess(process)


async def _whatever_comes(task: asyncio.Future[Any]) -> None:
    """Wait for `task` to be over; a cancellation takes effect only then.

    A process that is half started or half ended is one that nobody would ever end.
    """
    cancelled = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled


def _environment(settings: GpuCloudSettings) -> dict[str, str]:
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    environment |= {"HOME": str(settings.log_folder), "PYTHONUNBUFFERED": "1"}
    if settings.comfyui_url is not None:
        environment["COMFYUI_URL"] = settings.comfyui_url
    if settings.comfyui_command is not None:
        environment["COMFYUI_COMMAND"] = settings.comfyui_command
    if settings.store_origins:
        environment["STORE_ORIGINS"] = ",".join(settings.store_origins)
    return environment
