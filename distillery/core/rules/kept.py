"""Keeps what was found out of a word, for most words of most texts come again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

MOST_KEPT = 20_000
LONGEST_KEPT = 60

Found = TypeVar("Found")


class Kept(dict[str, Found]):
    """Finds out about each text once, and keeps it unless it is long; never more than so many."""

    def __init__(self, find: Callable[[str], Found]) -> None:
        self._find = find

    def __missing__(self, text: str) -> Found:
        found = self._find(text)
        if len(text) <= LONGEST_KEPT:
            if len(self) >= MOST_KEPT:
                self.clear()
            self[text] = found
        return found
