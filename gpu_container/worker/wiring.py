"""Builds the real parts of a worker from its settings, the same for both doors."""

from __future__ import annotations

import atexit
import signal
import sys

from gpu_container.worker import log
from gpu_container.worker.attempt import Attempts
from gpu_container.worker.comfy.client import Comfy
from gpu_container.worker.comfy.engine import Engine
from gpu_container.worker.inputs.fetch import Fetcher
from gpu_container.worker.run_job import Deps
from gpu_container.worker.settings import Settings
from gpu_container.worker.store.access import StoreAccess
from gpu_container.worker.store.upload import Uploader

_PROGRESS_PATIENCE_S = 3.0  # a late progress file is worth nothing, and the result waits for it


def start_worker(settings: Settings) -> Deps:
    """Set up the log, start the engine and return at once.

    The engine ends with this process, unless that is killed outright.
    """
    log.set_up(settings.log_level)
    engine = Engine(
        url=settings.comfyui_url,
        command=settings.comfyui_command,
        start_s=settings.engine_start_s,
    )
    store = StoreAccess(settings.store_origins)
    deps = Deps(
        engine=engine,
        comfy=Comfy(engine),
        attempts=Attempts(store, poll_s=settings.cancel_poll_s),
        fetcher=Fetcher(store),
        uploader=Uploader(store),
        progress_uploader=Uploader(store, attempts=1, timeout_s=_PROGRESS_PATIENCE_S),
    )
    atexit.register(deps.close)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # until the door has a better answer
    engine.start()
    return deps
