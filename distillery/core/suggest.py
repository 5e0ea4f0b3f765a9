"""What is offered for the letters that a member has typed so far."""

from __future__ import annotations

import re
from collections.abc import Iterable

MOST = 25
"""Discord shows no more ("Application Commands", Autocomplete)."""


def matching(typed: str, names: Iterable[str]) -> list[int]:
    """Return the places in `names` of those that fit, the best first, at most `MOST`.

    Those that begin with what was typed come first, then those of which a word does, then those
    that hold it anywhere; within each, the order stays.
    """
    wanted = _plain(typed)
    found = [(rank, place) for place, name in enumerate(names) if (rank := _rank(wanted, name))]
    return [place for _, place in sorted(found)[:MOST]]


def _rank(wanted: str, name: str) -> int:
    """1 is best; 0 does not fit."""
    plain = _plain(name)
    if plain.startswith(wanted):
        return 1
    if wanted not in plain:
        return 0
    return 2 if re.search(rf"\b{re.escape(wanted)}", plain) else 3


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
