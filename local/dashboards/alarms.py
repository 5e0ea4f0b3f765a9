"""What the deployed alarms make of this run: CloudWatch's evaluation, which MiniStack does not do.

Source: Amazon CloudWatch, "Alarm evaluation": an alarm rings when so many of its last periods are
beyond its threshold. Ours all take a period without data for a good one.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from local.dashboards.expressions import Series, Unsupported
from local.dashboards.samples import Line
from local.dashboards.statistics import Window, series

Json = dict[str, Any]

_BEYOND: Mapping[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanThreshold": (operator.gt, "above"),
    "GreaterThanOrEqualToThreshold": (operator.ge, "at least"),
    "LessThanThreshold": (operator.lt, "below"),
    "LessThanOrEqualToThreshold": (operator.le, "at most"),
}
_HOUR_S, _MINUTE_S = 3600, 60


def evaluated(alarms: Sequence[Mapping[str, Any]], lines: Sequence[Line], now: float) -> list[Json]:
    """Return each alarm as the page shows it, those that ring first.

    `alarms` are as DescribeAlarms tells them.
    """
    shown = [_evaluated(alarm, lines, now) for alarm in alarms]
    return sorted(shown, key=lambda alarm: (not alarm["rings"], alarm["name"]))


def _evaluated(alarm: Mapping[str, Any], lines: Sequence[Line], now: float) -> Json:
    text, _, runbook = alarm.get("AlarmDescription", "").partition(" What to do: ")
    told = {"name": alarm["AlarmName"], "text": text, "runbook": runbook}
    try:
        values = _values(alarm, lines, now)
    except Unsupported as problem:
        return {**told, "rings": False, "condition": str(problem), "latest": None}
    is_beyond, words = _BEYOND[alarm["ComparisonOperator"]]
    bad = sum(value is not None and is_beyond(value, alarm["Threshold"]) for value in values)
    return {
        **told,
        "rings": bad >= _wanted(alarm),
        "condition": f"{words} {alarm['Threshold']:g} in {_span(alarm)}",
        "latest": next((value for value in reversed(values) if value is not None), None),
    }


def _values(alarm: Mapping[str, Any], lines: Sequence[Line], now: float) -> Series:
    """Return the alarm's metric in the periods that it looks at, the one under way included."""
    if "MetricName" not in alarm:
        raise Unsupported("not played here: an alarm that computes")
    if alarm.get("TreatMissingData") != "notBreaching":
        raise Unsupported("not played here: an alarm that silence raises")
    period_s, periods = float(alarm["Period"]), int(alarm["EvaluationPeriods"])
    end = (now // period_s + 1) * period_s
    return series(
        lines,
        alarm["Namespace"],
        alarm["MetricName"],
        {part["Name"]: part["Value"] for part in alarm.get("Dimensions", [])},
        alarm.get("Statistic") or alarm["ExtendedStatistic"],
        Window(end - period_s * periods, period_s, periods),
    )


def _wanted(alarm: Mapping[str, Any]) -> int:
    return int(alarm.get("DatapointsToAlarm") or alarm["EvaluationPeriods"])


def _span(alarm: Mapping[str, Any]) -> str:
    seconds, of = int(alarm["Period"]), int(alarm["EvaluationPeriods"])
    whole_hours = seconds % _HOUR_S == 0
    length = seconds // (_HOUR_S if whole_hours else _MINUTE_S)
    unit = "hour" if whole_hours else "minute"
    if of > 1:
        spans = f"{unit}s" if length == 1 else f"spans of {length} {unit}s"
        return f"{_wanted(alarm)} of {of} {spans}"
    return f"a single {unit}" if length == 1 else f"{length} {unit}s"
