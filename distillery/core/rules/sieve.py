"""Leaves out of a long text what no rule can be about: only what is left is read in every way.

Most words of most prompts mean nothing to any rule, alone or beside others. That is found out of
each word once and kept, so that most texts cost a look-up for each of their words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from distillery.core.rules.kept import Kept
from distillery.core.rules.loose_letters import FEWEST_SPACED
from distillery.core.rules.reading import CHUNK, LONGEST_PHRASE, MAX_CHARACTERS, pieces_of

_BEGINS = r"\b"
_NO_SIGN = re.compile(r"\\.|\[[^\]]*\]")
"""Escapes and classes of characters, in which `(`, `)` and `|` mean themselves."""
_MARGIN = LONGEST_PHRASE + 3  # room for a phrase, and for one beside it that is allowed


class Meaning(NamedTuple):
    """What rules may have to do with what stands between white space."""

    matters: bool  # a rule may be about it
    is_key: bool = False  # or only if a word of the same phrase stands beside it
    joins: bool = True  # it may be such a word


class _Chunk(NamedTuple):
    """What stands between white space."""

    meaning: Meaning
    plain: str  # its plain words, with one space between


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
        patterns: Sequence[str],
    ) -> None:
        self._kept = Kept(lambda chunk: _Chunk(meaning(chunk), " ".join(pieces_of(chunk))))
        self._joined = Kept(word_matters)
        self._letters_matter = Kept(letters_matter).__getitem__
        self._patterns = patterns
        self._pattern: re.Pattern[str] | None = None

    def parts(self, text: str) -> Iterator[tuple[int, str]]:
        """Yield the parts that must be read, and where each of them begins."""
        text = text[:MAX_CHARACTERS]
        chunks = list(map(self._kept.__getitem__, text.split()))
        places = set(_meant([chunk.meaning for chunk in chunks]))
        plain = " ".join([chunk.plain for chunk in chunks if chunk.plain])
        if words := set(self._in_row(plain)):
            owners = [n for n, c in enumerate(chunks) if c.plain for _ in c.plain.split()]
            places |= {owners[word] for word in words}
        if places:
            spans = [found.span() for found in CHUNK.finditer(text)]
            for begin, end in _around(sorted(places), chunks):
                start = spans[begin][0]
                yield start, text[start : spans[end - 1][1]]

    def _in_row(self, plain: str) -> Iterator[int]:
        """Yield which of the plain words are part of something that is more than one of them."""
        if self._pattern is None:
            self._pattern = _any_of(self._patterns)
        for found in self._pattern.finditer(plain):
            for at in (found.start(), max(found.start(), found.end() - 1)):
                yield plain.count(" ", 0, at)
        words = ["", *plain.split(" "), ""]
        for first, last in _alone(words):
            letters = "".join(words[first : last + 1])
            if len(letters) >= FEWEST_SPACED and self._letters_matter(letters):
                yield from range(first - 1, last)
            joined = (words[first - 1] + letters[0], letters[-1] + words[last + 1])
            if any(map(self._joined.__getitem__, joined)):
                yield from (first - 1, last - 1)


def _any_of(patterns: Sequence[str]) -> re.Pattern[str]:
    """Compile patterns into one. That a word begins is asked once for all that ask it first."""
    begin = [one.removeprefix(_BEGINS) for one in patterns if _begins_a_word(one)]
    other = [one for one in patterns if not _begins_a_word(one)]
    both = [f"{_BEGINS}(?:{_either(begin)})"] if begin else []
    return re.compile("|".join([*both, *([_either(other)] if other else [])]) or r"(?!)")


def _begins_a_word(pattern: str) -> bool:
    """Tell whether all that a pattern finds begins a word: it has no choice outside of groups."""
    depth = 0
    for sign in _NO_SIGN.sub("", pattern):
        depth += (sign == "(") - (sign == ")")
        if sign == "|" and depth == 0:
            return False
    return pattern.startswith(_BEGINS)


def _either(patterns: Sequence[str]) -> str:
    return "|".join(f"(?:{one})" for one in patterns)


def _meant(meanings: Sequence[Meaning]) -> Iterator[int]:
    """Yield what matters by itself, or beside what stands next to it."""
    for index, meaning in enumerate(meanings):
        if meaning.matters:
            yield index
        elif meaning.is_key:
            beside = (*meanings[max(0, index - 1) : index], *meanings[index + 1 : index + 2])
            if any(other.joins for other in beside):
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
