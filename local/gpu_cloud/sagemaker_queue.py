"""SageMaker's asynchronous backlog: what waits, and what has waited too long. No I/O."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_TTL_S = 21_600
DEFAULT_TIMEOUT_S = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """One request, with its payload inline or in S3. Times are seconds since the epoch."""

    inference_id: str
    submitted_at: float
    body: bytes = b""
    input_location: str | None = None
    content_type: str = "application/json"
    accept: str = "application/json"
    ttl_s: int = DEFAULT_TTL_S
    timeout_s: int = DEFAULT_TIMEOUT_S
    runs: int = 1


class SageMakerQueue:
    """First come, first served. `clock` gives seconds since the epoch."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._line: deque[Invocation] = deque()

    def submit(self, invocation: Invocation) -> None:
        """Put a request at the end of the line."""
        self._line.append(invocation)

    def put_back(self, invocation: Invocation) -> None:
        """Put a request whose instance was taken away back at the head of the line."""
        self._line.appendleft(invocation)

    def take(self) -> Invocation | None:
        """Take the request that is to run next, if one is left that has not expired."""
        for invocation in self._line:
            if not self._has_expired(invocation):
                self._line.remove(invocation)
                return invocation
        return None

    def take_expired(self) -> list[Invocation]:
        """Take out all requests that have waited longer than they may."""
        expired = [invocation for invocation in self._line if self._has_expired(invocation)]
        for invocation in expired:
            self._line.remove(invocation)
        return expired

    @property
    def waiting(self) -> int:
        """How many requests wait that have not expired."""
        return sum(not self._has_expired(invocation) for invocation in self._line)

    @property
    def expired(self) -> int:
        """How many requests wait in vain."""
        return len(self._line) - self.waiting

    def _has_expired(self, invocation: Invocation) -> bool:
        return self._clock() >= invocation.submitted_at + invocation.ttl_s
