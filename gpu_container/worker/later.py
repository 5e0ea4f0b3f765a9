"""Work that begins some time from now, unless it is called off before: then it costs no thread."""

from __future__ import annotations

import heapq
import time
from contextvars import copy_context
from itertools import count
from threading import Condition, Thread

from gpu_container.worker.spare_threads import Task, Work, begin


class Later:
    """Work that begins some time from now."""

    def __init__(self, work: Work, name: str) -> None:
        self._work: Work | None = work
        self._name = name
        self._context = copy_context()
        self._task: Task | None = None

    def call_off(self) -> None:
        """Never begin it; if it has begun, it goes on."""
        with _changed:
            self._work = None

    def wait(self, seconds: float) -> bool:
        """Return whether nothing of it goes on now; at most so long is waited for its end."""
        with _changed:
            task = self._task
        return task is None or task.wait(seconds)

    def begin(self) -> None:
        """Begin it now, unless it was called off. The lock is held."""
        if self._work is not None:
            self._task = self._context.run(begin, self._work, self._name)


_changed = Condition()
_waiting: list[tuple[float, int, Later]] = []  # a heap; the number keeps the order of equals
_numbers = count()
_thread: list[Thread] = []


def later(seconds: float, work: Work, name: str) -> Later:
    """Have a spare thread do `work` so long from now, in this context."""
    made = Later(work, name)
    with _changed:
        entry = (time.monotonic() + seconds, next(_numbers), made)
        heapq.heappush(_waiting, entry)
        if not _thread:
            _thread.append(Thread(target=_begin_each, name="later", daemon=True))
            _thread[0].start()
        elif _waiting[0] is entry:
            _changed.notify()
    return made


def _begin_each() -> None:
    with _changed:
        while True:
            while _waiting and _waiting[0][0] <= time.monotonic():
                heapq.heappop(_waiting)[2].begin()
            _changed.wait(_waiting[0][0] - time.monotonic() if _waiting else None)
