"""Regular expressions, tried only where one may begin: most words of most texts begin none.

What a pattern holds before its first space stands within one word. Whether a word has that is found
out once and kept, so that a text costs a look-up for each of its words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

from distillery.core.rules.kept import Kept

_SIGN = re.compile(r"(\\.|\[\^?\]?(?:\\.|[^]\\])*\]|.)(?:[?*+]|\{[\d,]*\})*", re.DOTALL)
"""One character of a pattern, an escape or a class of characters, and how often it is repeated."""
_NO_WIDTH = (r"\b", r"\B")


class Found(NamedTuple):
    """Where a pattern was found: its number, and the first and the last of the words."""

    number: int
    first: int
    last: int


class _Opening(NamedTuple):
    """Where in a word a pattern may begin."""

    number: int
    at: int


class Patterns:
    """Patterns for plain words with one space between. They are compiled when first needed."""

    def __init__(self, written: Sequence[str]) -> None:
        self._written = written
        self._heads = [_head(one) for one in written]
        self._without_head = [number for number, head in enumerate(self._heads) if not head]
        self._openings = Kept(lambda word: tuple(self._openings_in(word)))

    def found_in(self, words: Sequence[str]) -> Iterator[Found]:
        """Yield all that is found, as a search of the whole text would."""
        openings = [
            (n, some) for n, some in enumerate(map(self._openings.__getitem__, words)) if some
        ]
        if not words or not (openings or self._without_head):
            return
        text = " ".join(words)
        for number in self._without_head:
            for one in self._compiled[number].finditer(text):
                yield _found(number, one, len(words))
        ends = list(accumulate(map(len, words)))
        over = [0] * len(self._written)  # where the last one of each pattern ended
        for word, some in openings:
            begin = ends[word] - len(words[word]) + word
            for number, at in some:
                search = self._compiled[number].match
                if begin + at >= over[number] and (found := search(text, begin + at)):
                    over[number] = found.end()
                    yield _found(number, found, len(words))

    def _openings_in(self, word: str) -> Iterator[_Opening]:
        if self._any_head.search(word):
            for number, head in enumerate(self._compiled_heads):
                for at in range(len(word)):
                    if head and head.match(word, at):
                        yield _Opening(number, at)

    @cached_property
    def _any_head(self) -> re.Pattern[str]:
        return re.compile("|".join(f"(?:{head})" for head in self._heads if head) or r"(?!)")

    @cached_property
    def _compiled_heads(self) -> Sequence[re.Pattern[str] | None]:
        return [re.compile(head) if head else None for head in self._heads]

    @cached_property
    def _compiled(self) -> Sequence[re.Pattern[str]]:
        return list(map(re.compile, self._written))


def _found(number: int, found: re.Match[str], words: int) -> Found:
    first, last = (found.string.count(" ", 0, place) for place in found.span())
    return Found(number, first, min(last, words - 1))


def _head(pattern: str) -> str:
    """Return what all that a pattern finds begins with inside one word, or nothing if unknown."""
    head = _head_of_any(pattern)
    solid = "".join(sign[0] for sign in _SIGN.finditer(head) if sign[1] not in _NO_WIDTH)
    return "" if re.fullmatch(solid, "") else head


def _head_of_any(choices: str) -> str:
    heads = list(map(_head_of_row, _rows(choices)))
    return f"(?:{'|'.join(heads)})" if all(heads) else ""


def _head_of_row(row: Sequence[str]) -> str:
    """Return what stands before the first space, also if it is in a group: each of its choices."""
    head = ""
    for item in row:
        if not _may_hold_a_space(item):
            head += item
        elif item.startswith("(") and item.endswith(")"):
            return head + _head_of_any(item[1:-1].removeprefix("?:"))
        else:
            return head
    return head


def _rows(pattern: str) -> Sequence[Sequence[str]]:
    """Return the choices of a pattern, each as a row of groups and of single signs."""
    rows: list[list[str]] = [[]]
    depth = 0
    for sign in _SIGN.finditer(pattern):
        depth -= sign[1] == ")"
        if depth == 0 and sign[1] == "|":
            rows.append([])
        elif depth == 0 and sign[1] != ")":
            rows[-1].append(sign[0])
        else:
            rows[-1][-1] += sign[0]
        depth += sign[1] == "("
    return rows


def _may_hold_a_space(item: str) -> bool:
    signs = (sign[1] for sign in _SIGN.finditer(item))
    return any(re.fullmatch(sign, " ") for sign in signs if sign not in "(|)")
