"""The words of all rules, laid out so that a word of a text is looked up and not searched for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from distillery.core.rules.fold import fold
from distillery.core.rules.kept import Kept
from distillery.core.rules.reading import LONGEST_WORD
from distillery.core.rules.rule import Rule

ANY = "."
"""Stands for any letter in a word of which letters are covered."""
_HEAD = 3
_DOUBLE = re.compile(r"(.)\1", re.DOTALL)
_ARTICLES = ("a", "i")
_MIN_INSIDE = 6
"""A shorter word is not looked for inside letters that stood alone: `g r a p e s`."""
STRETCHED = re.compile(r"(\S)\1\1|(?<!\S)(?:(\S)\2+){2,}(?!\S)")
"""A word in which letters are repeated as in none: one of them often, or each of them."""

Runs = tuple[tuple[str, int], ...]
Phrase = tuple[str, ...]


class Vocabulary:
    """Which rules a word belongs to. `tails` are words that others are written together with."""

    def __init__(
        self, rules: Sequence[Rule], allowed: frozenset[str], tails: Sequence[str]
    ) -> None:
        self._words: dict[str, list[Rule]] = {}
        self._stems: dict[str, list[Rule]] = {}
        self._squeezed: dict[str, list[tuple[Runs, Rule]]] = {}
        self._squeezed_stems: dict[str, list[Rule]] = {}
        self._by_length: dict[int, list[tuple[str, Rule]]] = {}
        self.inside: dict[str, list[Rule]] = {}
        self._allowed = allowed
        self._tails = tuple(plain(tail) for tail in tails)
        for rule in rules:
            self._lay_out(rule)
        self._long_words = [
            (word, found) for word, found in self._words.items() if len(word) >= _MIN_INSIDE
        ]
        self._stem_lengths = sorted({len(stem) for stem in self._stems})
        self._heads = frozenset(stem[:_HEAD] for stem in self._stems)
        self._inside = re.compile("|".join(map(re.escape, self.inside)) or r"(?!)")
        self._found = Kept(self._all_rules_of)
        self._parts = Kept(self._all_rules_inside)

    def _lay_out(self, rule: Rule) -> None:
        for written in rule.words:
            word = plain(written.removesuffix("*"))
            self._add(word, rule)
            if written.endswith("*"):
                self._stems.setdefault(word, []).append(rule)
                self._squeezed_stems.setdefault(squeezed(word), []).append(rule)
        for written in rule.anywhere:
            self.inside.setdefault(plain(written), []).append(rule)
        for written in rule.phrases:  # written in one word as well: `#seethrough`
            self._add(plain(written), rule)

    def _add(self, word: str, rule: Rule) -> None:
        self._words.setdefault(word, []).append(rule)
        self._squeezed.setdefault(squeezed(word), []).append((_runs(word), rule))
        self._by_length.setdefault(len(word), []).append((word, rule))

    def all_words(self) -> Iterator[str]:
        """Yield the words of all rules, the beginnings and the parts of words."""
        yield from self._words
        yield from self.inside

    def has(self, text: str) -> bool:
        """Tell whether a word belongs to a rule, or has a part of one inside."""
        return bool(self.rules_of(text)) or self.has_inside(text)

    def has_inside(self, text: str) -> bool:
        """Tell whether a part of a rule stands anywhere in a text."""
        return self._inside.search(text) is not None

    def rules_of(self, text: str) -> Sequence[Rule]:
        """Return the rules that a word belongs to, also if it is stretched or has a tail."""
        return self._found[text]

    def _all_rules_of(self, text: str) -> Sequence[Rule]:
        found = tuple(self._rules_of(text))
        if "z" in text:
            found = found or tuple(self._rules_of(text.replace("z", "s")))
        return found

    def _rules_of(self, text: str) -> Iterator[Rule]:
        yield from self._words.get(text, ())
        if text[:_HEAD] in self._heads:
            for length in self._stem_lengths:
                if length < len(text):
                    yield from self._stems.get(text[:length], ())
        for tail in self._tails if text.endswith(self._tails) else ():
            if text.endswith(tail):
                yield from self._words.get(text[: -len(tail)], ())
        if len(text) <= LONGEST_WORD and _has_double(text):
            yield from self._rules_of_stretched(text)

    def rules_inside(self, text: str) -> Sequence[Rule]:
        """Return the rules of which a part stands anywhere in a word."""
        return self._parts[text]

    def _all_rules_inside(self, text: str) -> Sequence[Rule]:
        return [rule for part, rules in self.inside.items() if part in text for rule in rules]

    def rules_of_run(self, text: str) -> Iterator[Rule]:
        """Yield the rules that letters belong to which stood alone: there may be several words."""
        if text in self._allowed:
            return
        yield from self.rules_of(text)
        if text.startswith(_ARTICLES):
            yield from self.rules_of(text[1:])
        yield from self.rules_inside(text)
        for word, rules in self._long_words:
            if word in text:
                yield from rules

    def rules_of_masked(self, text: str) -> Iterator[Rule]:
        """Yield the rules of all words that may be under a mask."""
        if text.count(ANY) * 2 > len(text):
            return  # too little is left to say what it was
        for word, rule in self._by_length.get(len(text), ()):
            if alike(word, text):
                yield rule
        for stem, rules in self._stems.items():
            if (
                len(stem) < len(text)
                and text[0] in (ANY, stem[0])
                and alike(stem, text[: len(stem)])
            ):
                yield from rules

    def _rules_of_stretched(self, text: str) -> Iterator[Rule]:
        runs, short = _runs(text), squeezed(text)
        for least, rule in self._squeezed.get(short, ()):
            if all(run[1] >= one[1] for run, one in zip(runs, least, strict=True)):
                yield rule
        if is_stretched(text) and short not in self._allowed:
            yield from self.rules_inside(short)
            for stem, rules in self._squeezed_stems.items():
                if short.startswith(stem):
                    yield from rules


def plain(word: str) -> str:
    """Return a word as readings hold it: its letters and digits, folded."""
    return "".join(part for part in fold(word) if part.isalnum())


def plain_phrase(phrase: str) -> Phrase:
    """Return the words of a phrase as readings hold them."""
    return tuple(word for word in map(plain, phrase.replace("-", " ").split()) if word)


def squeezed(word: str) -> str:
    """Return a word with each letter that is repeated once."""
    return _SQUEEZED[word]


_SQUEEZED = Kept(lambda word: "".join(letter for letter, _ in groupby(word)))


def is_stretched(word: str) -> bool:
    """Tell whether letters are repeated as in no word: often, or each of them."""
    return STRETCHED.search(word) is not None


def alike(word: str, masked: str) -> bool:
    """Tell whether a word may be the one that is masked."""
    if len(word) != len(masked):
        return False
    return word == masked or all(
        shown in (ANY, letter) for letter, shown in zip(word, masked, strict=True)
    )


def _has_double(text: str) -> bool:
    return _DOUBLE.search(text) is not None


def _runs(text: str) -> Runs:
    return tuple((letter, len(list(run))) for letter, run in groupby(text))
