"""Finds what rules look for in a text: look-ups of words, and searches that cannot run away."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise

from distillery.core.rules.fold import fold
from distillery.core.rules.reading import LONGEST_WORD, Reading, View, Word
from distillery.core.rules.rule import Hit, Rule, Rules

MOST_MASKED = 50
MOST_RUNS = 50
_ARTICLES = ("a", "i")
_MIN_INSIDE = 6
"""A shorter word is not looked for inside letters that stood alone: `g r a p e s`."""
_STRETCHED = 3
"""So often no letter stands in a row in any word."""

Runs = tuple[tuple[str, int], ...]


class RuleBook:
    """Rules, laid out for look-ups once. Patterns are compiled when they are first needed."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._words: dict[str, list[Rule]] = {}
        self._stems: dict[str, list[Rule]] = {}
        self._squeezed: dict[str, list[tuple[Runs, Rule]]] = {}
        self._inside: dict[str, list[Rule]] = {}
        self._phrases: dict[str, list[tuple[tuple[str, ...], Rule]]] = {}
        self._patterns = [(p, rule) for rule in rules.rules for p in rule.patterns]
        self._compiled: list[tuple[re.Pattern[str], Rule]] | None = None
        self._allowed = {plain(word) for word in rules.allowed_words}
        self._allowed_phrases = _by_first(plain_phrase(p) for p in rules.allowed_phrases)
        for rule in rules.rules:
            self._lay_out(rule)
        self._stem_lengths = sorted({len(stem) for stem in self._stems})

    def find(self, reading: Reading) -> Iterator[Hit]:
        """Yield every hit, some of them more than once."""
        known: dict[str, list[Rule]] = {}
        for view in reading.views:
            left = self._without_allowed(view)
            for word in left:
                if word.text not in known:
                    known[word.text] = list(self._of_word(word.text))
                yield from _hits(known[word.text], word)
            yield from self._in_row(left)
        for word in reading.pairs:
            yield from _hits(self._words.get(word.text, ()), word)
        for word in reading.runs[:MOST_RUNS]:
            yield from self._in_run(word)
        for word in reading.masked[:MOST_MASKED]:
            yield from self._under_mask(word)

    def _lay_out(self, rule: Rule) -> None:
        for written in rule.words:
            word = plain(written.removesuffix("*"))
            if written.endswith("*"):
                self._stems.setdefault(word, []).append(rule)
            self._words.setdefault(word, []).append(rule)
            runs = _letter_runs(word)
            self._squeezed.setdefault("".join(r[0] for r in runs), []).append((runs, rule))
        for written in rule.anywhere:
            self._inside.setdefault(plain(written), []).append(rule)
        for written in rule.phrases:
            words = plain_phrase(written)
            self._phrases.setdefault(words[0], []).append((words, rule))
            # Written in one word as well: `#see_through`, `seethrough`.
            self._words.setdefault("".join(words), []).append(rule)

    def _of_word(self, text: str) -> Iterator[Rule]:
        yield from self._words.get(text, ())
        for length in self._stem_lengths:
            if length < len(text):
                yield from self._stems.get(text[:length], ())
        if len(text) <= LONGEST_WORD and _is_stretched(text):
            yield from self._stretched(text)

    def _stretched(self, text: str) -> Iterator[Rule]:
        """Find words that are written with some of their letters repeated."""
        runs = _letter_runs(text)
        squeezed = "".join(run[0] for run in runs)
        for known, rule in self._squeezed.get(squeezed, ()):
            if all(run[1] >= least[1] for run, least in zip(runs, known, strict=True)):
                yield rule
        if max(run[1] for run in runs) >= _STRETCHED and squeezed not in self._allowed:
            yield from self._inside_of(squeezed)

    def _in_row(self, view: View) -> Iterator[Hit]:
        """Find phrases, patterns, and what may stand in the middle of a word."""
        yield from self._in_phrases(view)
        text = " ".join(word.text for word in view)
        for part, rules in self._inside.items():
            if part in text:
                for word in view:
                    if part in word.text:
                        yield from _hits(rules, word)
        for pattern, rule in self._compiled_patterns():
            for found in pattern.finditer(text):
                first = text.count(" ", 0, found.start())
                last = text.count(" ", 0, found.end())
                yield Hit(rule, view[first].start, view[min(last, len(view) - 1)].end)

    def _in_phrases(self, view: View) -> Iterator[Hit]:
        for index, word in enumerate(view):
            if word.text in self._phrases:
                for words, rule in self._phrases[word.text]:
                    row = view[index : index + len(words)]
                    if tuple(w.text for w in row) == words:
                        yield Hit(rule, word.start, row[-1].end)

    def _in_run(self, word: Word) -> Iterator[Hit]:
        """Find words in letters that stood alone; an article may stand before."""
        if word.text in self._allowed:
            return
        for text in {word.text, word.text[1:] if word.text.startswith(_ARTICLES) else word.text}:
            yield from _hits(self._of_word(text), word)
        yield from _hits(self._inside_of(word.text), word)
        for known, rules in self._words.items():
            if len(known) >= _MIN_INSIDE and known in word.text:
                yield from _hits(rules, word)

    def _inside_of(self, text: str) -> Iterator[Rule]:
        for part, rules in self._inside.items():
            if part in text:
                yield from rules

    def _under_mask(self, word: Word) -> Iterator[Hit]:
        if word.text.count(".") * 2 >= len(word.text):
            return  # too little is left to say what it was
        masked = re.compile(word.text)
        for known, rules in self._words.items():
            if len(known) == len(word.text) and masked.fullmatch(known):
                yield from _hits(rules, word)

    def _without_allowed(self, view: View) -> list[Word]:
        """Take out what is allowed. A gap stays where it was, so that no new phrase comes of it."""
        left = list(view)
        for index, word in enumerate(view):
            if word.text in self._allowed:
                left[index] = Word("", word.start, word.end)
            elif word.text in self._allowed_phrases:
                for words in self._allowed_phrases[word.text]:
                    row = view[index : index + len(words)]
                    if tuple(w.text for w in row) == words:
                        blank = [Word("", w.start, w.end) for w in row]
                        left[index : index + len(words)] = blank
        return left

    def _compiled_patterns(self) -> Sequence[tuple[re.Pattern[str], Rule]]:
        if self._compiled is None:
            self._compiled = [(re.compile(pattern), rule) for pattern, rule in self._patterns]
        return self._compiled


def plain(word: str) -> str:
    """Return a word as readings hold it: its letters and digits, folded."""
    return "".join(part for part in fold(word) if part.isalnum())


def plain_phrase(phrase: str) -> tuple[str, ...]:
    """Return the words of a phrase as readings hold them."""
    return tuple(word for word in map(plain, phrase.replace("-", " ").split()) if word)


def _by_first(phrases: Iterable[tuple[str, ...]]) -> Mapping[str, Sequence[tuple[str, ...]]]:
    by_first: dict[str, list[tuple[str, ...]]] = {}
    for words in phrases:
        by_first.setdefault(words[0], []).append(words)
    return by_first


def _hits(rules: Iterable[Rule], word: Word) -> Iterator[Hit]:
    for rule in rules:
        yield Hit(rule, word.start, word.end)


def _is_stretched(text: str) -> bool:
    return any(first == second for first, second in pairwise(text))


def _letter_runs(text: str) -> Runs:
    return tuple((letter, len(list(run))) for letter, run in groupby(text))
