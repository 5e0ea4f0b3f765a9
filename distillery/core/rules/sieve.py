"""Leaves out of a long text what no rule can be about: only what is left is read in every way.

Most words of most prompts mean nothing to any rule, alone or beside others. That is found out of
each word once and kept, so that most texts cost a look-up for each of their words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from distillery.core.rules.loose_letters import FEWEST_SPACED
from distillery.core.rules.reading import CHUNK, LONGEST_PHRASE, MAX_CHARACTERS, pieces_of

MOST_KEPT = 20_000
LONGEST_KEPT = 40
_LONE = re.compile(r"(?<!\S)\S(?!\S)")
_MARGIN = LONGEST_PHRASE + 3  # room for a phrase, and for one beside it that is allowed


class _Chunk(NamedTuple):
    """What stands between white space: whether a rule may be about it, and its plain words."""

    matters: bool
    plain: str  # with one space between


class _Kept(dict[str, _Chunk]):
    """Finds out about each chunk once."""

    def __init__(self, matters: Callable[[str], bool]) -> None:
        self._matters = matters

    def __missing__(self, chunk: str) -> _Chunk:
        found = _Chunk(self._matters(chunk), " ".join(pieces_of(chunk)))
        if len(chunk) <= LONGEST_KEPT:
            if len(self) >= MOST_KEPT:
                self.clear()
            self[chunk] = found
        return found


class Sieve:
    """Tells where in a text a rule may be about something.

    `matters` tells it of what stands between white space; `word_matters` of a word that is put
    together from two, `letters_matter` of letters that stood alone; `patterns` are searched for in
    the plain words.
    """

    def __init__(
        self,
        matters: Callable[[str], bool],
        word_matters: Callable[[str], bool],
        letters_matter: Callable[[str], bool],
        patterns: Sequence[str],
    ) -> None:
        self._kept = _Kept(matters)
        self._word_matters = word_matters
        self._letters_matter = letters_matter
        self._patterns = patterns
        self._pattern: re.Pattern[str] | None = None

    def parts(self, text: str) -> Iterator[tuple[int, str]]:
        """Yield the parts that must be read, and where each of them begins."""
        text = text[:MAX_CHARACTERS]
        chunks = list(map(self._kept.__getitem__, text.split()))
        places = {index for index, chunk in enumerate(chunks) if chunk.matters}
        plain = " ".join([chunk.plain for chunk in chunks if chunk.plain])
        if words := {plain.count(" ", 0, at) for at in self._in_row(plain)}:
            owners = [n for n, c in enumerate(chunks) if c.plain for _ in c.plain.split()]
            places |= {owners[word] for word in words}
        if places:
            spans = [found.span() for found in CHUNK.finditer(text)]
            for begin, end in _around(sorted(places), chunks):
                start = spans[begin][0]
                yield start, text[start : spans[end - 1][1]]

    def _in_row(self, plain: str) -> Iterator[int]:
        """Yield where something stands in the plain words that is more than one of them."""
        if self._pattern is None:
            self._pattern = re.compile("|".join(f"(?:{one})" for one in self._patterns) or r"(?!)")
        for found in self._pattern.finditer(plain):
            yield from (found.start(), max(found.start(), found.end() - 1))
        for alone in self._alone(plain):
            first, last = alone[0], alone[-1]
            letters = "".join([plain[at] for at in alone])
            before = plain[plain.rfind(" ", 0, max(0, first - 1)) + 1 : max(0, first - 1)]
            following = _first_word(plain, last + 2)
            if len(alone) >= FEWEST_SPACED and self._letters_matter(letters):
                yield from alone
            if self._word_matters(before + letters[0]) or self._word_matters(
                letters[-1] + following
            ):
                yield from (first, last)

    def _alone(self, plain: str) -> Iterator[list[int]]:
        """Yield where letters stand alone, those in a row together."""
        row: list[int] = []
        for found in _LONE.finditer(plain):
            if row and found.start() != row[-1] + 2:
                yield row
                row = []
            row.append(found.start())
        if row:
            yield row


def _first_word(plain: str, start: int) -> str:
    end = plain.find(" ", start)
    return plain[start : end if end >= 0 else len(plain)]


def _around(places: Sequence[int], chunks: Sequence[_Chunk]) -> Iterator[tuple[int, int]]:
    """Yield stretches that hold the places, with a margin of chunks that have words."""
    begin = end = -1
    for place in places:
        first = _margin(chunks, place, -1)
        if first > end:
            if end >= 0:
                yield begin, end
            begin = first
        end = _margin(chunks, place, 1) + 1
    yield begin, end


def _margin(chunks: Sequence[_Chunk], place: int, step: int) -> int:
    left = _MARGIN
    while left and 0 <= place + step < len(chunks):
        place += step
        left -= bool(chunks[place].plain)
    return place
