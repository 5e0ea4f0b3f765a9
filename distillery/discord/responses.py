"""What we answer an interaction with, at once. Source: Discord, "Receiving and Responding"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

EPHEMERAL = 1 << 6
MAX_CONTENT = 2000
NO_MENTIONS: Mapping[str, Any] = {"parse": []}
"""Without it a prompt that says @everyone would ring everybody."""

PONG: Mapping[str, Any] = {"type": 1}
DEFERRED: Mapping[str, Any] = {"type": 5}
"""Shows "thinking" and gives us 15 minutes to edit the message."""
NOTHING_NEW: Mapping[str, Any] = {"type": 6}
"""Answers a click: its message stays as it is, until somebody edits it."""
NO_SUGGESTIONS: Mapping[str, Any] = {"type": 8, "data": {"choices": []}}


def private(text: str, embeds: Sequence[Mapping[str, Any]] = ()) -> Mapping[str, Any]:
    """Answer only the member who asked."""
    return {
        "type": 4,
        "data": {
            "content": text[:MAX_CONTENT],
            "embeds": list(embeds),
            "flags": EPHEMERAL,
            "allowed_mentions": NO_MENTIONS,
        },
    }
