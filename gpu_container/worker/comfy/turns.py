"""So many graphs in the engine at a time: whoever came first has the first turn."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition

from gpu_container.worker.watched_call import TICK_S


class Turns:
    """A line of jobs. The first `places` of it have their turns until they leave."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._line: deque[object] = deque()
        self._moved = Condition()

    def __len__(self) -> int:
        """Return how many wait or have their turn."""
        return len(self._line)

    @contextmanager
    def take(self, check: Callable[[], None]) -> Iterator[Callable[[], bool]]:
        """Run the block when it is our turn, unless `check` raises first.

        The block gets a function that says whether nobody in the line came before it.
        """
        place = object()
        with self._moved:
            self._line.append(place)
        try:
            with self._moved:
                while self._line.index(place) >= self._places:
                    check()
                    self._moved.wait(TICK_S)
            yield lambda: self._line[0] is place
        finally:
            with self._moved:
                self._line.remove(place)
                self._moved.notify_all()
