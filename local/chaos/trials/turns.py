"""Several callers side by side in virtual time: real threads, of which one runs at a time.

A sleeping caller gets its turn exactly when its time has come, whatever the others do meanwhile,
so the same seed does the same.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock, Thread

from local.chaos.clockwork import Clockwork


class Turns:
    """Gives the callers their turns on the agenda of a clockwork."""

    def __init__(self, clock: Clockwork) -> None:
        self._clock = clock
        self._agenda = _shut()
        self._raised: list[BaseException] = []

    def start(self, work: Callable[[], None]) -> None:
        """Let a caller begin, in an event of the clockwork. What it raises, the event raises."""
        self._give(Thread(target=self._run, args=(work,), daemon=True).start)

    def sleep(self, seconds: float) -> None:
        """Give up the turn until so much time has passed; for callers alone."""
        turn = _shut()
        self._clock.after(seconds, "turn", lambda: self._give(turn.release))
        self._agenda.release()
        turn.acquire()

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - it is raised where somebody sees it
            self._raised.append(error)
        finally:
            self._agenda.release()

    def _give(self, turn: Callable[[], None]) -> None:
        turn()
        self._agenda.acquire()
        if self._raised:
            raise self._raised.pop()


def _shut() -> Lock:
    """Return a lock that opens once for each `release`, whoever calls it."""
    lock = Lock()
    lock.acquire()
    return lock
