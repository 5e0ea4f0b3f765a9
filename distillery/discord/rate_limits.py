"""How often Discord may be called, as Discord itself says in the headers of every answer.

Source: Discord, "Rate Limits". No limit is written down here: a bucket is known by the hash that
Discord gives its route and by the webhook or channel in the address.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import urllib3

from distillery.core.ports import Clock, Telemetry

INVALID_CEILING = 50
INVALID_WINDOW_S = 600.0
"""Discord bans an address after 10,000 invalid requests in 10 minutes. An address of Lambda serves
many processes, and we cannot count theirs: 50 each leaves room for 200 that all misbehave."""

_INVALID = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS}
_SWEEP_ABOVE = 1000
_DEFAULT_WAIT_S = 1.0


@dataclass(frozen=True, slots=True)
class Target:
    """What a limit is about: a route, and the webhook or channel that its address names."""

    route: str
    resource: str


@dataclass(frozen=True, slots=True)
class _Bucket:
    """When the next call may go. Progress keeps its distance, and one call for the answer."""

    answer_at: float = 0.0
    progress_at: float = 0.0


class RateLimits:
    """What one process knows of Discord's limits; every call of the process asks it first."""

    def __init__(self, clock: Clock, telemetry: Telemetry) -> None:
        self._clock = clock
        self._telemetry = telemetry
        self._hashes: dict[str, str] = {}
        self._buckets: dict[tuple[str, str], _Bucket] = {}
        self._paused_until = 0.0
        self._invalid: deque[float] = deque(maxlen=INVALID_CEILING)

    def wait_s(self, target: Target, *, droppable: bool) -> float:
        """Return how many seconds to wait before the next call; 0 when it may go at once.

        `droppable` is progress: it is spread over the bucket's window, never takes the last call,
        and stops near the ban line. An answer only waits when Discord would refuse it.
        """
        bucket = self._bucket(target)
        until = max(self._paused_until, bucket.progress_at if droppable else bucket.answer_at)
        if droppable and len(self._invalid) == INVALID_CEILING:
            until = max(until, self._invalid[0] + INVALID_WINDOW_S)
        return max(0.0, until - self._clock())

    def heard(self, target: Target, answer: urllib3.BaseHTTPResponse) -> None:
        """Learn from an answer of Discord."""
        headers = answer.headers
        if bucket_hash := headers.get("X-RateLimit-Bucket"):
            self._hashes[target.route] = bucket_hash
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            scope = headers.get("X-RateLimit-Scope", "unknown")
            self._telemetry.count("RateLimitsMet", scope=scope)
            self._refused(target, answer)
        elif "X-RateLimit-Remaining" in headers:
            self._told(target, headers)
        if answer.status in _INVALID and headers.get("X-RateLimit-Scope") != "shared":
            self._invalid.append(self._clock())
            self._telemetry.count("DiscordInvalidRequests", status=str(answer.status))

    def _told(self, target: Target, headers: Mapping[str, str]) -> None:
        now = self._clock()
        left = int(_number(headers["X-RateLimit-Remaining"], 0))
        reset_s = _number(headers.get("X-RateLimit-Reset-After"), 0)
        self._keep(
            target,
            _Bucket(
                answer_at=now if left > 0 else now + reset_s,
                progress_at=now + reset_s / max(left - 1, 1),
            ),
        )

    def _refused(self, target: Target, answer: urllib3.BaseHTTPResponse) -> None:
        body = _document(answer)
        told = body.get("retry_after", answer.headers.get("Retry-After"))
        until = self._clock() + _number(told, _DEFAULT_WAIT_S)
        everywhere = body.get("global") or answer.headers.get("X-RateLimit-Scope") == "global"
        # Without Discord's JSON it was Cloudflare, which refuses our address as a whole.
        if everywhere or not body:
            self._paused_until = max(self._paused_until, until)
        else:
            self._keep(target, _Bucket(until, until))

    def _keep(self, target: Target, bucket: _Bucket) -> None:
        if len(self._buckets) > _SWEEP_ABOVE:
            now = self._clock()
            self._buckets = {k: b for k, b in self._buckets.items() if b.progress_at > now}
        self._buckets[self._key(target)] = bucket

    def _bucket(self, target: Target) -> _Bucket:
        # What was heard before the route's hash was known is kept under the route itself.
        names = target.route, self._hashes.get(target.route, target.route)
        known = [self._buckets.get((name, target.resource), _Bucket()) for name in names]
        return _Bucket(max(b.answer_at for b in known), max(b.progress_at for b in known))

    def _key(self, target: Target) -> tuple[str, str]:
        return self._hashes.get(target.route, target.route), target.resource


def _document(answer: urllib3.BaseHTTPResponse) -> Mapping[str, Any]:
    try:
        document = answer.json()
    except ValueError:
        return {}
    return document if isinstance(document, Mapping) else {}


def _number(value: Any, default: float) -> float:
    """Read a number that must not be negative; a header may hold anything."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return default
    return number if math.isfinite(number) and number >= 0 else default
