"""A run that was interrupted and stays: a node that heeds no interrupt holds the engine with it.

All who come after it would wait until their own time is over. So a run that stays for too long is
ended with its engine, which comes back without it; an engine that is not ours to end is given up.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextvars import copy_context
from threading import Event, Thread

from gpu_container.worker.comfy.connection import Connection, EngineProcess
from gpu_container.worker.comfy.take_out import NoLonger, until_it_left
from gpu_container.worker.errors import JobFailed, Kind
from gpu_container.worker.watched_call import TICK_S
from gpu_container.worker.wire import ConnectionLost, NoAnswer, Wire

log = logging.getLogger(__name__)

_HELD = "the engine does not let go of a run that was interrupted; its owner must restart it"


class StuckRuns:
    """Sees such runs out, each in a thread of its own, so that no job has to.

    `give_up` is told why once an engine can neither be used nor ended.
    """

    def __init__(
        self,
        engine: EngineProcess,
        wire: Wire,
        *,
        after_s: float,
        give_up: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.ended_engines = 0  # how often an engine was ended with such a run
        self._engine = engine
        self._wires = Connection(engine, wire)
        self._after_s = after_s
        self._give_up = give_up
        self._clock = clock
        self._is_held = False
        self._closed = Event()

    def check(self) -> None:
        """Raise JobFailed if such a run holds an engine that cannot be ended."""
        if self._is_held:
            raise JobFailed(Kind.ENGINE_UNAVAILABLE, _HELD)

    def watch(self, prompt_id: str, life: int) -> None:
        """See a run out of the engine that was started as number `life`; return at once."""
        see_out = copy_context().run  # the job that log lines are about
        work = (self._see_out, prompt_id, life)
        Thread(target=see_out, args=work, name="stuck run", daemon=True).start()

    def close(self) -> None:
        """Leave everything as it is."""
        self._closed.set()

    def _see_out(self, prompt_id: str, life: int) -> None:
        give_up_at = self._clock() + self._after_s

        def check() -> None:
            if self._clock() >= give_up_at or not self._is_still(life):
                raise NoLonger

        try:
            while True:
                answers = True
                try:
                    until_it_left(self._wires, prompt_id, check)
                except NoAnswer as error:
                    answers = not isinstance(error, ConnectionLost)
                else:
                    return
                check()
                self._closed.wait(TICK_S)
        except NoLonger:
            if self._is_still(life):
                self._end_engine(life, answers=answers)

    def _is_still(self, life: int) -> bool:
        is_it = self._engine.life == life and self._engine.is_alive()
        return is_it and not self._closed.is_set()

    def _end_engine(self, life: int, *, answers: bool) -> None:
        log.error("a run is still in the engine %g s after its interrupt", self._after_s)
        self.ended_engines += 1  # before the end: whose run dies with it must know why
        if not self._engine.put_down(life) and answers:  # who is away may come back without the run
            self._is_held = True
            self._give_up(_HELD)
