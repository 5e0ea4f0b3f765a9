"""What no rule finds, although it looks like it: by itself, in a phrase, or for what is near by."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set
from itertools import pairwise

from distillery.core.rules.kept import Kept
from distillery.core.rules.rule import Rules
from distillery.core.rules.view import Place, View, Word
from distillery.core.rules.vocabulary import Phrase, plain, plain_phrase

NEAR = 5
"""So many words away may stand what excuses a word."""
_SHORTEST_PLURAL = 3


class Allowances:
    """The allowed words and phrases, and the excuses. `is_found`: whether a rule has a word."""

    def __init__(self, rules: Rules, is_found: Callable[[str], bool]) -> None:
        self._is_found = is_found
        self._singular = Kept(self._without_ending).__getitem__
        self._words = frozenset(map(plain, rules.allowed_words))
        self._phrases: dict[str, dict[int, set[Phrase]]] = {}  # by first word and length
        for phrase in rules.allowed_phrases:
            first, *others = map(self._singular, plain_phrase(phrase))
            of_length = self._phrases.setdefault(first, {}).setdefault(len(others) + 1, set())
            of_length.add((first, *others))
        self._begun_by = Kept(self._begun_by_word).__getitem__
        self._excuses: dict[str, frozenset[str]] = {}
        for excuse in rules.excuses:
            beside = frozenset(self._singular(plain(word)) for word in excuse.beside)
            for word in map(plain, excuse.words):
                self._excuses[word] = self._excuses.get(word, frozenset()) | beside

    def allowed_in(self, view: View) -> Iterator[Place]:
        """Yield where something stands that is allowed."""
        for index, word in enumerate(view):
            if word.text in self._words:
                yield word.start, word.end
            for length, phrases in self._begun_by(word.text):
                row = view[index : index + length]
                if tuple([self._singular(w.text) for w in row]) in phrases and _is_close(row):
                    yield word.start, row[-1].end

    def _begun_by_word(self, word: str) -> Sequence[tuple[int, Set[Phrase]]]:
        return tuple(self._phrases.get(self._singular(word), {}).items())

    def excused_in(self, view: View) -> Iterator[Place]:
        """Yield where a word stands that something near by excuses."""
        for index, word in enumerate(view):
            if excusing := self._excuses.get(word.text):
                around = view[max(0, index - NEAR) : index + NEAR + 1]
                if any(self._singular(other.text) in excusing for other in around):
                    yield word.start, word.end

    def _without_ending(self, word: str) -> str:
        """Leave out the ending of a plural, but not of what a rule is about."""
        is_plural = len(word) > _SHORTEST_PLURAL and word[-1] == "s" and word[-2] != "s"
        return word[:-1] if is_plural and not self._is_found(word) else word


def without(view: View, places: Sequence[Place]) -> View:
    """Blank the words in these places: they stay, so that no new phrase comes of it."""
    if not places:
        return view
    return [
        Word("", word.start, word.end)
        if any(start < word.end and word.start < end for start, end in places)
        else word
        for word in view
    ]


def _is_close(row: Sequence[Word]) -> bool:
    """Tell whether nothing but one sign stands between words: no comma parts what is allowed."""
    return all(after.start - before.end <= 1 for before, after in pairwise(row))
