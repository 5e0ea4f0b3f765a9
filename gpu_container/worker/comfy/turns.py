"""So many graphs in the engine at a time: whoever came first has the first turn."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from threading import Lock

from gpu_container.worker.watched_call import TICK_S


class Turns:
    """A line of jobs. The first `places` of it have their turns until they leave."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._line: deque[SimpleQueue[None]] = deque()
        self._lock = Lock()

    def __len__(self) -> int:
        """Return how many wait or have their turn."""
        return len(self._line)

    @contextmanager
    def take(self, check: Callable[[], None]) -> Iterator[Callable[[], bool]]:
        """Run the block when it is our turn, unless `check` raises first.

        The block gets a function that says whether nobody in the line came before it.
        """
        our_turn: SimpleQueue[None] = SimpleQueue()
        with self._lock:
            self._line.append(our_turn)
            if len(self._line) <= self._places:
                our_turn.put(None)
        try:
            while not _has_come(our_turn):
                check()
            yield lambda: self._line[0] is our_turn
        finally:
            with self._lock:
                self._leave(our_turn)

    def _leave(self, place: SimpleQueue[None]) -> None:
        """Tell the one whose turn it is now, and nobody else: each that wakes costs time."""
        had_turn = self._line.index(place) < self._places
        self._line.remove(place)
        if had_turn and len(self._line) >= self._places:
            self._line[self._places - 1].put(None)


def _has_come(turn: SimpleQueue[None]) -> bool:
    try:
        turn.get(timeout=TICK_S)
    except Empty:
        return False
    return True
