"""A member's words inside a message: shown as they were typed, never acted on."""

from __future__ import annotations

import re

_TURNS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
"""Characters that turn the direction of all that follows them, also of our own words."""
_SPECIAL = re.compile(r"([\\`*_~|>#\[\]()<:@-])")


def escape(text: str, limit: int) -> str:
    """Return `text` on one line, at most `limit` characters before escaping, without markdown."""
    line = " ".join(text.translate(_TURNS).split())
    if len(line) > limit:
        line = line[: limit - 1] + "…"
    return _SPECIAL.sub(r"\\\1", line)
