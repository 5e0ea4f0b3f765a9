"""Takes one run out of the engine, and never its neighbour."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from threading import Event

from gpu_container.worker.comfy.connection import Connection
from gpu_container.worker.watched_call import TICK_S
from gpu_container.worker.wire import NoAnswer

log = logging.getLogger(__name__)

_INTERRUPT_AGAIN = 4  # looks at the queue between two interrupts of one run


class NoLonger(Exception):
    """There is nothing to wait for: time is over, or the engine has gone. No OSError: those are
    what a broken connection raises.
    """


def take_out(wires: Connection, prompt_id: str, within_s: float) -> bool:
    """Interrupt one run and no other; return whether it has left the engine by then."""
    give_up_at = time.monotonic() + within_s

    def check() -> None:
        if time.monotonic() >= give_up_at or not wires.engine.is_alive():
            raise NoLonger

    try:
        until_it_left(wires, prompt_id, check)
    except (NoLonger, NoAnswer) as error:
        log.warning("the engine did not take the interrupt: %s", type(error).__name__)
        return False
    return True


def until_it_left(wires: Connection, prompt_id: str, check: Callable[[], None]) -> None:
    """Interrupt one run, and return once it is out of the engine.

    ComfyUI forgets an interrupt that comes between a prompt's turn and its first node
    (`execution.py`, `execute_async`), so it is told again while the run is still there. Raises
    NoAnswer, and what `check` raises.
    """
    looks = 0
    while True:
        if looks % _INTERRUPT_AGAIN == 0:
            wires.ask(lambda http: http.interrupt(prompt_id), check)
        if not wires.ask(lambda http: http.is_in_queue(prompt_id), check):
            return
        looks += 1
        check()
        Event().wait(TICK_S)
