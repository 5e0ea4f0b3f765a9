"""The ways in which a text can be read: as it stands, and as what it may be meant to hide.

The first view is the text as it stands, a row of words. The others undo what is put between or in
place of letters, and hold only what is around such places. All of it is one pass over the text,
whatever it holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from distillery.core.rules.confusables_table import ALSO_L, DIGITS_AND_SIGNS
from distillery.core.rules.fold import fold
from distillery.core.rules.kept import Kept
from distillery.core.rules.loose_letters import AS_I, mended, runs_of
from distillery.core.rules.view import Place, View, Word

MAX_CHARACTERS = 20_000
"""What one field may hold at most (a prompt has 6,000); more is not looked at, and not needed."""
LONGEST_WORD = 60
LONGEST_PHRASE = 8  # words
MOST_MASKS = 30  # words with covered letters that are looked at in one text

CHUNK = re.compile(r"\S+")
"""What stands between white space."""
_PIECE = re.compile(r"[^\W_]+")
_NO_LETTER = re.compile(r"[\W\d_]+")
_NEITHER = re.compile(r"[\W_]+")
_WEIGHT = re.compile(r":\d{1,3}(?:\.\d{1,6})?$")
_AS_L = str.maketrans(DIGITS_AND_SIGNS | dict.fromkeys(ALSO_L, "l"))
_AROUND = "\"'`.,;:?!()[]{}<>«»“”„‘’*_~#-–—"  # noqa: RUF001 - what people write around words
_AROUND_NO_LETTER = _AROUND.replace("!", "")
_MASKS = frozenset("*#_%?•●")
_MASKED = re.compile(r"[^\W\d_]+(?:[*#%?•●_]+[^\W\d_]+)+")
_NO_MASKED = re.compile(r"[\W_]")
_RATIO = re.compile(r",\s{1,3}((\d{1,2}):\d{1,2})(?![\w:]|\.\d)")
_RATIOS = frozenset({
    *("1:1", "2:1", "1:2", "3:1", "1:3", "3:2", "2:3", "4:3", "3:4", "5:3", "3:5", "5:4", "4:5"),
    *("7:5", "5:7", "8:5", "5:8", "16:9", "9:16", "16:10", "10:16"),
})  # fmt: skip
"""Shapes of pictures and screens of which the first number may be an age."""
_BETWEEN_WORDS = frozenset(",;/&")


class Reading(NamedTuple):
    """All ways to read one text."""

    views: Sequence[View]  # rows of words, the plain one first
    runs: Sequence[Word] = ()  # letters that stood alone, together: where a word ends is unknown
    masked: Sequence[View] = ()  # rows with words of which letters are covered: `.` is any letter
    mended: Sequence[View] = ()  # the plain row, with letters that stand alone joined to a word
    ratios: Sequence[Place] = ()  # the first number of each ratio after a comma, which is no age


class _Chunk(NamedTuple):
    """What stands between white space. `word` is what it says, unless more is in it."""

    text: str
    start: int
    end: int
    word: Word | None


def read(text: str) -> Reading:
    """Read a text in every way."""
    chunks = [_chunk(found) for found in CHUNK.finditer(text[:MAX_CHARACTERS])]
    plain: list[Word] = []
    for chunk in chunks:
        plain += (chunk.word,) if chunk.word else _pieces(chunk)
    odd = [index for index, chunk in enumerate(chunks) if chunk.word is None]
    views: list[View] = [plain]
    masked: list[View] = []
    if odd:
        views += _undone(chunks, odd)
        masked += _masked(chunks, odd)
    reading = Reading(views, masked=masked, ratios=list(_ratios(text)))
    if not any(len(word.text) == 1 for word in plain):
        return reading
    runs, together = runs_of(plain)
    torn = [mended(plain, letter_first=first) for first in (True, False)]
    return reading._replace(views=[*views, together] if runs else views, runs=runs, mended=torn)


def _ratios(text: str) -> Iterator[Place]:
    """Yield where the first numbers stand of what is a ratio by its place too: `, 16:9`."""
    for found in _RATIO.finditer(text):
        if found[1] in _RATIOS:
            yield found.span(2)


class _Said(NamedTuple):
    """What a chunk says, wherever it stands. `lead`: how far into it its word begins, if known."""

    text: str
    word: str | None
    lead: int | None = None


def _said(chunk: str) -> _Said:
    if chunk.isascii() and chunk.isalpha():  # as most are
        return _Said(chunk.lower(), chunk.lower(), 0)
    text = inner = fold(chunk)
    if not text.isalpha():
        inner = text.strip(_AROUND)
        if ":" in inner:
            inner = _WEIGHT.sub("", inner).rstrip(_AROUND)
    if not inner.isalpha():
        return _Said(text, None)
    # Where nothing was left out, what is around the word stays where it is.
    return _Said(text, inner, text.index(inner) if len(text) == len(chunk) else None)


_SAID = Kept(_said)


def _chunk(found: re.Match[str]) -> _Chunk:
    text, inner, lead = _SAID[found[0]]
    start, end = found.span()
    if inner is None:
        return _Chunk(text, start, end, None)
    if lead is not None:
        start += lead
        end = start + len(inner)
    return _Chunk(text, start, end, Word(inner, start, end))


def pieces_of(text: str) -> Sequence[str]:
    """Return the plain words of what stands between white space."""
    said = _SAID[text]
    return [said.word] if said.word is not None else _PIECE.findall(said.text)


def _pieces(chunk: _Chunk) -> Iterator[Word]:
    """Yield what stands between the signs of a chunk."""
    same_length = len(chunk.text) == chunk.end - chunk.start
    for found in _PIECE.finditer(chunk.text):
        if same_length:
            yield Word(found[0], chunk.start + found.start(), chunk.start + found.end())
        else:
            yield Word(found[0], chunk.start, chunk.end)


def _undone(chunks: Sequence[_Chunk], odd: Sequence[int]) -> Iterator[View]:
    """Yield the places at which signs and digits may stand for letters, or for nothing."""
    seen: list[dict[int, str]] = []
    for undo in (_without_signs, _without_digits, _signs_as_i, _signs_as_l):
        undone = {index: undo(chunks[index].text) for index in odd}
        if undone in seen:
            continue
        seen.append(undone)
        for begin, end in _around(odd, len(chunks)):
            view = [
                chunk.word or Word(undone[index], chunk.start, chunk.end)
                for index, chunk in enumerate(chunks[begin:end], start=begin)
            ]
            yield [word for word in view if word.text]


def _around(odd: Sequence[int], count: int) -> Iterator[tuple[int, int]]:
    """Yield stretches that hold the odd places, with room for a phrase on both sides."""
    begin = end = 0
    for index in odd:
        if index - LONGEST_PHRASE > end:
            if end:
                yield begin, end
            begin = max(0, index - LONGEST_PHRASE + 1)
        end = min(count, index + LONGEST_PHRASE)
    yield begin, end


def _without_signs(chunk: str) -> str:
    return "" if _is_list(chunk) else _NEITHER.sub("", chunk)


def _without_digits(chunk: str) -> str:
    return "" if _is_list(chunk) else _NO_LETTER.sub("", chunk)


def _signs_as_i(chunk: str) -> str:
    return _with_signs(chunk, AS_I)


def _signs_as_l(chunk: str) -> str:
    return _with_signs(chunk, _AS_L)


def _with_signs(chunk: str, letters: dict[int, str]) -> str:
    """Read signs and digits as letters, in a word that has a letter already."""
    inner = chunk.replace("()", "o").strip(_AROUND_NO_LETTER)
    if _is_list(inner) or not any(map(str.isalpha, inner)):
        return _NEITHER.sub("", inner)
    return _NO_LETTER.sub("", inner.translate(letters))


def _is_list(chunk: str) -> bool:
    """Tell words that lack a space after a comma from letters with commas between."""
    inner = chunk.strip(_AROUND)
    if _BETWEEN_WORDS.isdisjoint(inner):
        return False
    return all(len(piece) > 1 for piece in _PIECE.findall(chunk))


def _masked(chunks: Sequence[_Chunk], odd: Sequence[int]) -> Iterator[View]:
    """Yield the places around words of which some letters are covered."""
    masks: dict[int, str] = {}
    for index in odd:
        if len(masks) == MOST_MASKS:
            break
        if not _MASKS.isdisjoint(chunks[index].text):
            found = _MASKED.search(chunks[index].text[:LONGEST_WORD])
            if found:
                masks[index] = _NO_MASKED.sub(".", found[0])
    if masks:
        for begin, end in _around(sorted(masks), len(chunks)):
            view = [
                Word(masks[index], chunk.start, chunk.end) if index in masks else chunk.word
                for index, chunk in enumerate(chunks[begin:end], start=begin)
            ]
            yield [word for word in view if word]
