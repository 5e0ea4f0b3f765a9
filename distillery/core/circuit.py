"""A circuit breaker: after too many failures a provider gets nothing, then one job, then all.

The pattern and its words are Michael Nygard's ("Release It!"): closed, open, half-open.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

FAILURES_TO_OPEN = 3
WINDOW_S = 120.0
"""Failures further apart than this, or with a success between them, are no outage."""
SHORTEST_S, LONGEST_S = 15.0, 60.0
"""How long a provider gets nothing: doubled each time that a probe fails."""
PROBE_S = 90.0
"""A probe that has not begun by then has failed; the next one may go."""


class CircuitState(StrEnum):
    """What a provider may be given."""

    CLOSED = "closed"  # everything: all is well
    OPEN = "open"  # nothing
    HALF_OPEN = "half-open"  # one job, to see whether it begins


@dataclass(frozen=True, slots=True)
class Circuit:
    """The breaker of one provider. Times are epoch seconds."""

    failures: int = 0  # in a row, since `failing_since`, while closed
    failing_since: float = 0.0
    trips: int = 0  # how often it opened since it was last closed
    open_until: float = 0.0
    probe: str = ""  # the attempt that was sent to try the provider out (`Job.slot_holder`)
    reason: str = ""  # why it opened, for the operator

    def state(self, now: float) -> CircuitState:
        """Tell what the provider may be given."""
        if self.trips == 0:
            return CircuitState.CLOSED
        return CircuitState.OPEN if now < self.open_until else CircuitState.HALF_OPEN

    @property
    def is_probing(self) -> bool:
        """True from the sending of a probe to the news of it."""
        return bool(self.probe)

    def failed(self, now: float, reason: str, attempt: str = "") -> Circuit:
        """One more failure: the third in a row opens, and so does that of the probe.

        What else was given before it opened may still fail: that is no news.
        """
        if self.trips:
            return self._opened(now, reason) if attempt and attempt == self.probe else self
        if now - self.failing_since > WINDOW_S:
            return replace(self, failures=1, failing_since=now)
        if self.failures + 1 < FAILURES_TO_OPEN:
            return replace(self, failures=self.failures + 1)
        return self._opened(now, reason)

    def succeeded(self) -> Circuit:
        """A job was done. It closes nothing: it may have begun before the circuit opened."""
        return self if self.trips else Circuit()

    def opened(self, now: float, reason: str) -> Circuit:
        """Give the provider nothing for a while, unless it gets nothing now."""
        return self if self.state(now) is CircuitState.OPEN else self._opened(now, reason)

    def begun(self, attempt: str) -> Circuit:
        """A worker has begun an attempt: if it is the probe, all is well."""
        return Circuit() if attempt == self.probe else self

    def eased(self, now: float) -> Circuit:
        """Whatever opened it seems to be over: a probe may go at once."""
        if self.is_probing:
            return self
        return replace(self, open_until=min(self.open_until, now))

    def probing(self, now: float, attempt: str) -> Circuit:
        """One job is on its way to a half-open provider: nobody else may send another."""
        return replace(self, open_until=now + PROBE_S, probe=attempt)

    def _opened(self, now: float, reason: str) -> Circuit:
        """Each time longer."""
        open_s = min(LONGEST_S, SHORTEST_S * 2 ** min(self.trips, 10))
        return Circuit(trips=self.trips + 1, open_until=now + open_s, reason=reason)
