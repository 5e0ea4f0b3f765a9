"""Threads that wait for their next task: to start one for each costs more than most tasks do."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from queue import Empty, SimpleQueue
from threading import Thread, current_thread

Work = Callable[[], None]

_MOST_SPARE = 16  # more than a worker's jobs use at once; others end with their task
_SPARE = "spare"
_spare: deque[SimpleQueue[Work]] = deque()


class Task:
    """Something that a thread does meanwhile."""

    def __init__(self, work: Work, name: str) -> None:
        self._work = work
        self._name = name
        self._ended: SimpleQueue[None] = SimpleQueue()

    def run(self) -> None:
        """Do it, in a thread that is called after it meanwhile."""
        thread = current_thread()
        thread.name = self._name
        try:
            self._work()
        finally:
            thread.name = _SPARE
            self._ended.put(None)

    def wait(self, seconds: float) -> bool:
        """Return whether it has ended; at most so long is waited for that."""
        try:
            self._ended.get(timeout=seconds)
        except Empty:
            return False
        self._ended.put(None)  # for whoever asks next
        return True


def begin(work: Work, name: str) -> Task:
    """Have a spare thread do `work` in this context, and return at once.

    What it raises is told on stderr. A process that ends does not wait for it.
    """
    task = Task(work, name)
    here = copy_context()  # the job that log lines are about
    try:
        inbox = _spare.pop()  # that of the thread that has waited least, so that few are used
    except IndexError:
        inbox = SimpleQueue()
        Thread(target=_serve, args=(inbox,), name=_SPARE, daemon=True).start()
    inbox.put(lambda: here.run(task.run))
    return task


def _serve(inbox: SimpleQueue[Work]) -> None:
    while True:
        inbox.get()()
        if len(_spare) >= _MOST_SPARE:
            return
        _spare.append(inbox)
