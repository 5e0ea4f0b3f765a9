"""CloudWatch Logs Insights, as far as our dashboard uses it: filter ispresent, stats by, sort.

Source: Amazon CloudWatch Logs, "CloudWatch Logs Insights language query syntax".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from local.dashboards.expressions import Unsupported
from local.dashboards.samples import Line

Row = Mapping[str, Any]


@dataclass(slots=True)
class _Query:
    groups: list[str] = field(default_factory=list)
    present: list[str] = field(default_factory=list)  # one of these must be in the line
    columns: list[tuple[str, str, str]] = field(default_factory=list)  # function, field, name
    by: list[str] = field(default_factory=list)
    sort: tuple[str, bool] | None = None  # a column, and whether the largest comes first


def answer(query: str, lines: Sequence[Line]) -> tuple[list[str], list[Row]]:
    """Return the columns and the rows of a query; raises Unsupported."""
    asked = _parse(query)
    groups: dict[tuple[str, ...], list[Line]] = {}
    for line in lines:
        if line.log_group in asked.groups and _is_wanted(line, asked):
            key = tuple(str(line.fields.get(name, "")) for name in asked.by)
            groups.setdefault(key, []).append(line)
    rows: list[Row] = [
        {
            **dict(zip(asked.by, key, strict=True)),
            **{name: _compute(function, of, found) for function, of, name in asked.columns},
        }
        for key, found in sorted(groups.items())
    ]
    if asked.sort:
        column, descending = asked.sort
        rows.sort(key=lambda row: row[column] or 0, reverse=descending)
    return [*asked.by, *(name for *_, name in asked.columns)], rows


def _is_wanted(line: Line, asked: _Query) -> bool:
    return not asked.present or any(name in line.fields for name in asked.present)


def _compute(function: str, of: str, lines: Sequence[Line]) -> float | None:
    if function == "count":
        return float(len(lines))
    values = [float(line.fields[of]) for line in lines if of in line.fields]
    return sum(values) if values else None


def _parse(query: str) -> _Query:
    asked = _Query()
    for part in re.split(r"\s*[|\n]\s*", query.strip()):
        word, _, rest = part.partition(" ")
        match word.lower():
            case "source":
                asked.groups.append(rest.strip("'"))
            case "filter":
                asked.present = [_present(text) for text in rest.split(" or ")]
            case "stats":
                columns, _, by = rest.partition(" by ")
                asked.columns = [_column(text) for text in columns.split(", ")]
                asked.by = [name.strip() for name in by.split(",") if name.strip()]
            case "sort":
                name, _, order = rest.partition(" ")
                asked.sort = name, order == "desc"
            case _:
                raise Unsupported(f"not played here: {part}")
    return asked


def _present(text: str) -> str:
    found = re.fullmatch(r"ispresent\((\w+)\)", text.strip())
    if not found:
        raise Unsupported(f"not played here: filter {text}")
    return found[1]


def _column(text: str) -> tuple[str, str, str]:
    found = re.fullmatch(r"(count|sum)\((\*|\w+)\) as (\w+)", text.strip())
    if not found:
        raise Unsupported(f"not played here: stats {text}")
    return found[1], found[2], found[3]
