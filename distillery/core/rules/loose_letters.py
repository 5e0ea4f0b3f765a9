"""Puts letters together that stand alone, and those that were torn off a word."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from distillery.core.rules.confusables_table import DIGITS_AND_SIGNS
from distillery.core.rules.view import View, Word

AS_I = str.maketrans(DIGITS_AND_SIGNS)
FEWEST_SPACED = 3


def runs_of(words: View) -> tuple[list[Word], list[Word]]:
    """Put letters that stand alone together; return these words, and the row with them in it."""
    runs: list[Word] = []
    row: list[Word] = []
    is_alone: Callable[[Word], bool] = lambda word: len(word.text) == 1  # noqa: E731
    for alone, group in groupby(words, key=is_alone):
        letters = list(group)
        if alone and len(letters) >= FEWEST_SPACED:
            letters = list(_split_at_gaps(letters))
            runs += letters
        row += letters
    return runs, row


def _split_at_gaps(letters: Sequence[Word]) -> Iterator[Word]:
    """Yield the words that letters make: those that stand equally far from each other."""
    group: list[Word] = []
    width = 0  # of the gaps within the group, once there is one
    for letter in letters:
        gap = letter.start - group[-1].end if group else 0
        if len(group) < 2 or gap == width:  # noqa: PLR2004 - two make a gap
            group.append(letter)
            width = gap
        elif gap > width:
            yield _joined(group)
            group = [letter]
        else:  # the last one belongs to what follows
            yield _joined(group[:-1])
            group, width = [group[-1], letter], gap
    yield _joined(group)


def _joined(letters: Sequence[Word]) -> Word:
    text = "".join(letter.text for letter in letters).translate(AS_I)
    return Word(text, letters[0].start, letters[-1].end)


def mended(words: View, *, letter_first: bool) -> View:
    """Join each letter that stands alone to the word after it, or before it: `p orn`, `por n`."""
    row: list[Word] = []
    before: Word | None = None
    for word in [*words, Word("", 0, 0)]:
        if before and (len(before.text) == 1) is letter_first and _one_is_alone(before, word):
            row.append(Word(before.text + word.text, before.start, word.end))
            before = None
        else:
            row += [before] if before else []
            before = word
    return row


def _one_is_alone(first: Word, second: Word) -> bool:
    return bool(second.text) and (len(first.text) == 1) != (len(second.text) == 1)
