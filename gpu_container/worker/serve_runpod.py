"""Runpod's door: the SDK takes the jobs, this hands each one to run_job.

https://docs.runpod.io/serverless/workers/handler-functions
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import MutableMapping

from gpu_container.worker.settings import Settings, refusing_in_one_line
from gpu_container.worker.start.engine_first import start_engine

SDK_DEFAULTS = {
    "RUNPOD_DEBUG_LEVEL": "INFO",
    "RUNPOD_SKIP_GPU_CHECK": "true",
    "RUNPOD_SKIP_AUTO_SYSTEM_CHECKS": "true",
}
"""The SDK would log every output, and check the machine again once ComfyUI is ready: by programs
that have all of our environment, where a node of ComfyUI can read it while they run."""


def set_up_sdk(environ: MutableMapping[str, str]) -> None:
    """Set what the SDK does by itself, unless somebody has."""
    for name, value in SDK_DEFAULTS.items():
        if not environ.get(name):
            environ[name] = value


def main() -> None:
    """Serve until SIGTERM."""
    set_up_sdk(os.environ)
    multiprocessing.set_start_method("spawn")  # its heartbeat: never fork a process with threads
    with refusing_in_one_line():
        settings = Settings.from_env(os.environ)
        first = start_engine(settings)
        # Slow to import: the engine starts meanwhile.
        from gpu_container.worker.wiring import begin_worker  # noqa: PLC0415

        worker = begin_worker(settings, first)
    import runpod  # type: ignore[import-untyped]  # noqa: PLC0415

    from gpu_container.worker import runpod_loop  # noqa: PLC0415
    from gpu_container.worker.runpod_door import Door, fitness  # noqa: PLC0415

    door = Door(
        worker.deps,
        worker.health,
        worker_comfyui_s=settings.worker_comfyui_s,
        last_call=worker.last_call.ring,
    )
    runpod_loop.use(door)
    runpod.serverless.register_fitness_check(fitness(worker.start, worker.deps))
    runpod.serverless.start({"handler": door.handle})


if __name__ == "__main__":
    main()
