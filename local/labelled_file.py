"""Labelled prompts, and what the rules make of them: the table, and each one that went wrong."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from distillery.core.rules.judge import Setting, judge
from distillery.core.rules.rule import Level
from distillery.core.rules.rule_book import RuleBook

_TRUE = frozenset({"true", "yes", "1"})
_EXPECTED = ("refuse", "allow")


class Labelled(Protocol):
    """A prompt, and what should become of it."""

    @property
    def text(self) -> str:
        """What a member writes."""

    @property
    def expected(self) -> str:
        """Whether it should be: `refuse` or `allow`."""

    @property
    def kind(self) -> str:
        """A name to count it under."""

    @property
    def age_restricted(self) -> bool:
        """Whether it is asked in an age-restricted channel."""

    @property
    def level(self) -> str:
        """The level of the server it is asked in."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a labelled file."""

    text: str
    expected: str
    kind: str = ""
    age_restricted: bool = False
    level: str = "standard"


@dataclass(frozen=True, slots=True)
class Missed:
    """A prompt with which the rules did not do what they should."""

    prompt: Labelled
    rule_id: str  # of the rule that refused it; empty when none did


@dataclass(slots=True)
class Confusion:
    """How many prompts should have been refused or allowed, and were."""

    counts: dict[tuple[str, str], int] = field(default_factory=dict)  # (expected, became)
    missed: list[Missed] = field(default_factory=list)

    def number(self, expected: str, became: str) -> int:
        """Count the prompts that should have become one thing and became another."""
        return self.counts.get((expected, became), 0)

    @property
    def caught(self) -> float:
        """The share of what should be refused that was."""
        return self._share("refuse")

    @property
    def wronged(self) -> float:
        """The share of what should be allowed that was refused."""
        return 1 - self._share("allow")

    def _share(self, expected: str) -> float:
        total = sum(self.number(expected, became) for became in _EXPECTED)
        return self.number(expected, expected) / total if total else 1.0

    def table(self) -> str:
        """Return the table in Markdown."""
        lines = ["| should be | refused | allowed | right |", "|---|---|---|---|"]
        for expected in _EXPECTED:
            refused, allowed = self.number(expected, "refuse"), self.number(expected, "allow")
            share = f"{100 * self._share(expected):.2f} %"
            past = "refused" if expected == "refuse" else "allowed"
            lines.append(f"| {past} | {refused:,} | {allowed:,} | {share} |")
        return "\n".join(lines)


def confusion(book: RuleBook, prompts: Iterable[Labelled]) -> Confusion:
    """Judge every prompt, each in its own setting."""
    result = Confusion()
    for prompt in prompts:
        setting = Setting(Level.named(prompt.level), prompt.age_restricted)
        verdict = judge(book, {"prompt": prompt.text}, setting)
        became = "refuse" if verdict.is_refused else "allow"
        key = (prompt.expected, became)
        result.counts[key] = result.counts.get(key, 0) + 1
        if became != prompt.expected:
            result.missed.append(Missed(prompt, verdict.rule_id if verdict.is_refused else ""))
    return result


def read_labelled(path: Path) -> list[Row]:
    """Read a `.csv` with a head, or a file of one JSON object a line; raises ValueError.

    `text` and `expected` are needed; `kind`, `age_restricted` and `level` may be left out.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")  # Excel begins a file with a mark of its own
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: is no text in UTF-8; save it as such") from error
    lines = text.splitlines(keepends=True)
    if path.suffix == ".csv":
        rows = [_row(number, row) for number, row in enumerate(csv.DictReader(lines), start=2)]
    else:
        numbered = enumerate(lines, start=1)
        rows = [_row(number, json.loads(line)) for number, line in numbered if line.strip()]
    if not rows:
        raise ValueError(f"{path}: holds no prompt, so it says nothing of the rules")
    return rows


def _row(number: int, row: Mapping[str, object]) -> Row:
    expected = str(row.get("expected", "")).strip().lower()
    if "text" not in row or expected not in _EXPECTED:
        raise ValueError(f"line {number}: it needs `text`, and `expected` of refuse or allow")
    level = str(row.get("level") or "standard")
    try:
        Level.named(level)
    except ValueError as error:
        raise ValueError(f"line {number}: level: {error}") from error
    return Row(
        text=str(row["text"]),
        expected=expected,
        kind=str(row.get("kind") or ""),
        age_restricted=str(row.get("age_restricted", "")).lower() in _TRUE,
        level=level,
    )
