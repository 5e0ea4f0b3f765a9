"""A member's words inside a message: shown as they were typed, never acted on."""

from __future__ import annotations

import re

_SPECIAL = re.compile(r"([\\`*_~|>#\[\]()<:@-])")


def escape(text: str, limit: int) -> str:
    """Return `text` on one line, at most `limit` characters before escaping, without markdown."""
    line = " ".join(text.split())
    if len(line) > limit:
        line = line[: limit - 1] + "…"
    return _SPECIAL.sub(r"\\\1", line)
