"""Leaves out of a long text what no rule can be about: only what is left is read in every way.

Most words of most prompts mean nothing to any rule, alone or beside others. That is found out of
each word once and kept, so that most texts cost a look-up for each of their words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from distillery.core.rules.kept import Kept
from distillery.core.rules.loose_letters import FEWEST_SPACED
from distillery.core.rules.patterns import Patterns
from distillery.core.rules.reading import LONGEST_PHRASE, MAX_CHARACTERS, pieces_of

_MARGIN = LONGEST_PHRASE + 3  # room for a phrase, and for one beside it that is allowed


class Meaning(NamedTuple):
    """What rules may have to do with what stands between white space."""

    matters: bool  # a rule may be about it
    is_key: bool = False  # or only if a word of the same phrase stands beside it
    joins: bool = True  # it may be such a word


class _Chunk(NamedTuple):
    """What stands between white space."""

    meaning: Meaning
    words: Sequence[str]  # its plain ones
    stands_out: bool  # a rule may be about it, alone or beside others


def _chunk(meaning: Meaning, words: Sequence[str]) -> _Chunk:
    return _Chunk(meaning, words, meaning.matters or meaning.is_key)


class Sieve:
    """Tells where in a text a rule may be about something.

    `meaning` tells it of what stands between white space; `word_matters` of a word that is put
    together from two, `letters_matter` of letters that stood alone; `patterns` are searched for in
    the plain words.
    """

    def __init__(
        self,
        meaning: Callable[[str], Meaning],
        word_matters: Callable[[str], bool],
        letters_matter: Callable[[str], bool],
        patterns: Patterns,
    ) -> None:
        self._kept = Kept(lambda chunk: _chunk(meaning(chunk), pieces_of(chunk)))
        self._joined = Kept(word_matters)
        self._letters_matter = Kept(letters_matter).__getitem__
        self._patterns = patterns

    def parts(self, text: str) -> Iterator[tuple[int, str]]:
        """Yield the parts that must be read, and where each of them begins."""
        text = text[:MAX_CHARACTERS]
        written = text.split()
        chunks = list(map(self._kept.__getitem__, written))
        places = set(_meant(chunks))
        if row := set(self._in_row([word for chunk in chunks for word in chunk.words])):
            owners = [index for index, chunk in enumerate(chunks) for _ in chunk.words]
            places |= {owners[word] for word in row}
        if places:
            begins = list(_begins(text, written))
            for first, last in _around(sorted(places), chunks):
                yield begins[first], text[begins[first] : begins[last] + len(written[last])]

    def _in_row(self, plain: Sequence[str]) -> Iterator[int]:
        """Yield which of the plain words are part of something that is more than one of them."""
        for found in self._patterns.found_in(plain):
            yield from (found.first, found.last)
        words = ["", *plain, ""]
        for first, last in _alone(words):
            letters = "".join(words[first : last + 1])
            if len(letters) >= FEWEST_SPACED and self._letters_matter(letters):
                yield from range(first - 1, last)
            joined = (words[first - 1] + letters[0], letters[-1] + words[last + 1])
            if any(map(self._joined.__getitem__, joined)):
                yield from (first - 1, last - 1)


def _begins(text: str, written: Sequence[str]) -> Iterator[int]:
    """Yield where each of the chunks begins that are written in a text."""
    end = 0
    for chunk in written:
        begin = text.index(chunk, end)
        yield begin
        end = begin + len(chunk)


def _meant(chunks: Sequence[_Chunk]) -> Iterator[int]:
    """Yield what matters by itself, or beside what stands next to it."""
    for index in [index for index, chunk in enumerate(chunks) if chunk.stands_out]:
        beside = (*chunks[max(0, index - 1) : index], *chunks[index + 1 : index + 2])
        if chunks[index].meaning.matters or any(other.meaning.joins for other in beside):
            yield index


def _alone(words: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield where letters stand alone: the first and the last of each row of them."""
    alone = [index for index, word in enumerate(words) if len(word) == 1]
    first = 0
    for number, index in enumerate(alone):
        if number + 1 == len(alone) or alone[number + 1] > index + 1:
            yield alone[first], index
            first = number + 1


def _around(places: Sequence[int], chunks: Sequence[_Chunk]) -> Iterator[tuple[int, int]]:
    """Yield first and last of stretches that hold the places, with a margin that has words."""
    begin = end = -2
    for place in places:
        first = _margin(chunks, place, -1)
        if first > end + 1:
            if end >= 0:
                yield begin, end
            begin = first
        end = _margin(chunks, place, 1)
    yield begin, end


def _margin(chunks: Sequence[_Chunk], place: int, step: int) -> int:
    left = _MARGIN
    while left and 0 <= place + step < len(chunks):
        place += step
        left -= bool(chunks[place].words)
    return place
