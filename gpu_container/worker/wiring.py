"""Builds the real parts of a worker from its settings, the same for both doors."""

from __future__ import annotations

import atexit
import signal
import sys
from dataclasses import dataclass
from typing import Any

from gpu_container.worker import log
from gpu_container.worker.attempt import Attempts
from gpu_container.worker.comfy.client import Comfy, Patience
from gpu_container.worker.comfy.engine import Engine
from gpu_container.worker.inputs.fetch import Fetcher
from gpu_container.worker.models.declared import MODELS_FILE, ModelsFileWrong, load_models
from gpu_container.worker.models.ensure import Models
from gpu_container.worker.models.model_paths import model_folders, own_folder
from gpu_container.worker.outputs.leftovers import Leftovers
from gpu_container.worker.progress.reporter import PATIENCE_S
from gpu_container.worker.run_job import Deps
from gpu_container.worker.settings import ConfigError, Settings
from gpu_container.worker.start.begin import Start
from gpu_container.worker.start.give_way import give_way
from gpu_container.worker.start.gpu import GpuHealth
from gpu_container.worker.start.last_call import LastCall
from gpu_container.worker.start.timeline import StartTimeline
from gpu_container.worker.start.warm_up import WarmUp
from gpu_container.worker.start.watched_runner import WatchedRunner
from gpu_container.worker.store.access import StoreAccess
from gpu_container.worker.store.upload import Uploader


@dataclass(frozen=True, slots=True)
class Worker:
    """What a door needs: for its jobs, when the first may come, whether any may, and for its end.

    `last_call.ring()` belongs into the handler of SIGTERM.
    """

    deps: Deps
    start: Start
    health: GpuHealth
    last_call: LastCall


def begin_worker(settings: Settings) -> Worker:
    """Set up the log, begin the start and return at once; `Worker.start` tells when it has ended.

    The engine ends with this process, unless that is killed outright. All that this thread does and
    starts from here on gives way to the engine.
    """
    log.set_up(settings.log_level)
    timeline, health = StartTimeline(), GpuHealth()
    engine = Engine(
        url=settings.comfyui_url,
        command=settings.comfyui_command,
        start_s=settings.engine_start_s,
    )
    patience = Patience(stuck_s=settings.engine_stuck_s)
    comfy = Comfy(engine, patience=patience, give_up=health.give_up)
    runner: Any = WatchedRunner(comfy, engine, on_failure=health.note)
    models = _models(settings)
    warm_up = WarmUp(settings.warm_up, runner, models, timeline, limit_s=settings.warm_up_s)
    start = Start(engine, health, timeline, warm_up, require_gpu=settings.require_gpu)
    store = StoreAccess(settings.store_origins)
    deps = Deps(
        engine=engine,
        comfy=runner,
        attempts=Attempts(store, poll_s=settings.cancel_poll_s),
        fetcher=Fetcher(store),
        uploader=Uploader(store),
        progress_uploader=Uploader(store, attempts=1, timeout_s=PATIENCE_S),
        leftovers=Leftovers(engine),
        models=models,
        start=timeline,
    )
    atexit.register(deps.close)
    atexit.register(start.close)  # runs first
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # until the door has a better answer
    start.begin()
    give_way()  # not before ComfyUI is started
    return Worker(deps, start, health, LastCall(engine))


def start_worker(settings: Settings) -> Deps:
    """Begin a worker and return what its jobs need."""
    return begin_worker(settings).deps


def _models(settings: Settings) -> Models:
    try:
        declared = load_models(settings.models_file or MODELS_FILE)
    except (ModelsFileWrong, OSError) as error:
        raise ConfigError(f"MODELS_FILE: {error}") from error
    return Models(
        declared,
        model_folders(settings.models_folder),
        fetch_into=own_folder(settings.models_folder),
        token=settings.hf_token,
    )
