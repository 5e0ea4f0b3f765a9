"""Discord's REST interface with its limits and bad days, as one pool of connections sees it.

Source: Discord, "Rate Limits", "Edit Webhook Message" and "Create Message". It is the oracle: it
counts by itself what was called, what was taken and what its messages look like.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import urllib3

from local.chaos.clockwork import Clockwork
from local.chaos.trials.turns import Turns

BUCKET_CALLS, BUCKET_S = 5, 2.0
GLOBAL_CALLS, GLOBAL_S = 50, 1.0
_TRAVEL_S = (0.02, 0.1)
_TIMEOUT_S = 10.0
_ROUNDING_S = 1e-6
_INVALID = {401, 403, 429}
DEATHS: tuple[tuple[int, int], ...] = ((404, 10015), (401, 50027))
"""HTTP status and code with which Discord says that a token is dead."""

Answer = tuple[int, Mapping[str, Any], Mapping[str, str]]
"""Status, document and headers."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Each a probability, of one call."""

    server_error: float = 0.02
    dropped: float = 0.02  # the connection ends, or nothing comes back for a long time
    shared_limit: float = 0.003  # a resource is limited for 0.3 to 45 s, whoever calls


@dataclass(slots=True)
class Message:
    """What a webhook's message looks like."""

    content: str = ""
    attachments: list[str] = field(default_factory=list)  # their ids


@dataclass(slots=True)
class _Window:
    ends_at: float = 0.0
    calls: int = 0


class LimitedDiscord:
    """One Discord for all processes."""

    def __init__(self, clock: Clockwork, rng: random.Random, trouble: Trouble) -> None:
        self.clock, self.rng, self.trouble = clock, rng, trouble
        self.is_down = False
        self.dead: dict[str, tuple[int, int]] = {}  # token -> status and code
        self.answers: Counter[str] = Counter()
        self.invalid_at: list[float] = []
        self.taken: Counter[str] = Counter()  # content -> how often an edit of it was made
        self.posted: Counter[str] = Counter()  # content -> messages of the bot
        self.appended = 0  # attachments left after an edit that did not name them
        self.dropped = 0  # connections that ended with no answer; no calls of their own
        self.messages: dict[str, Message] = {}
        self._nonces: set[str] = set()
        self._windows: dict[str, _Window] = {}
        self._shared_until: dict[str, float] = {}
        self._attachments = 0

    @property
    def calls(self) -> int:
        """How many calls have come."""
        return self.answers.total()

    def answer(self, path: str, kind: str, body: bytes) -> Answer:
        """Answer one call; what is to be changed is changed, even if the answer is lost."""
        _, room, name, *rest = path.split("/")
        resource = rest[0] if room == "webhooks" else name
        status, document, headers = self._answer(room, resource, kind, body)
        scope = headers.get("X-RateLimit-Scope", "")
        self.answers[f"{status} {scope}".strip()] += 1
        if status in _INVALID and scope != "shared":
            self.invalid_at.append(self.clock())
        return status, document, headers

    def _answer(self, room: str, resource: str, kind: str, body: bytes) -> Answer:
        if self.is_down:
            return 503, {}, {}
        if left := self._used_up("everything", GLOBAL_CALLS, GLOBAL_S)[1]:
            return _too_many(left, "global")
        if resource in self.dead:
            status, code = self.dead[resource]
            return status, {"code": code, "message": "Unknown Webhook"}, {}
        if left := self._shared(resource):
            return _too_many(left, "shared")
        calls, left = self._used_up(resource, BUCKET_CALLS, BUCKET_S)
        headers = self._headers(room, resource, calls)
        if left:
            status, document, more = _too_many(left, "user")
            return status, document, {**headers, **more}
        fails = self.rng.random() < self.trouble.server_error
        if not fails or self.rng.random() < 0.5:  # noqa: PLR2004 - it may fail after all is done
            self._take(room, resource, kind, body)
        return (502, {}, {}) if fails else (200, {}, headers)

    def _used_up(self, name: str, limit: int, window_s: float) -> tuple[int, float]:
        """Count a call; returns the window's calls, and the seconds to wait if it was too many."""
        window = self._windows.setdefault(name, _Window())
        now = self.clock()
        if now >= window.ends_at:
            window.ends_at, window.calls = now + window_s, 0
        window.calls += 1
        return window.calls, window.ends_at - now if window.calls > limit else 0.0

    def _shared(self, resource: str) -> float:
        now = self.clock()
        if self.rng.random() < self.trouble.shared_limit:
            self._shared_until.setdefault(resource, 0.0)
            self._shared_until[resource] = now + self.rng.uniform(0.3, 45.0)
        return max(0.0, self._shared_until.get(resource, 0.0) - now)

    def _headers(self, room: str, resource: str, calls: int) -> dict[str, str]:
        left_s = self._windows[resource].ends_at - self.clock()
        return {
            "X-RateLimit-Bucket": f"hash of {room}",
            "X-RateLimit-Limit": str(BUCKET_CALLS),
            "X-RateLimit-Remaining": str(max(0, BUCKET_CALLS - calls)),
            "X-RateLimit-Reset-After": f"{left_s:.3f}",
        }

    def _take(self, room: str, resource: str, kind: str, body: bytes) -> None:
        payload, files = _parts(kind, body)
        content = str(payload["content"])
        if room == "channels":
            if not payload.get("enforce_nonce") or payload["nonce"] not in self._nonces:
                self._nonces.add(payload["nonce"])
                self.posted[content] += 1
            return
        self.taken[content] += 1
        message = self.messages.setdefault(resource, Message())
        message.content = content
        named = {str(a["id"]) for a in payload.get("attachments", ())}
        if "attachments" in payload:
            message.attachments = [a for a in message.attachments if a in named]
        for _ in range(files):
            self._attachments += 1
            message.attachments.append(str(10**18 + self._attachments))
        self.appended += max(0, len(message.attachments) - len(named))


class Line(urllib3.PoolManager):
    """The connections of one process to Discord. It answers with real responses of urllib3."""

    def __init__(self, discord: LimitedDiscord, turns: Turns) -> None:
        super().__init__()
        self.known_dead: set[str] = set()  # addresses of which this process was told so
        self.called_again = 0  # calls of those
        self.called_early = 0  # calls before the time that Discord had told this process
        self._not_before: dict[str, float] = {}  # by address; "" stands for all
        self._discord, self._turns = discord, turns

    def request(  # type: ignore[override]  # what Distillery uses of it
        self, method: str, url: str, *, body: bytes, headers: Mapping[str, str], **_: Any
    ) -> urllib3.BaseHTTPResponse:
        """Make a call; takes a moment there and back."""
        discord = self._discord
        path = url.removeprefix("https://discord.test")
        self.called_again += path in self.known_dead
        not_before = max(self._not_before.get(which, 0.0) for which in ("", path))
        self.called_early += discord.clock() < not_before - _ROUNDING_S
        self._turns.sleep(discord.rng.uniform(*_TRAVEL_S))
        self._may_drop()  # before Discord has read it
        status, document, more = discord.answer(path, headers["Content-Type"], body)
        self._may_drop()  # after
        self._turns.sleep(discord.rng.uniform(*_TRAVEL_S))
        if document.get("code") in {code for _, code in DEATHS}:
            self.known_dead.add(path)
        self._not_before["" if document.get("global") else path] = discord.clock() + _told(
            document, more
        )
        return urllib3.HTTPResponse(json.dumps(document).encode(), more, status)

    def _may_drop(self) -> None:
        if self._discord.rng.random() >= self._discord.trouble.dropped / 2:
            return
        self._discord.dropped += 1
        if self._discord.rng.random() < 0.9:  # noqa: PLR2004 - most break at once
            raise urllib3.exceptions.ProtocolError("the connection was closed")
        self._turns.sleep(_TIMEOUT_S)
        raise urllib3.exceptions.TimeoutError("nothing came back")


def _too_many(seconds: float, scope: str) -> Answer:
    document = {
        "message": "You are being rate limited.",
        "retry_after": round(seconds, 3),
        "global": scope == "global",
    }
    return 429, document, {"X-RateLimit-Scope": scope, "Retry-After": str(int(seconds) + 1)}


def _told(document: Mapping[str, Any], headers: Mapping[str, str]) -> float:
    """Return how many seconds this answer tells its caller to wait."""
    used_up = headers.get("X-RateLimit-Remaining") == "0"
    return float(
        document.get("retry_after") or (headers["X-RateLimit-Reset-After"] if used_up else 0)
    )


def _parts(kind: str, body: bytes) -> tuple[Mapping[str, Any], int]:
    """Read a body: its payload, and how many files come with it."""
    if kind == "application/json":
        return json.loads(body), 0
    boundary = re.search(r"boundary=(\S+)", kind)
    if boundary is None:
        raise ValueError(f"{kind} has no boundary")
    parts = body.split(b"--" + boundary[1].encode())[1:-1]
    payload = next(part for part in parts if b'name="payload_json"' in part)
    return json.loads(payload.partition(b"\r\n\r\n")[2]), len(parts) - 1
