"""Discord's rate limits: one fixed window per webhook token or channel, told in headers.

The limits themselves are not in Discord's documents; these are the ones that people measured.
"""

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass

from local.discord.refusals import Json

Clock = Callable[[], float]
SWEEP_ABOVE = 2000  # windows kept before the closed ones are forgotten


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `calls` in `seconds`."""

    calls: int
    seconds: float


WEBHOOK_WRITES = Limit(5, 2.0)
CHANNEL_WRITES = Limit(5, 5.0)
OTHER_CALLS = Limit(50, 1.0)


@dataclass(slots=True)
class _Window:
    ends: float
    used: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a call may pass, and the headers that go with either answer."""

    allowed: bool
    retry_after: float
    headers: dict[str, str]

    def body(self) -> Json:
        """Return the body of a 429."""
        return limited_body(self.retry_after, everywhere=False)


class RateLimits:
    """The open windows of every bucket."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._windows: dict[str, _Window] = {}

    def take(self, resource: str, limit: Limit) -> Verdict:
        """Use one call of `resource` (a token, a channel, a route) if its window has one left."""
        now = self._clock()
        self._sweep(now)
        window = self._windows.get(resource)
        if window is None or window.ends <= now:
            window = self._windows[resource] = _Window(now + limit.seconds)
        allowed = window.used < limit.calls
        window.used += 1 if allowed else 0
        retry_after = max(0.001, math.ceil((window.ends - now) * 1000) / 1000)
        headers = {
            "X-RateLimit-Limit": str(limit.calls),
            "X-RateLimit-Remaining": str(limit.calls - window.used),
            "X-RateLimit-Reset": f"{window.ends:.3f}",
            "X-RateLimit-Reset-After": f"{retry_after:.3f}",
            "X-RateLimit-Bucket": _bucket_hash(limit),
        }
        if not allowed:
            headers |= {"X-RateLimit-Scope": "user", "Retry-After": str(math.ceil(retry_after))}
        return Verdict(allowed, retry_after, headers)

    def _sweep(self, now: float) -> None:
        if len(self._windows) > SWEEP_ABOVE:
            self._windows = {key: w for key, w in self._windows.items() if w.ends > now}


def limited_body(retry_after: float, *, everywhere: bool) -> Json:
    """Return the JSON that comes with status 429; `retry_after` is in seconds."""
    text = "You are being rate limited."
    return {"message": text, "retry_after": retry_after, "global": everywhere}


def _bucket_hash(limit: Limit) -> str:
    return hashlib.sha256(repr(limit).encode()).hexdigest()[:32]
