"""Lambda functions in virtual time: each may die or be slow at every point that it passes."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from local.chaos.clockwork import Clockwork
from local.chaos.faulty import Crash, Gate
from local.chaos.weather import Weather

_DEPTH = 3
"""So many rooms are slow at once, each while the one before it is."""


@dataclass(frozen=True, slots=True)
class _Room:
    timeout_s: float
    ends_at: float
    risk: float  # by which the weather's dangers are multiplied


class Rooms:
    """Runs rooms, and kills some."""

    def __init__(self, clock: Clockwork, rng: random.Random, weather: Weather) -> None:
        self.weather = weather
        self.passed: Counter[str] = Counter()  # points at which a room could have died
        self.crashed: Counter[str] = Counter()  # points at which one did
        self.interfere: Gate = lambda point: None  # of a test, at every point that is passed
        self._clock, self._rng = clock, rng
        self._at_work: list[_Room] = []  # each was called while the one before it was slow

    def run(self, timeout_s: float, work: Callable[[], object], risk: float = 1.0) -> bool:
        """Run one; False when it was killed or it raised."""
        self._at_work.append(_Room(timeout_s, self._clock() + timeout_s, risk))
        try:
            work()
        except Crash as crash:
            self.crashed[str(crash)] += 1
        except Exception:  # noqa: BLE001 - whatever it raises, Lambda lives on
            self.crashed["raised"] += 1
        else:
            return True
        finally:
            self._at_work.pop()
        return False

    def gate(self, point: str) -> None:
        """A room passes a point at which it may die, or be slow."""
        if not self._at_work:
            return  # the test itself, not a room
        self.passed[point] += 1
        self.interfere(point)
        room = self._at_work[-1]
        if self._rng.random() < self.weather.crash * room.risk:
            raise Crash(point)
        slow = self._rng.random() < self.weather.pause * room.risk
        if len(self._at_work) < _DEPTH and slow:
            # Mostly a little, at times longer than the room may live.
            self._clock.pass_time(1.1 * room.timeout_s * self._rng.random() ** 4)
        if self._clock() > room.ends_at:
            raise Crash("timeout")
