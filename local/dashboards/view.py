"""The deployed dashboard and alarms with this run's figures, as the page draws them.

The definition is the one in the embedded AWS, which is the one that goes to AWS. Only the time that
is shown differs: a run on a laptop is minutes old, so periods are shortened to fit it.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from local.dashboards.alarms import evaluated
from local.dashboards.described import described_alarms
from local.dashboards.expressions import Unsupported, evaluate
from local.dashboards.insights import answer
from local.dashboards.samples import Line, MetricLog
from local.dashboards.statistics import Window, series

Json = dict[str, Any]

_PERIODS = 60
_SHORTEST_S = 9.5 * 60
_ROUND_S = 10.0


class DashboardView:
    """Reads the dashboards and the logs of one AWS."""

    def __init__(
        self, client: Callable[[str], Any], clock: Callable[[], float] = time.time
    ) -> None:
        self._cloudwatch = client("cloudwatch")
        self._cloudformation = client("cloudformation")
        self._log = MetricLog(client("logs"))
        self._clock = clock

    async def read(self) -> Json:
        """Return every dashboard and every alarm, ready to be drawn."""
        return await asyncio.to_thread(self._read)

    def _read(self) -> Json:
        lines = self._log.read()
        window = fitting(lines, self._clock())
        names = [d["DashboardName"] for d in self._cloudwatch.list_dashboards()["DashboardEntries"]]
        bodies = {
            name: json.loads(self._cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"])
            for name in sorted(names)
        }
        pages = self._cloudwatch.get_paginator("describe_alarms").paginate()
        made = [alarm for page in pages for alarm in page["MetricAlarms"]]
        alarms = [*made, *described_alarms(self._cloudformation)]
        return {
            "alarms": evaluated(alarms, lines, self._clock()),
            "period_s": window.period_s,
            "times": window.times(),
            "dashboards": [
                {"name": name, "widgets": [drawn(w, lines, window) for w in body["widgets"]]}
                for name, body in bodies.items()
            ],
        }


def fitting(lines: Sequence[Line], now: float) -> Window:
    """Return the time from the first line to now, in periods of a round length."""
    first = min((line.at for line in lines), default=now)
    period_s = max(now - first, _SHORTEST_S) / (_PERIODS - 1)  # the last one is under way
    period_s = (period_s // _ROUND_S + 1) * _ROUND_S
    end = (now // period_s + 1) * period_s
    return Window(end - _PERIODS * period_s, period_s, _PERIODS)


def drawn(widget: Mapping[str, Any], lines: Sequence[Line], window: Window) -> Json:
    """Return one widget: where it stands, what kind it is, and what it shows."""
    place = {name: widget[name] for name in ("x", "y", "width", "height")}
    properties = widget["properties"]
    shown: Json = {"title": properties.get("title", "")}
    try:
        shown |= _CONTENT[widget["type"]](properties, lines, window)
    except Unsupported as problem:
        shown |= {"kind": "note", "text": str(problem)}
    return place | shown


def _text(properties: Mapping[str, Any], _: Sequence[Line], __: Window) -> Json:
    heading, *rest = properties["markdown"].splitlines()
    return {"kind": "text", "heading": heading.lstrip("# "), "text": " ".join(rest)}


def _metrics(properties: Mapping[str, Any], lines: Sequence[Line], window: Window) -> Json:
    is_figure = properties["view"] == "singleValue"
    window = window.whole() if is_figure else window
    shown = _series(properties["metrics"], lines, window)
    axis = properties.get("yAxis", {}).get("left", {})
    limits = properties.get("annotations", {}).get("horizontal", [])
    return {
        "kind": "figures" if is_figure else "graph",
        "series": shown,
        "unit": axis.get("label", ""),
        "lowest": axis.get("min"),
        "highest": axis.get("max"),
        "stacked": properties.get("stacked", False),
        "bars": properties["view"] == "bar",
        "limits": [{"value": limit["value"], "label": limit["label"]} for limit in limits],
    }


def _series(rows: Sequence[Sequence[Any]], lines: Sequence[Line], window: Window) -> list[Json]:
    """Compute what is asked for, expressions after the metrics that they name."""
    known: dict[str, list[float | None]] = {}
    found: list[tuple[Mapping[str, Any], list[float | None] | None]] = []
    for row in rows:
        if isinstance(row[0], dict):
            found.append((row[0], None))
            continue
        options: Mapping[str, Any] = row[-1] if isinstance(row[-1], dict) else {}
        names = [part for part in row[2:] if not isinstance(part, dict)]
        dimensions = dict(zip(names[::2], names[1::2], strict=True))
        statistic = options.get("stat", "Average")
        values = series(lines, row[0], row[1], dimensions, statistic, window)
        known[options.get("id", "")] = values
        label = options.get("label", row[1])
        found.append(({**options, "label": label, "from": row[0]}, values))
    return [
        {
            "label": options.get("label", ""),
            "values": evaluate(options["expression"], known, window.periods)
            if values is None
            else values,
            "of_aws": "/" in options.get("from", ""),
        }
        for options, values in found
        if options.get("visible", True)
    ]


def _query(properties: Mapping[str, Any], lines: Sequence[Line], _: Window) -> Json:
    columns, rows = answer(properties["query"], lines)
    cells = [[row[column] for column in columns] for row in rows]
    return {"kind": "table", "columns": [name.replace("_", " ") for name in columns], "rows": cells}


_CONTENT: Mapping[str, Callable[[Mapping[str, Any], Sequence[Line], Window], Json]] = {
    "text": _text,
    "metric": _metrics,
    "log": _query,
}
