"""Reads rules from TOML, and names everything that is wrong with a file at once."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from distillery.core.errors import ConfigError
from distillery.core.rules.rule import Action, Combination, Excuse, Level, Rule, Rules
from distillery.core.rules.safe_pattern import problem_of
from distillery.core.rules.vocabulary import plain, plain_phrase

_TOP = frozenset({"version", "rule", "combination", "allow", "tails"})
_LISTS = ("words", "anywhere", "phrases", "patterns")
_IN_RULE = frozenset({"id", "category", "action", "from", "message", "replacement", *_LISTS})
_IN_COMBINATION = frozenset({"id", "any_of", "with_any_of", "message"})
_IN_ALLOW = frozenset({"words", "phrases", "pair", "excuse"})
_IN_PAIR = frozenset({"first", "second"})
_IN_EXCUSE = frozenset({"words", "beside"})
MIN_ANYWHERE = 4
"""A shorter part stands in the middle of too many words that mean no harm."""


class BrokenRules(ConfigError):
    """A file of rules cannot be used. Names the file, the key and the fix, one problem a line."""


def parse_rules(files: Mapping[str, str]) -> Rules:
    """Read files of rules, by name, as one set; raises BrokenRules with the problems of all."""
    problems: list[str] = []
    parts = [_File(name, text, problems).rules() for name, text in sorted(files.items())]
    together = _together(parts)
    problems += _twice([r.id for r in together.rules] + [c.id for c in together.combinations])
    known = {rule.category for rule in together.rules}
    problems += [
        f"{combination.id}: no rule is of the category {name}"
        for combination in together.combinations
        for name in sorted((combination.categories | combination.others) - known)
    ]
    if problems:
        raise BrokenRules("\n".join(problems))
    return together


def _together(parts: Sequence[Rules]) -> Rules:
    return Rules(
        version="+".join(part.version for part in parts),
        rules=[rule for part in parts for rule in part.rules],
        combinations=[rule for part in parts for rule in part.combinations],
        allowed_words=[word for part in parts for word in part.allowed_words],
        allowed_phrases=[phrase for part in parts for phrase in part.allowed_phrases],
        excuses=[excuse for part in parts for excuse in part.excuses],
        tails=[tail for part in parts for tail in part.tails],
    )


def _twice(ids: Sequence[str]) -> list[str]:
    twice = sorted({one for one in ids if ids.count(one) > 1})
    return [f"id: {one!r} is used twice; give each rule its own" for one in twice]


class _File:
    """One file, read as far as it makes sense; what does not is added to `problems`."""

    def __init__(self, name: str, text: str, problems: list[str]) -> None:
        self._name = name
        self._problems = problems
        try:
            self._document: Mapping[str, Any] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            self._document = {"version": "?"}
            self._wrong("", f"no TOML: {error}")

    def rules(self) -> Rules:
        document = self._document
        self._known("", document, _TOP)
        allow = document.get("allow", {})
        self._known("allow", allow, _IN_ALLOW)
        return Rules(
            version=self._text("", document, "version"),
            rules=[self._rule(f"rule {n}", row) for n, row in self._rows("rule")],
            combinations=[
                self._combination(f"combination {n}", row) for n, row in self._rows("combination")
            ],
            allowed_words=self._words("allow", allow, "words", plain),
            allowed_phrases=[
                *self._words("allow", allow, "phrases", plain_phrase),
                *(
                    phrase
                    for n, row in self._rows("pair", "allow")
                    for phrase in self._pairs(n, row)
                ),
            ],
            excuses=[self._excuse(n, row) for n, row in self._rows("excuse", "allow")],
            tails=self._words("", document, "tails", plain),
        )

    def _rule(self, place: str, row: Mapping[str, Any]) -> Rule:
        place = str(row.get("id", place))
        self._known(place, row, _IN_RULE)
        action = self._one_of(place, row, "action", Action, Action.REFUSE)
        silent = action in (Action.MARK, Action.REPLACE)
        if action is Action.REPLACE:
            self._text(place, row, "replacement")
        return Rule(
            id=self._text(place, row, "id"),
            category=self._text(place, row, "category"),
            action=action,
            level=self._one_of(place, row, "from", Level.named, Level.RELAXED),
            message="" if silent else self._text(place, row, "message"),
            replacement=str(row.get("replacement", "")),
            words=self._words(place, row, "words", lambda word: plain(word.removesuffix("*"))),
            anywhere=self._words(place, row, "anywhere", _long_enough),
            phrases=self._words(place, row, "phrases", plain_phrase),
            patterns=self._patterns(place, row),
        )

    def _combination(self, place: str, row: Mapping[str, Any]) -> Combination:
        place = str(row.get("id", place))
        self._known(place, row, _IN_COMBINATION)
        return Combination(
            id=self._text(place, row, "id"),
            categories=frozenset(self._texts(place, row, "any_of")),
            others=frozenset(self._texts(place, row, "with_any_of")),
            message=self._text(place, row, "message"),
        )

    def _pairs(self, number: int, row: Mapping[str, Any]) -> list[str]:
        place = f"allow.pair {number}"
        self._known(place, row, _IN_PAIR)
        firsts, seconds = (
            self._words(place, row, key, plain_phrase) for key in ("first", "second")
        )
        return [f"{first} {second}" for first in firsts for second in seconds]

    def _excuse(self, number: int, row: Mapping[str, Any]) -> Excuse:
        place = f"allow.excuse {number}"
        self._known(place, row, _IN_EXCUSE)
        words, beside = (self._words(place, row, key, plain) for key in ("words", "beside"))
        return Excuse(frozenset(words), frozenset(beside))

    def _rows(self, key: str, within: str = "") -> list[tuple[int, Mapping[str, Any]]]:
        table = self._document.get(within, {}) if within else self._document
        rows = table.get(key, []) if isinstance(table, dict) else []
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            name = f"{within}.{key}".lstrip(".")
            self._wrong(name, f"must be tables; begin each with [[{name}]]")
            return []
        return list(enumerate(rows, start=1))

    def _known(self, place: str, row: object, keys: frozenset[str]) -> None:
        if not isinstance(row, dict):
            self._wrong(place, "must be a table")
            return
        for key in sorted(set(row) - keys):
            self._wrong(f"{place}.{key}", f"unknown; there are {', '.join(sorted(keys))}")

    def _text(self, place: str, row: Mapping[str, Any], key: str) -> str:
        value = row.get(key)
        if not isinstance(value, str) or not value.strip():
            self._wrong(f"{place}.{key}", "is missing; write a text")
            return "?"
        return value

    def _texts(self, place: str, row: Mapping[str, Any], key: str) -> list[str]:
        value = row.get(key, []) if isinstance(row, dict) else []
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            self._wrong(f"{place}.{key}", "must be a list of texts")
            return []
        return value

    def _words(
        self, place: str, row: Mapping[str, Any], key: str, read: Callable[[str], object]
    ) -> list[str]:
        texts = self._texts(place, row, key)
        for text in texts:
            if not read(text):
                self._wrong(f"{place}.{key}", f"{text!r} has too few letters to look for")
        return [text for text in texts if read(text)]

    def _patterns(self, place: str, row: Mapping[str, Any]) -> list[str]:
        patterns = self._texts(place, row, "patterns")
        for pattern in patterns:
            if problem := problem_of(pattern):
                self._wrong(f"{place}.patterns", f"{pattern!r} {problem}")
        return patterns

    def _one_of(
        self, place: str, row: Mapping[str, Any], key: str, read: Callable[[str], Any], usual: Any
    ) -> Any:
        if key not in row and key != "action":
            return usual
        try:
            return read(row.get(key))  # type: ignore[arg-type]
        except ValueError:
            names = [
                str(getattr(one, "name", one)).lower().replace("_", "-") for one in type(usual)
            ]
            self._wrong(f"{place}.{key}", f"must be one of {', '.join(names)}")
            return usual

    def _wrong(self, key: str, problem: str) -> None:
        place = f"{self._name}: {key.lstrip('.')}" if key else self._name
        self._problems.append(f"{place}: {problem}")


def _long_enough(part: str) -> bool:
    return len(plain(part)) >= MIN_ANYWHERE
