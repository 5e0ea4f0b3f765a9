"""A time left that a person can believe: it counts down, and never leaps up."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Pace:
    """The speed of one node that counts its steps, from the first that it told."""

    _first: tuple[float, float] | None = None  # when, and how many steps were done then
    _last: tuple[float, float] | None = None
    _most: float = 0.0

    @property
    def counter(self) -> tuple[int | None, int | None]:
        """The step and how many there are, or two times None."""
        return (int(self._last[1]), int(self._most)) if self._last else (None, None)

    @property
    def whole(self) -> float | None:
        """Seconds of all its steps at the speed so far; None before two have been told."""
        if self._first is None or self._last is None or self._last[1] <= self._first[1]:
            return None
        seconds, steps = self._last[0] - self._first[0], self._last[1] - self._first[1]
        return self._most * seconds / steps

    def count(self, value: float, most: float, now: float) -> bool:
        """Note a step; return False for one that is known. A second round begins anew."""
        if self._last is not None and self._most == most and self._last[1] == value:
            return False
        if self._last is None or self._most != most or value < self._last[1]:
            self._first, self._most = (now, value), most
        self._last = now, value
        return True


@dataclass(slots=True)
class Countdown:
    """Falls with the clock between two measurements, and rises no faster than the clock.

    So a wrong first guess is mended within the time that showed it to be wrong.
    """

    _left: float | None = None
    _at: float = 0.0

    def measure(self, left: float | None, now: float) -> None:
        """Take a new estimate in seconds; None is no news."""
        if left is None:
            return
        if self._left is not None:
            left = min(left, self._left + now - self._at)
        self._left, self._at = max(0.0, left), now

    def left(self, now: float) -> float | None:
        """Return the seconds left, never below 0; None before the first estimate."""
        return None if self._left is None else max(0.0, self._left - (now - self._at))
