"""Finds what rules look for in a text: look-ups of words, and searches that cannot run away."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from distillery.core.rules.reading import Reading, View, Word
from distillery.core.rules.rule import Hit, Rule, Rules
from distillery.core.rules.vocabulary import ANY, Vocabulary, alike, is_stretched, plain, squeezed

MOST_RUNS = 50

Phrase = tuple[str, ...]


class RuleBook:
    """Rules, laid out for look-ups once. Patterns are compiled when they are first needed."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._allowed = frozenset(plain(word) for word in rules.allowed_words)
        self._allowed_phrases = _by_first((plain_phrase(p), None) for p in rules.allowed_phrases)
        self._vocabulary = Vocabulary(rules.rules, self._allowed, rules.tails)
        phrases = [(plain_phrase(p), rule) for rule in rules.rules for p in rule.phrases]
        self._phrases = _by_first(phrases)
        self._squeezed = _by_first((tuple(map(squeezed, words)), rule) for words, rule in phrases)
        self._patterns = [(p, rule) for rule in rules.rules for p in rule.patterns]
        self._compiled: list[tuple[re.Pattern[str], Rule]] | None = None

    def find(self, reading: Reading) -> Iterator[Hit]:
        """Yield every hit, some of them more than once."""
        known: dict[str, list[Rule]] = {}
        plain_view, *_ = reading.views
        allowed = list(self._allowed_in(plain_view))
        for view in reading.views:
            left = _without(view, allowed or list(self._allowed_in(view)))
            stretched = False
            for word in left:
                if word.text not in known:
                    known[word.text] = list(self._vocabulary.rules_of(word.text))
                yield from _hits(known[word.text], word)
                stretched = stretched or is_stretched(word.text)
            yield from self._in_row(left)
            if stretched:
                short = [Word(squeezed(word.text), word.start, word.end) for word in left]
                yield from _in_phrases(self._squeezed, short)
        for word in reading.runs[:MOST_RUNS]:
            yield from _hits(self._vocabulary.rules_of_run(word.text), word)
        for view in reading.masked:
            yield from self._under_masks(view)

    def _in_row(self, view: View) -> Iterator[Hit]:
        """Find phrases, patterns, and what may stand in the middle of a word."""
        yield from _in_phrases(self._phrases, view)
        text = " ".join(word.text for word in view)
        for part, rules in self._vocabulary.inside.items():
            if part in text:
                for word in view:
                    if part in word.text:
                        yield from _hits(rules, word)
        for pattern, rule in self._compiled_patterns():
            for found in pattern.finditer(text):
                first = text.count(" ", 0, found.start())
                last = text.count(" ", 0, found.end())
                yield Hit(rule, view[first].start, view[min(last, len(view) - 1)].end)

    def _under_masks(self, view: View) -> Iterator[Hit]:
        for index, word in enumerate(view):
            firsts: Iterable[str] = (word.text,)
            if ANY in word.text:
                yield from _hits(self._vocabulary.rules_of_masked(word.text), word)
                firsts = [first for first in self._phrases if alike(first, word.text)]
            for words, rule in (one for first in firsts for one in self._phrases.get(first, ())):
                row = view[index : index + len(words)]
                shown = [w.text for w in row]
                if len(shown) == len(words) and all(map(alike, words, shown)):
                    yield Hit(rule, word.start, row[-1].end)

    def _allowed_in(self, view: View) -> Iterator[tuple[int, int]]:
        """Yield where something stands that is allowed."""
        for index, word in enumerate(view):
            if word.text in self._allowed:
                yield word.start, word.end
            for words, _ in self._allowed_phrases.get(word.text, ()):
                row = view[index : index + len(words)]
                if tuple(w.text for w in row) == words and _is_close(row):
                    yield word.start, row[-1].end

    def _compiled_patterns(self) -> Sequence[tuple[re.Pattern[str], Rule]]:
        if self._compiled is None:
            self._compiled = [(re.compile(pattern), rule) for pattern, rule in self._patterns]
        return self._compiled


def plain_phrase(phrase: str) -> Phrase:
    """Return the words of a phrase as readings hold them."""
    return tuple(word for word in map(plain, phrase.replace("-", " ").split()) if word)


def _in_phrases(known: Mapping[str, Sequence[tuple[Phrase, Rule]]], view: View) -> Iterator[Hit]:
    for index, word in enumerate(view):
        if word.text in known:
            for words, rule in known[word.text]:
                row = view[index : index + len(words)]
                if tuple(w.text for w in row) == words:
                    yield Hit(rule, word.start, row[-1].end)


def _without(view: View, places: Sequence[tuple[int, int]]) -> View:
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


def _by_first(phrases: Iterable[tuple[Phrase, Any]]) -> dict[str, list[tuple[Phrase, Any]]]:
    by_first: dict[str, list[tuple[Phrase, Any]]] = {}
    for words, rule in phrases:
        by_first.setdefault(words[0], []).append((words, rule))
    return by_first


def _hits(rules: Iterable[Rule], word: Word) -> Iterator[Hit]:
    for rule in rules:
        yield Hit(rule, word.start, word.end)
