"""ComfyUI is started before anything slow is imported: its own start takes longest of all."""

from __future__ import annotations

import atexit
import signal
import sys
from dataclasses import dataclass

from gpu_container.worker import log
from gpu_container.worker.comfy.engine import Engine
from gpu_container.worker.settings import Settings
from gpu_container.worker.start.give_way import give_way
from gpu_container.worker.start.timeline import StartTimeline


@dataclass(frozen=True, slots=True)
class EngineStart:
    """An engine that was started, and since when the worker is at it."""

    engine: Engine
    timeline: StartTimeline


def start_engine(settings: Settings) -> EngineStart:
    """Set up the log, start the engine and return at once. Raises JobFailed if that cannot be.

    It ends with this process, unless that is killed outright. All that this thread does and starts
    from here on gives way to it.
    """
    log.set_up(settings.log_level)
    timeline = StartTimeline()
    engine = Engine(
        url=settings.comfyui_url,
        command=settings.comfyui_command,
        start_s=settings.engine_start_s,
    )
    atexit.register(engine.stop)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # until the door has a better answer
    engine.start()
    timeline.note("process_s")
    give_way()  # not before ComfyUI is started
    return EngineStart(engine, timeline)
