"""The deployed alarms, judged by what the rooms of this run wrote."""

from __future__ import annotations

from typing import Any

from local.dashboards.alarms import evaluated
from local.dashboards.samples import Line

NOW = 100_000.0
FIVE_MINUTES_S, DAY_S = 300, 86_400


def emitted(minutes_ago: float, name: str, *values: float) -> Line:
    return Line(NOW - 60 * minutes_ago, "a log", "Distillery", {}, {name: list(values)}, {})


def alarm(**changes: Any) -> dict[str, Any]:
    return {
        "AlarmName": "Distillery-dead-letters",
        "AlarmDescription": "Something failed. What to do: docs/operations.md#dead-letters",
        "Namespace": "Distillery",
        "MetricName": "DeadLetters",
        "Dimensions": [],
        "Statistic": "Sum",
        "Period": FIVE_MINUTES_S,
        "EvaluationPeriods": 3,
        "DatapointsToAlarm": 2,
        "Threshold": 0.0,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        **changes,
    }


def rings(*lines: Line, **changes: Any) -> bool:
    (shown,) = evaluated([alarm(**changes)], lines, NOW)
    is_ringing: bool = shown["rings"]
    return is_ringing


def test_it_rings_when_as_many_periods_are_bad_as_it_says() -> None:
    assert not rings()
    assert not rings(emitted(1, "DeadLetters", 5.0))
    assert rings(emitted(1, "DeadLetters", 1.0), emitted(7, "DeadLetters", 1.0))


def test_what_lies_before_its_periods_is_over() -> None:
    assert not rings(emitted(1, "DeadLetters", 1.0), emitted(40, "DeadLetters", 1.0))


def test_silence_raises_none_and_neither_does_another_metric() -> None:
    assert not rings(emitted(1, "Other", 9.0), emitted(7, "Other", 9.0))


def test_the_statistic_and_the_threshold_are_the_alarms_own() -> None:
    lines = [emitted(1, "DeadLetters", 1.0, 0.0)]
    once = {"EvaluationPeriods": 1, "DatapointsToAlarm": 1}
    assert rings(*lines, **once, Statistic="Average", Threshold=0.4)
    assert not rings(*lines, **once, Statistic="Average", Threshold=0.5)
    assert rings(
        *lines,
        **once,
        Statistic="Average",
        Threshold=0.5,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
    )


def test_it_says_its_condition_its_latest_value_and_what_there_is_to_do() -> None:
    (shown,) = evaluated([alarm()], [emitted(7, "DeadLetters", 2.0)], NOW)
    assert shown["condition"] == "above 0 in 2 of 3 spans of 5 minutes"
    assert shown["latest"] == 2.0
    assert (shown["text"], shown["runbook"]) == (
        "Something failed.",
        "docs/operations.md#dead-letters",
    )


def test_those_that_ring_come_first() -> None:
    bad = [emitted(1, "DeadLetters", 1.0), emitted(7, "DeadLetters", 1.0)]
    quiet = alarm(AlarmName="A", MetricName="Other")
    assert [one["name"] for one in evaluated([quiet, alarm()], bad, NOW)] == [
        "Distillery-dead-letters",
        "A",
    ]


def test_what_is_computed_is_judged_by_its_own_period() -> None:
    used = {"Namespace": "Distillery", "MetricName": "GpuTime"}
    dollars = {
        "Metrics": [
            {"Id": "expr", "Expression": "FILL(gpu, 0) * 0.5"},
            {
                "Id": "gpu",
                "MetricStat": {"Metric": used, "Period": DAY_S, "Stat": "Sum"},
                "ReturnData": False,
            },
        ],
        **{"EvaluationPeriods": 1, "DatapointsToAlarm": 1, "Threshold": 10.0},
    }
    one = {k: v for k, v in alarm().items() if k not in ("MetricName", "Statistic", "Period")}

    def judged(*lines: Line) -> dict[str, Any]:
        (shown,) = evaluated([{**one, **dollars}], lines, NOW)
        return shown

    assert not judged()["rings"]
    assert not judged(emitted(1, "GpuTime", 20.0))["rings"]
    assert judged(emitted(1, "GpuTime", 20.0), emitted(200, "GpuTime", 2.0))["rings"]
    assert judged(emitted(1, "GpuTime", 3.0))["latest"] == 1.5
    assert judged()["condition"] == "above 10 in a single day"


def test_a_composite_one_rings_with_any_of_its_parts_and_stands_before_them() -> None:
    wake = {
        "AlarmName": "Distillery-look-now",
        "AlarmDescription": "Some cannot wait. See docs/operations.md#alarms",
        "Parts": ["Distillery-dead-letters", "Distillery-no-provider"],
    }
    parts = [alarm(), alarm(AlarmName="Distillery-no-provider", MetricName="NoProvider")]
    other = alarm(AlarmName="Distillery-other")
    bad = [emitted(1, "NoProvider", 1.0), emitted(7, "NoProvider", 1.0)]

    quiet, ringing = (evaluated([*parts, other, wake], lines, NOW) for lines in ((), bad))

    assert quiet[0]["name"] == "Distillery-look-now"
    assert not any(one["rings"] for one in quiet)
    assert {one["name"] for one in ringing if one["rings"]} == {
        "Distillery-look-now",
        "Distillery-no-provider",
    }
    assert {one["name"] for one in ringing if not one["wakes"]} == {"Distillery-other"}
    assert (ringing[0]["latest"], ringing[0]["condition"]) == (1.0, "any of these 2 rings")
    assert ringing[0]["runbook"] == "docs/operations.md#alarms"


def test_what_is_not_played_here_says_so() -> None:
    (shown,) = evaluated([alarm(TreatMissingData="breaching")], [], NOW)
    assert "not played here" in shown["condition"]
