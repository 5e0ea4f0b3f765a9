"""Builds the real parts of a worker from its settings, the same for both doors."""

from __future__ import annotations

import atexit
from dataclasses import dataclass
from typing import Any

from gpu_container.worker.attempt import Attempts
from gpu_container.worker.comfy.client import Comfy, Patience
from gpu_container.worker.inputs.fetch import Fetcher
from gpu_container.worker.models.declared import MODELS_FILE, ModelsFileWrong, load_models
from gpu_container.worker.models.ensure import Models
from gpu_container.worker.models.model_paths import model_folders, own_folder
from gpu_container.worker.outputs.leftovers import Leftovers
from gpu_container.worker.progress.reporter import PATIENCE_S
from gpu_container.worker.run_job import Deps
from gpu_container.worker.settings import ConfigError, Settings
from gpu_container.worker.start.begin import Start
from gpu_container.worker.start.engine_first import EngineStart, start_engine
from gpu_container.worker.start.gpu import GpuHealth
from gpu_container.worker.start.last_call import LastCall
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


def begin_worker(settings: Settings, first: EngineStart) -> Worker:
    """Begin the start and return at once; `Worker.start` tells when it has ended."""
    engine, timeline, health = first.engine, first.timeline, GpuHealth()
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
    start.begin()
    return Worker(deps, start, health, LastCall(engine))


def start_worker(settings: Settings) -> Deps:
    """Begin a worker and return what its jobs need."""
    return begin_worker(settings, start_engine(settings)).deps


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
