"""What repeated refusals lead to: a pause, then stricter rules, then a block. Pure arithmetic."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from distillery.core.moderation.records import Standing

PAUSE, GRAY_LIST, BLOCK = "pause", "gray-list", "block"
_KINDS = (PAUSE, GRAY_LIST, BLOCK)
_FIELDS = ("kind", "after", "minutes")


@dataclass(frozen=True, slots=True)
class Penalty:
    """What the refusal number `after` leads to, within the window.

    While a pause or a block lasts nothing is taken. Who is gray-listed is judged at the strictest
    level, and has one request under way at a time.
    """

    kind: str
    after: int
    minutes: int


@dataclass(frozen=True, slots=True)
class Penalties:
    """The rungs, the mildest first, and how long a refusal counts."""

    rungs: Sequence[Penalty] = (
        Penalty(PAUSE, after=3, minutes=10),
        Penalty(GRAY_LIST, after=5, minutes=24 * 60),
        Penalty(BLOCK, after=8, minutes=7 * 24 * 60),
    )
    window_minutes: int = 24 * 60

    def after_refusal(self, standing: Standing, now: float) -> Standing:
        """Return the standing with one more refusal. Every refusal past a rung brings it again."""
        over = now - standing.since > self.window_minutes * 60
        counted = replace(standing, refusals=0, since=now) if over else standing
        counted = replace(counted, refusals=counted.refusals + 1, revision=standing.revision + 1)
        reached = [rung for rung in self.rungs if rung.after <= counted.refusals]
        if not reached:
            return counted
        rung = reached[-1]
        until = max(now + rung.minutes * 60, counted.until)
        return replace(counted, penalty=rung.kind, until=until)


def parse_penalties(text: str) -> Penalties:
    """Read a JSON object of `window_minutes` and `rungs`; raises ValueError with all problems."""
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict) or set(document) - {"rungs", "window_minutes"}:
        raise ValueError('it must be a JSON object of "rungs" and "window_minutes"')
    usual = Penalties()
    window = document.get("window_minutes", usual.window_minutes)
    rows = document.get("rungs")
    problems = [] if _is_whole(window) else ["window_minutes must be a whole number of at least 1"]
    if rows is None:
        rungs: Sequence[Penalty] = usual.rungs
    elif not isinstance(rows, list):
        problems.append("rungs must be a list")
    else:
        problems += [p for number, row in enumerate(rows, 1) for p in _row_problems(number, row)]
        rungs = [Penalty(**row) for row in rows] if not problems else []
        counts = [rung.after for rung in rungs]
        if counts != sorted(set(counts)):
            problems.append("rungs must come in the order of their `after`, each greater")
    if problems:
        raise ValueError("; ".join(problems))
    return Penalties(tuple(rungs), window)


def _row_problems(number: int, row: object) -> list[str]:
    if not isinstance(row, dict) or set(row) != set(_FIELDS):
        return [f"rung {number}: it must have {', '.join(_FIELDS)}, and nothing else"]
    problems = []
    if row["kind"] not in _KINDS:
        problems.append(f"rung {number}: kind must be one of {', '.join(_KINDS)}")
    problems += [
        f"rung {number}: {name} must be a whole number of at least 1"
        for name in ("after", "minutes")
        if not _is_whole(row[name])
    ]
    return problems


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1
