"""The process ends in time, whatever still hangs in it: an upload, a custom node, a thread.

The platform kills after its own grace period, and then nothing can be said any more.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from threading import Lock, Timer

from gpu_container.worker.comfy.engine import Engine

log = logging.getLogger(__name__)

GRACE_S = 25.0  # docker stop and SageMaker give 30 s
_KILLED = 143  # 128 + SIGTERM, as a shell says it


class LastCall:
    """Ends the engine and this process `after_s` seconds after SIGTERM, unless they have ended."""

    def __init__(
        self, engine: Engine, *, after_s: float = GRACE_S, leave: Callable[[int], object] = os._exit
    ) -> None:
        self._engine = engine
        self._after_s = after_s
        self._leave = leave
        self._lock = Lock()
        self._timer: Timer | None = None

    def ring(self) -> None:
        """Let the time run; for a signal handler. A second call changes nothing."""
        with self._lock:
            if self._timer is None:
                self._timer = Timer(self._after_s, self._end)
                self._timer.daemon = True
                self._timer.start()

    def _end(self) -> None:
        log.error(
            "the worker had not ended %g s after it was told to: ended by force", self._after_s
        )
        self._engine.kill()
        self._leave(_KILLED)
