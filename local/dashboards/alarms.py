"""What the deployed alarms make of this run: CloudWatch's evaluation, which MiniStack does not do.

Source: Amazon CloudWatch, "Alarm evaluation": an alarm rings when so many of its last periods are
beyond its threshold. Ours all take a period without data for a good one.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any

from local.dashboards.expressions import Series, Unsupported, evaluate
from local.dashboards.samples import Line
from local.dashboards.statistics import Window, series

Json = dict[str, Any]

_BEYOND: Mapping[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanThreshold": (operator.gt, "above"),
    "GreaterThanOrEqualToThreshold": (operator.ge, "at least"),
    "LessThanThreshold": (operator.lt, "below"),
    "LessThanOrEqualToThreshold": (operator.le, "at most"),
}
_MINUTE_S = 60
_UNITS = ((86_400, "day"), (3600, "hour"), (_MINUTE_S, "minute"), (1, "second"))


def evaluated(alarms: Sequence[Mapping[str, Any]], lines: Sequence[Line], now: float) -> list[Json]:
    """Return each alarm as the page shows it: those that ring first, composite ones before others.

    `alarms` are as DescribeAlarms tells them; a composite one has the names of its `Parts` besides.
    """
    simple = [_evaluated(alarm, lines, now) for alarm in alarms if "Parts" not in alarm]
    ringing = {alarm["name"] for alarm in simple if alarm["rings"]}
    composite = [_combined(alarm, ringing) for alarm in alarms if "Parts" in alarm]
    waking = {name for alarm in composite for name in alarm["parts"]}
    shown = [*composite, *({**alarm, "wakes": alarm["name"] in waking} for alarm in simple)]
    return sorted(shown, key=lambda alarm: (not alarm["rings"], not alarm["parts"], alarm["name"]))


def _combined(alarm: Mapping[str, Any], ringing: Set[str]) -> Json:
    parts: Sequence[str] = alarm["Parts"]
    rung = ringing & set(parts)
    return {
        **_told(alarm),
        "rings": bool(rung),
        "condition": f"any of these {len(parts)} rings",
        "latest": float(len(rung)),
        "parts": parts,
        "wakes": True,
    }


def _evaluated(alarm: Mapping[str, Any], lines: Sequence[Line], now: float) -> Json:
    told = {**_told(alarm), "parts": ()}
    try:
        values = _values(alarm, lines, now)
    except Unsupported as problem:
        return {**told, "rings": False, "condition": str(problem), "latest": None}
    is_beyond, words = _BEYOND[alarm["ComparisonOperator"]]
    bad = sum(value is not None and is_beyond(value, alarm["Threshold"]) for value in values)
    return {
        **told,
        "rings": bad >= _wanted(alarm),
        "condition": f"{words} {round(alarm['Threshold'], 3):,g} in {_span(alarm)}",
        "latest": next((value for value in reversed(values) if value is not None), None),
    }


def _told(alarm: Mapping[str, Any]) -> Json:
    text, *runbook = re.split(" (?:What to do:|See) ", alarm.get("AlarmDescription", ""))
    return {"name": alarm["AlarmName"], "text": text, "runbook": "".join(runbook)}


def _values(alarm: Mapping[str, Any], lines: Sequence[Line], now: float) -> Series:
    """Return the alarm's metric in the periods that it looks at, the one under way included."""
    if alarm.get("TreatMissingData") != "notBreaching":
        raise Unsupported("not played here: an alarm that silence raises")
    period_s, periods = _period_s(alarm), int(alarm["EvaluationPeriods"])
    end = (now // period_s + 1) * period_s
    window = Window(end - period_s * periods, period_s, periods)
    if "Metrics" not in alarm:
        return _series(alarm, alarm.get("Statistic") or alarm["ExtendedStatistic"], lines, window)
    known = {
        part["Id"]: _series(stat["Metric"], stat["Stat"], lines, window)
        for part in alarm["Metrics"]
        if (stat := part.get("MetricStat"))
    }
    (computed,) = (part for part in alarm["Metrics"] if "Expression" in part)
    return evaluate(computed["Expression"], known, periods)


def _series(
    metric: Mapping[str, Any], statistic: str, lines: Sequence[Line], window: Window
) -> list[float | None]:
    dimensions = {part["Name"]: part["Value"] for part in metric.get("Dimensions", [])}
    return series(lines, metric["Namespace"], metric["MetricName"], dimensions, statistic, window)


def _period_s(alarm: Mapping[str, Any]) -> float:
    """Return seconds. An alarm that computes has the period of what it computes from."""
    stats = (part["MetricStat"] for part in alarm.get("Metrics", ()) if "MetricStat" in part)
    return float(next((stat["Period"] for stat in stats), alarm.get("Period", _MINUTE_S)))


def _wanted(alarm: Mapping[str, Any]) -> int:
    return int(alarm.get("DatapointsToAlarm") or alarm["EvaluationPeriods"])


def _span(alarm: Mapping[str, Any]) -> str:
    seconds, of = int(_period_s(alarm)), int(alarm["EvaluationPeriods"])
    unit_s, unit = next(one for one in _UNITS if seconds % one[0] == 0)
    length = seconds // unit_s
    if of > 1:
        spans = f"{unit}s" if length == 1 else f"spans of {length} {unit}s"
        return f"{_wanted(alarm)} of {of} {spans}"
    return f"a single {unit}" if length == 1 else f"{length} {unit}s"
