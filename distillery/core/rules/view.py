"""A row of words, as one way of reading a text gives it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Word(NamedTuple):
    """One word of a view. `start` and `end` are where it stands in the text as it was given."""

    text: str
    start: int
    end: int


View = Sequence[Word]

Place = tuple[int, int]
"""From where to where something stands in a text."""
