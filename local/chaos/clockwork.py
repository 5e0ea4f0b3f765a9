"""Virtual time: what is going to happen, in order, without anybody waiting for it."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(order=True, slots=True)
class Event:
    """Something that happens at `at`, epoch seconds."""

    at: float
    number: int  # events of one moment happen in the order in which they were planned
    kind: str = field(compare=False)
    run: Callable[[], None] = field(compare=False)


class Clockwork:
    """A clock that is its own agenda. Calling it tells the time, as a `Clock` does."""

    def __init__(self, start: float = 1_790_000_000.0) -> None:
        self.now = start
        self._agenda: list[Event] = []
        self._planned = 0

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    def after(self, delay_s: float, kind: str, run: Callable[[], None]) -> None:
        """Plan something for `delay_s` seconds from now."""
        self._planned += 1
        heapq.heappush(self._agenda, Event(self.now + delay_s, self._planned, kind, run))

    def pass_time(self, seconds: float) -> None:
        """Let everything happen that is due meanwhile.

        An event may call this itself: what it began takes so long, and others act meanwhile.
        """
        until = self.now + seconds
        while self._agenda and self._agenda[0].at <= until:
            event = heapq.heappop(self._agenda)
            self.now = max(self.now, event.at)
            event.run()
        self.now = max(self.now, until)

    def pending(self, *kinds: str) -> list[Event]:
        """Return what is planned of some kinds, the next first."""
        return sorted(event for event in self._agenda if event.kind in kinds)

    def take(self, event: Event) -> None:
        """Remove an event: it does not happen, unless the caller lets it."""
        self._agenda.remove(event)
        heapq.heapify(self._agenda)
