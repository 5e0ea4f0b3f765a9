"""A blocking call that cannot hold a job: it runs in a thread of its own and is left if need be.

A dead engine does not always end a call to it: a process that it forked can hold the connection
open, and an engine that is stuck holds it for as long as it likes. A store whose answer drips holds
a call as well, for a connection's timeout begins anew with each byte.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

from gpu_container.worker.spare_threads import begin

T = TypeVar("T")

TICK_S = 0.1  # the longest that a stop, a deadline or a dead engine goes unseen


def watched(
    question: Callable[[], T],
    check: Callable[[], None],
    unwanted: Callable[[T], None] = lambda _: None,
) -> T:
    """Return the answer to `question` or raise what it raises, unless `check` raises first.

    `check` is asked ten times a second. A call that was left goes on until its own timeout; the
    answer that it may still bring is given to `unwanted`.
    """
    call = _Call(question, unwanted)
    task = begin(call.run, "watched call")
    try:
        while not task.wait(TICK_S):
            check()
    except BaseException:
        call.leave()
        raise
    return call.answer()


class TooLate(Exception):
    """The call took longer than it may, by the clock on the wall."""


def within(
    seconds: float, question: Callable[[], T], check: Callable[[], None] = lambda: None
) -> T:
    """Return the answer to `question` as `watched` does; raise TooLate after so many seconds."""
    give_up_at = time.monotonic() + seconds

    def check_all() -> None:
        check()
        if time.monotonic() >= give_up_at:
            raise TooLate

    return watched(question, check_all)


class _Call(Generic[T]):
    def __init__(self, question: Callable[[], T], unwanted: Callable[[T], None]) -> None:
        self._question = question
        self._unwanted = unwanted
        self._lock = Lock()
        self._left = False
        self._answers: list[T] = []
        self._error: Exception | None = None

    def run(self) -> None:
        try:
            answer = self._question()
        except Exception as error:  # noqa: BLE001  raised again in the thread that asked
            self._error = error
        else:
            with self._lock:
                if not self._left:
                    self._answers.append(answer)
            if not self._answers:
                self._unwanted(answer)

    def leave(self) -> None:
        with self._lock:
            self._left = True
            unwanted, self._answers = self._answers, []
        for answer in unwanted:
            self._unwanted(answer)

    def answer(self) -> T:
        if self._error is not None:
            raise self._error
        return self._answers[0]
