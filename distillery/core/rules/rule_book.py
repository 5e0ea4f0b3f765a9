"""Finds what rules look for in a text: look-ups of words, and searches that cannot run away."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Any

from distillery.core.rules.allowances import Allowances, without
from distillery.core.rules.loose_letters import AS_I
from distillery.core.rules.patterns import Patterns
from distillery.core.rules.reading import Reading, read
from distillery.core.rules.rule import Hit, Rule, Rules
from distillery.core.rules.sieve import Meaning, Sieve
from distillery.core.rules.view import Place, View, Word
from distillery.core.rules.vocabulary import (
    ANY,
    STRETCHED,
    Phrase,
    Vocabulary,
    alike,
    is_stretched,
    plain,
    plain_phrase,
    squeezed,
)

MOST_RUNS = 50
_COMMON = {
    *("against", "before", "between", "big", "clothes", "dress", "film", "from", "head", "little"),
    *("nothing", "only", "other", "over", "school", "shirt", "small", "through", "under", "video"),
    *("white", "with", "without", "young"),
}
"""Words that many an innocent prompt has too."""
_LITERAL = re.compile(r"([a-z]{2,})(\??)")
_ENDS = re.compile(r"(?:(?:\|[^()]*)?\))? (?![?{])")
"""What follows a word of a pattern, alone or as one of a group, after which nothing may go on."""


class RuleBook:
    """Rules, laid out for look-ups once."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        allowed = frozenset(map(plain, rules.allowed_words))
        self._vocabulary = Vocabulary(rules.rules, allowed, rules.tails)
        self._allowances = Allowances(rules, lambda word: bool(self._vocabulary.rules_of(word)))
        phrases = [(plain_phrase(p), rule) for rule in rules.rules for p in rule.phrases]
        self._phrases = _by_first(phrases)
        self._firsts: dict[int, list[str]] = {}
        for first in self._phrases:
            self._firsts.setdefault(len(first), []).append(first)
        self._squeezed = _by_first((tuple(map(squeezed, words)), rule) for words, rule in phrases)
        patterns = [(pattern, rule) for rule in rules.rules for pattern in rule.patterns]
        self._pattern_rules = [rule for _, rule in patterns]
        self._patterns = Patterns([pattern for pattern, _ in patterns])
        # One word stands for its phrase: one that is seldom in a text that has not the rest.
        self._keys = {max(words, key=_rarity) for words, _ in phrases}
        self._phrase_words = {word for words, _ in phrases for word in words}
        self._squeezed_keys = set(map(squeezed, self._keys))
        self._squeezed_phrase_words = set(map(squeezed, self._phrase_words))
        words = {*self._vocabulary.all_words(), *self._keys}
        self._one_letter_words = {word for word in words if len(_bare(word)) == 1}  # `xxx`
        self._bare_words = set(map(_bare, words - self._one_letter_words))
        literals = list(_literals(pattern for pattern, _ in patterns))
        self._pattern_words = {word for word, is_whole in literals if is_whole}
        self._pattern_heads = tuple(word for word, is_whole in literals if not is_whole)
        self._sieve = Sieve(self._meaning, self._word_matters, self._letters_matter, self._patterns)

    def find(self, text: str) -> Iterator[Hit]:
        """Yield every hit, some of them more than once."""
        for start, part in self._sieve.parts(text):
            for hit in self.find_in(read(part)):
                yield Hit(hit.rule, start + hit.start, start + hit.end, hit.excused)

    def _meaning(self, chunk: str) -> Meaning:
        """Tell what rules may have to do with what stands between white space."""
        reading = read(chunk)
        [plain_view, *others] = reading.views
        if others or len(plain_view) != 1:
            return Meaning(self._matters(reading))
        word = plain_view[0].text  # it is the same in every view
        joins = len(word) == 1 or squeezed(word) in self._squeezed_phrase_words
        return Meaning(self._vocabulary.has(word), self._is_key(word), joins)

    def _matters(self, reading: Reading) -> bool:
        _, *others = views = (*reading.views, *reading.mended)
        return (
            any(self._letters_matter(run.text) for run in reading.runs)
            or any(self._cover_matters(word.text) for view in reading.masked for word in view)
            or any(self._word_matters(word.text) for view in views for word in view)
            or any(self._in_a_pattern(word.text) for view in others for word in view)
        )

    def _word_matters(self, word: str) -> bool:
        return self._is_key(word) or self._vocabulary.has(word)

    def _is_key(self, word: str) -> bool:
        return word in self._keys or (is_stretched(word) and squeezed(word) in self._squeezed_keys)

    def _in_a_pattern(self, word: str) -> bool:
        return word in self._pattern_words or word.startswith(self._pattern_heads)

    def _letters_matter(self, letters: str) -> bool:
        """Tell whether letters that stood alone may hold something: no word of a rule is missed."""
        plain_letters = letters.translate(AS_I)
        together = _bare(plain_letters)
        return any(word in together for word in self._bare_words) or any(
            word in plain_letters for word in self._one_letter_words
        )

    def _cover_matters(self, masked: str) -> bool:
        return any(alike(key, masked) for key in self._keys) or any(
            True for _ in self._vocabulary.rules_of_masked(masked)
        )

    def find_in(self, reading: Reading) -> Iterator[Hit]:
        """Yield every hit in a text that is read already, all of it."""
        plain_view, *_ = reading.views
        allowed = list(self._allowances.allowed_in(plain_view))
        excused = frozenset(self._allowances.excused_in(plain_view))
        plain_words = {word.text for word in plain_view}
        mended = (view for view in reading.mended if self._says_more(view, plain_words))
        for view in (*reading.views, *mended):
            places = allowed or list(self._allowances.allowed_in(view))
            yield from self._in_view(without(view, [*places, *reading.ratios]), excused)
        for word in reading.runs[:MOST_RUNS]:
            yield from _hits(self._vocabulary.rules_of_run(word.text), word)
        for view in reading.masked:
            yield from self._under_masks(view)

    def _says_more(self, view: View, plain_words: Set[str]) -> bool:
        """Tell whether a rule may be about a word that is not among the plain ones."""
        return any(
            word in self._phrase_words or self._in_a_pattern(word) or self._word_matters(word)
            for word in {word.text for word in view} - plain_words
        )

    def _in_view(self, view: View, excused: frozenset[Place]) -> Iterator[Hit]:
        for word in view:
            if rules := self._vocabulary.rules_of(word.text):
                yield from _hits(rules, word, excused)
        text = " ".join([word.text for word in view])
        if self._vocabulary.has_inside(text):
            for word in view:
                yield from _hits(self._vocabulary.rules_inside(word.text), word, excused)
        yield from _in_phrases(self._phrases, view)
        yield from self._in_patterns(view)
        if STRETCHED.search(text):
            short = [Word(squeezed(word.text), word.start, word.end) for word in view]
            yield from _in_phrases(self._squeezed, short)

    def _in_patterns(self, view: View) -> Iterator[Hit]:
        for found in self._patterns.found_in([word.text for word in view]):
            rule = self._pattern_rules[found.number]
            yield Hit(rule, view[found.first].start, view[found.last].end)

    def _under_masks(self, view: View) -> Iterator[Hit]:
        for index, word in enumerate(view):
            firsts: Iterable[str] = (word.text,)
            if ANY in word.text:
                yield from _hits(self._vocabulary.rules_of_masked(word.text), word)
                same_length = self._firsts.get(len(word.text), ())
                firsts = [first for first in same_length if alike(first, word.text)]
            for words, rule in (one for first in firsts for one in self._phrases.get(first, ())):
                row = view[index : index + len(words)]
                shown = [w.text for w in row]
                if len(shown) == len(words) and all(map(alike, words, shown)):
                    yield Hit(rule, word.start, row[-1].end)


def _in_phrases(known: Mapping[str, Sequence[tuple[Phrase, Rule]]], view: View) -> Iterator[Hit]:
    for index, word in enumerate(view):
        if word.text in known:
            for words, rule in known[word.text]:
                row = view[index : index + len(words)]
                if tuple(w.text for w in row) == words:
                    yield Hit(rule, word.start, row[-1].end)


def _by_first(phrases: Iterable[tuple[Phrase, Any]]) -> dict[str, list[tuple[Phrase, Any]]]:
    by_first: dict[str, list[tuple[Phrase, Any]]] = {}
    for words, rule in phrases:
        by_first.setdefault(words[0], []).append((words, rule))
    return by_first


def _rarity(word: str) -> tuple[bool, int]:
    return word not in _COMMON, len(word)


def _bare(word: str) -> str:
    """Return a word without what a stretched or disguised one has more."""
    return squeezed(word.replace("z", "s"))


def _literals(patterns: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """Yield the words of patterns, and whether each is whole; without a last letter it may lack."""
    for pattern in patterns:
        bare = re.sub(r"\\\w", ".", pattern.replace(r"\b", " "))
        for found in _LITERAL.finditer(bare):
            word, may_lack_one = found.groups()
            is_whole = not may_lack_one and _ENDS.match(bare, found.end()) is not None
            yield word[:-1] if may_lack_one else word, is_whole


def _hits(
    rules: Iterable[Rule], word: Word, excused: frozenset[Place] = frozenset()
) -> Iterator[Hit]:
    for rule in rules:
        yield Hit(rule, word.start, word.end, (word.start, word.end) in excused)
