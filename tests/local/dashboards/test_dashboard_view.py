"""The stand-in for CloudWatch's arithmetic: what a dashboard shows of what rooms wrote."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distillery.aws.telemetry import EmfTelemetry
from local.dashboards.expressions import Unsupported, evaluate
from local.dashboards.insights import answer
from local.dashboards.samples import Line, MetricLog, parse
from local.dashboards.statistics import Window, compute, series
from local.dashboards.view import drawn, fitting

GROUP = "Distillery/FollowupLog"
WINDOW = Window(begin=1000.0, period_s=10.0, periods=3)


def emitted(at: float, name: str, *values: float, **labels: str) -> Line:
    dimensions = {key: value for key, value in labels.items() if key == "provider"}
    fields = {name: values[0], **labels}
    return Line(at, GROUP, "Distillery", dimensions, {name: values}, fields)


def graph(*metrics: list[Any], **properties: Any) -> dict[str, Any]:
    shown = {"title": "A graph", "view": "timeSeries", "metrics": list(metrics), **properties}
    return {"type": "metric", "x": 0, "y": 2, "width": 12, "height": 6, "properties": shown}


def test_a_line_that_a_room_writes_is_read_back(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Distillery")
    EmfTelemetry("followup").count("JobsFailed", provider="runpod", reason="lost")

    (line,) = parse(GROUP, capsys.readouterr().out)

    assert (line.namespace, dict(line.dimensions)) == ("Distillery", {"provider": "runpod"})
    assert line.metrics == {"JobsFailed": [1.0]}
    assert line.fields["reason"] == "lost"
    _, rows = answer(
        f"SOURCE '{GROUP}' | filter ispresent(JobsFailed)"
        " | stats count(*) as n, sum(JobsFailed) as failed by reason",
        [line],
    )
    assert rows == [{"reason": "lost", "n": 1, "failed": 1}]


def test_an_array_is_found_by_the_places_of_its_members_alone_as_on_aws() -> None:
    metric = {"Namespace": "A", "Dimensions": [[]], "Metrics": [{"Name": "JobsFailed"}]}
    told = {"_aws": {"Timestamp": 1, "CloudWatchMetrics": [metric]}, "JobsFailed": [2.0]}
    (line,) = parse(GROUP, json.dumps(told))

    def summed(field: str) -> Any:
        _, rows = answer(f"SOURCE '{GROUP}' | stats sum({field}) as n", [line])
        return rows[0]["n"]

    assert line.metrics == {"JobsFailed": [2.0]}
    assert line.fields == {"JobsFailed.0": 2.0}
    assert summed("JobsFailed") is None


@pytest.mark.parametrize("text", ["START RequestId: 1", "{}", '{"level": "INFO"}', ""])
def test_any_other_line_is_passed_over(text: str) -> None:
    assert not list(parse(GROUP, text))


def test_a_statistic_is_taken_of_each_period_and_of_these_dimensions_alone() -> None:
    lines = [
        emitted(1001, "GpuTime", 1, 5, provider="runpod"),
        emitted(1009, "GpuTime", 3, provider="runpod"),
        emitted(1005, "GpuTime", 100, provider="sagemaker"),
        emitted(1029, "GpuTime", 7, provider="runpod"),
        emitted(1030, "GpuTime", 9, provider="runpod"),
    ]

    def of_runpod(statistic: str) -> list[float | None]:
        return series(lines, "Distillery", "GpuTime", {"provider": "runpod"}, statistic, WINDOW)

    assert of_runpod("Sum") == [9, None, 7]
    assert of_runpod("SampleCount") == [3, None, 1]
    assert of_runpod("Average") == [3, None, 7]
    assert of_runpod("Maximum") == [5, None, 7]
    assert of_runpod("p50") == [3, None, 7]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.floats(0, 100))
def test_a_percentile_lies_among_the_values(values: list[float], percent: float) -> None:
    found = compute(f"p{percent:.2f}", values)
    assert min(values) <= found <= max(values)


def test_a_statistic_that_is_not_played_is_refused() -> None:
    with pytest.raises(Unsupported, match="TM"):
        compute("TM(1%:99%)", [1.0])


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("100 * (1 - missed)", 75.0),
        ("FILL(nothing, 0) * 0.5 + missed", 0.25),
        ("nothing + 1", None),
        ("missed / FILL(nothing, 0)", None),
        ("-missed", -0.25),
    ],
)
def test_an_expression_is_computed(expression: str, value: float | None) -> None:
    assert evaluate(expression, {"missed": [0.25], "nothing": [None]}, 1) == [value]


@pytest.mark.parametrize(
    "expression", ["__import__('os')", "ANOMALY(missed)", "missed.real", "2 ** 9", "1 +", "other"]
)
def test_an_expression_that_is_not_played_is_refused(expression: str) -> None:
    with pytest.raises(Unsupported):
        evaluate(expression, {"missed": [0.25]}, 1)


def test_a_query_counts_by_fields_and_sorts() -> None:
    lines = [
        emitted(1001, "JobsFailed", 1, provider="runpod", reason="lost"),
        emitted(1002, "JobsFailed", 1, provider="runpod", reason="too_late"),
        emitted(1003, "JobsFailed", 1, provider="runpod", reason="too_late"),
        emitted(1004, "JobsRefused", 1, kind="InvalidOption"),
    ]
    columns, rows = answer(
        f"SOURCE '{GROUP}' | filter ispresent(JobsFailed)\n"
        "| stats count(*) as failed, sum(JobsFailed) as n by reason, provider | sort failed desc",
        lines,
    )

    assert columns == ["reason", "provider", "failed", "n"]
    assert [list(row.values()) for row in rows] == [
        ["too_late", "runpod", 2, 2],
        ["lost", "runpod", 1, 1],
    ]


def test_a_query_looks_into_its_own_log_groups_alone() -> None:
    _, rows = answer("SOURCE 'other' | stats count(*) as n by kind", [emitted(1, "A", 1)])
    assert rows == []


@pytest.mark.parametrize("part", ["parse @message 'a'", "filter a = 1", "stats max(a) as b"])
def test_a_query_that_is_not_played_is_refused(part: str) -> None:
    with pytest.raises(Unsupported):
        answer(f"SOURCE '{GROUP}' | {part}", [])


def test_a_graph_has_the_visible_series_and_its_limits() -> None:
    widget = graph(
        ["Distillery", "AnswersMissed", {"id": "missed", "visible": False}],
        [{"label": "success", "expression": "100 * (1 - missed)"}],
        ["AWS/ApiGateway", "5xx", "ApiId", "abc", {"label": "5xx"}],
        annotations={"horizontal": [{"value": 99, "label": "objective"}]},
        yAxis={"left": {"label": "%", "max": 100}},
    )

    shown = drawn(widget, [emitted(1001, "AnswersMissed", 0, 1)], WINDOW)

    assert (shown["kind"], shown["unit"], shown["highest"]) == ("graph", "%", 100)
    assert shown["limits"] == [{"value": 99, "label": "objective"}]
    assert [(s["label"], s["values"], s["of_aws"]) for s in shown["series"]] == [
        ("success", [50.0, None, None], False),
        ("5xx", [None, None, None], True),
    ]


def test_a_figure_is_one_value_of_the_whole_time() -> None:
    widget = graph(["Distillery", "TimeToAnswer", {"stat": "p50"}], view="singleValue")
    lines = [emitted(1001, "TimeToAnswer", 2), emitted(1029, "TimeToAnswer", 4)]

    shown = drawn(widget, lines, WINDOW)

    assert (shown["kind"], shown["series"][0]["values"]) == ("figures", [3.0])


def test_what_cannot_be_played_says_so_in_its_place() -> None:
    widget = graph([{"expression": "SEARCH('x', 'Sum')", "label": "all"}])
    shown = drawn(widget, [], WINDOW)
    assert (shown["kind"], shown["x"], shown["width"]) == ("note", 0, 12)
    assert "SEARCH" in shown["text"]


@given(st.floats(0, 1e6))
def test_the_time_that_is_shown_holds_the_whole_run_in_round_periods(age_s: float) -> None:
    now = 1_790_000_000.0
    window = fitting([emitted(now - age_s, "A", 1)], now)

    assert window.number(now - age_s) is not None
    assert window.times()[-1] + window.period_s >= now
    assert window.period_s % 10 == 0


class Logs:
    """CloudWatch Logs with one group, whose events come page by page."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.read_from: list[int] = []

    def get_paginator(self, operation: str) -> Any:
        return self if operation == "filter_log_events" else Groups()

    def paginate(self, **asked: Any) -> Any:
        self.read_from.append(asked["startTime"])
        return [{"events": [e for e in self.events if e["timestamp"] >= asked["startTime"]]}]


class Groups:
    def paginate(self) -> Any:
        return [{"logGroups": [{"logGroupName": GROUP}]}]


def test_a_line_counts_once_however_often_the_logs_are_read() -> None:
    logs = Logs()
    log = MetricLog(logs)
    for n in range(3):
        told = {
            "Timestamp": 5000 + n,
            "CloudWatchMetrics": [
                {
                    "Namespace": "Distillery",
                    "Dimensions": [[]],
                    "Metrics": [{"Name": "JobsAccepted"}],
                }
            ],
        }
        message = json.dumps({"_aws": told, "JobsAccepted": [1.0]})
        logs.events.append({"timestamp": 5000 + n, "message": message, "eventId": str(n)})
        assert len(log.read()) == n + 1
        assert len(log.read()) == n + 1
    assert logs.read_from[-1] == 5002  # what was read before is not asked for again
