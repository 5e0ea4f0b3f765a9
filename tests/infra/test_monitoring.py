"""The dashboard and the alarms: they show what is emitted, and lead to what to do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import jsonschema
import pytest
from moto import mock_aws

from distillery.core.metrics import METRICS
from infra.alarms import alarms
from infra.dashboards.sources import Sources
from local.dashboards.alarms import evaluated
from local.dashboards.described import of_template
from tests.infra.conftest import EXAMPLE, ROOT, settings_of, synthesized
from tests.infra.test_service_stack import of_type

AWS_OWN = {
    ("AWS/ApiGateway", "Latency"),
    ("AWS/ApiGateway", "5xx"),
    ("AWS/SageMaker", "ApproximateBacklogSize"),
    ("/aws/sagemaker/Endpoints", "GPUUtilization"),
    ("AWS/SQS", "NumberOfMessagesReceived"),
}
"""What AWS emits by itself, at no price."""
PROVIDERS = {"runpod", "sagemaker"}
SOURCES = Sources(
    namespace="Distillery",
    slots={"runpod": 3, "sagemaker": 2},
    dollars_a_second={"runpod": 0.0002, "sagemaker": 0.0004},
    objective=0.99,
    budget_dollars=50,
    api={},
    api_errors="5xx",
    sagemaker_endpoint="",
    dead_letters_queue="",
    rooms_that_accept=[],
    rooms_that_answer=[],
)
SUBSCRIPTION = "AWS::SNS::Subscription"
MOST_FOR_NOTHING = 50
"""Metrics of a dashboard of the free tier (Amazon CloudWatch pricing)."""


_METRIC_WIDGET = {
    "required": ["region", "title", "metrics"],
    "properties": {
        "view": {"enum": ["timeSeries", "singleValue", "bar"]},
        "metrics": {"type": "array", "minItems": 1, "maxItems": 500},
        "stacked": {"type": "boolean"},
        "setPeriodToTimeRange": {"type": "boolean"},
        "start": {"type": "string", "pattern": "^-P"},
        "title": {"type": "string"},
    },
}
_PROPERTIES = {
    "metric": _METRIC_WIDGET,
    "log": {
        "required": ["region", "query", "view"],
        "properties": {"query": {"type": "string", "pattern": "^SOURCE '"}},
    },
    "text": {"required": ["markdown"], "properties": {"markdown": {"type": "string"}}},
    "alarm": {"required": ["alarms"], "properties": {"alarms": {"type": "array", "maxItems": 100}}},
}
SCHEMA = {
    "type": "object",
    "required": ["widgets"],
    "properties": {
        "start": {"type": "string"},
        "widgets": {
            "type": "array",
            "maxItems": 500,
            "items": {
                "required": ["type", "width", "height", "x", "y", "properties"],
                "properties": {
                    "type": {"enum": list(_PROPERTIES)},
                    "x": {"type": "integer", "minimum": 0, "maximum": 23},
                    "width": {"type": "integer", "minimum": 1, "maximum": 24},
                    "height": {"type": "integer", "minimum": 1, "maximum": 1000},
                },
                "allOf": [
                    {
                        "if": {"properties": {"type": {"const": kind}}},
                        "then": {"properties": {"properties": properties}},
                    }
                    for kind, properties in _PROPERTIES.items()
                ],
            },
        },
    },
}
"""What CloudWatch says of a dashboard ("Dashboard body structure and syntax"), as we use it."""


def body(template: Mapping[str, Any]) -> dict[str, Any]:
    """The dashboard as CloudFormation writes it, names made up for what AWS names."""
    (dashboard,) = of_type(template, "AWS::CloudWatch::Dashboard").values()
    parsed: dict[str, Any] = json.loads(written(dashboard["Properties"]["DashboardBody"]))
    return parsed


def written(value: Any) -> str:
    match value:
        case str():
            return value
        case {"Fn::Join": [between, parts]}:
            return str(between).join(map(written, parts))
        case {"Ref": "AWS::Region"}:
            return "eu-central-1"
        case {"Ref": name} | {"Fn::GetAtt": [name, _]}:
            return str(name)
    raise AssertionError(f"an unknown kind of text: {value}")


def shown(template: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Each metric of the dashboard: its namespace, its name and its dimensions."""
    for widget in body(template)["widgets"]:
        for row in widget["properties"].get("metrics", []):
            if not isinstance(row[0], dict):
                labels = [part for part in row[2:] if not isinstance(part, dict)]
                yield row[0], row[1], dict(zip(labels[::2], labels[1::2], strict=True))


def queried(template: Mapping[str, Any]) -> set[str]:
    """The metrics that the dashboard's queries take from log lines."""
    queries = [widget["properties"].get("query", "") for widget in body(template)["widgets"]]
    return {name for query in queries for name in re.findall(r"(?:ispresent|sum)\((\w+)\)", query)}


def alarmed(template: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, str]]]:
    for alarm in of_type(template, "AWS::CloudWatch::Alarm").values():
        for metric in looked_at(alarm["Properties"]):
            dimensions = {d["Name"]: written(d["Value"]) for d in metric.get("Dimensions", [])}
            yield metric["Namespace"], metric["MetricName"], dimensions


def looked_at(alarm: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The metrics of an alarm's expression, or its only one."""
    statistics = [part["MetricStat"] for part in alarm.get("Metrics", []) if "MetricStat" in part]
    return [statistic["Metric"] for statistic in statistics] or [dict(alarm)]


def test_cloudwatch_takes_the_dashboard(template: dict[str, Any]) -> None:
    with mock_aws():
        client = boto3.client("cloudwatch", region_name="eu-central-1")
        client.put_dashboard(DashboardName="a", DashboardBody=json.dumps(body(template)))
    jsonschema.validate(body(template), SCHEMA)  # moto looks no further than for JSON


def test_what_a_log_filter_counts_is_in_the_catalogue(template: dict[str, Any]) -> None:
    (counted,) = of_type(template, "AWS::Logs::MetricFilter").values()
    (made,) = counted["Properties"]["MetricTransformations"]
    assert METRICS[made["MetricName"]].dimensions == ()
    assert made["Unit"] == METRICS[made["MetricName"]].unit, "an alarm is to see one unit alone"
    assert made["MetricNamespace"] == "Distillery"
    assert counted["Properties"]["FilterPattern"] == '{ $.status = "5*" }'
    (stage,) = of_type(template, "AWS::ApiGatewayV2::Stage").values()
    logged = stage["Properties"]["AccessLogSettings"]
    assert json.loads(logged["Format"])["status"] == "$context.status"
    assert counted["Properties"]["LogGroupName"]["Ref"] == logged["DestinationArn"]["Fn::GetAtt"][0]


def test_everything_shown_or_alarmed_on_is_emitted_with_these_dimensions(
    template: dict[str, Any],
) -> None:
    for namespace, name, dimensions in [*shown(template), *alarmed(template)]:
        if (namespace, name) not in AWS_OWN:
            assert namespace == "Distillery"
            assert tuple(dimensions) == METRICS[name].dimensions, name
            assert set(dimensions.values()) <= PROVIDERS


def test_everything_emitted_is_shown_or_alarmed_on_by_every_provider(
    template: dict[str, Any],
) -> None:
    seen: dict[str, set[str]] = {}
    for _, name, dimensions in [*shown(template), *alarmed(template)]:
        seen.setdefault(name, set()).update(dimensions.values())
    for metric in METRICS.values():
        found = seen.get(metric.name, set())
        told = f"show {metric.name} in infra/dashboards, or alarm on it in infra/alarms.py"
        assert metric.name in seen.keys() | queried(template), told
        assert found == (PROVIDERS if metric.dimensions else set()), metric.name


def test_the_rooms_emit_into_the_namespace_that_is_shown(template: dict[str, Any]) -> None:
    for function in of_type(template, "AWS::Lambda::Function").values():
        variables = function["Properties"].get("Environment", {}).get("Variables", {})
        assert variables.get("POWERTOOLS_METRICS_NAMESPACE", "Distillery") == "Distillery"


def test_the_one_dashboard_fits_the_free_tier(template: dict[str, Any]) -> None:
    assert len(of_type(template, "AWS::CloudWatch::Dashboard")) == 1
    different = {
        (space, name, bool(labels) and space == "Distillery")
        for space, name, labels in shown(template)
    }
    of_three_providers = sum(3 if is_by_provider else 1 for *_, is_by_provider in different)
    assert of_three_providers <= MOST_FOR_NOTHING


def test_slots_of_all_providers_are_drawn_on_top_of_each_other_against_all_slots(
    template: dict[str, Any],
) -> None:
    (graph,) = [
        widget["properties"]
        for widget in body(template)["widgets"]
        if widget["properties"].get("title") == "Slots in flight"
    ]
    assert len(graph["metrics"]) == len(PROVIDERS)
    assert graph["stacked"] is True
    (line,) = graph["annotations"]["horizontal"]
    settings = settings_of(EXAMPLE)
    assert line["value"] == settings.runpod_slots + settings.sagemaker_slots


def test_the_dashboard_has_four_sections(template: dict[str, Any]) -> None:
    titles = [w["properties"].get("markdown", "") for w in body(template)["widgets"]]
    found = [text.splitlines()[0] for text in titles if text]
    assert found == ["# Service", "# Providers", "# Cost", "# Discord"]


def test_every_field_that_a_query_asks_for_is_in_the_lines(template: dict[str, Any]) -> None:
    known = {"provider", "room", *METRICS}
    known |= {field for metric in METRICS.values() for field in metric.fields}
    assert queried(template) <= known
    for widget in body(template)["widgets"]:
        text = widget["properties"].get("query", "")
        for name in re.findall(r" by ([\w, ]+?)(?= \||$)", text):
            assert set(name.split(", ")) <= known, text


def test_every_alarm_leads_to_its_entry_in_the_runbook(template: dict[str, Any]) -> None:
    runbook = (ROOT / "docs" / "operations.md").read_text()
    headings = set(re.findall(r"^#+ (.+)$", runbook, re.MULTILINE))
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    kinds = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
    for alarm in [alarm for kind in kinds for alarm in of_type(template, kind).values()]:
        description = alarm["Properties"]["AlarmDescription"]
        anchor = re.search(r"docs/operations\.md#([\w-]+)$", description)
        assert anchor, description
        assert anchor[1] in anchors, f"docs/operations.md has no heading for {description}"


def test_one_cause_wakes_once(template: dict[str, Any]) -> None:
    """What wakes does so through the one composite alarm; the others tell by themselves."""
    (wake,) = of_type(template, "AWS::CloudWatch::CompositeAlarm").values()
    rule = json.dumps(wake["Properties"]["AlarmRule"])
    for name, alarm in of_type(template, "AWS::CloudWatch::Alarm").items():
        assert (name in rule) != bool(alarm["Properties"].get("AlarmActions")), name
    assert wake["Properties"]["AlarmActions"]


def test_no_alarm_is_raised_by_silence(template: dict[str, Any]) -> None:
    """Nothing is emitted while nobody asks, so missing data is no news."""
    for alarm in of_type(template, "AWS::CloudWatch::Alarm").values():
        assert alarm["Properties"]["TreatMissingData"] == "notBreaching"


def alarm_called(template: Mapping[str, Any], name: str) -> dict[str, Any]:
    (found,) = [
        alarm["Properties"]
        for alarm in of_type(template, "AWS::CloudWatch::Alarm").values()
        if alarm["Properties"]["AlarmName"] == f"Distillery-{name}"
    ]
    properties: dict[str, Any] = found
    return properties


@pytest.mark.parametrize(
    ("objective", "fast", "slow"),
    [(0.99, 0.144, 0.06), (0.95, 0.5, 0.3), (0.9, 0.5, 0.5), (0.51, 0.5, 0.5)],
)
def test_whatever_the_objective_is_alarms_ring_when_everything_fails(
    objective: float, fast: float, slow: float
) -> None:
    """And not while it is kept: at most all of the requests fail."""
    made = {one.name: one for one in alarms(replace(SOURCES, objective=objective))}
    burning = made["many-requests-fail"], made["more-requests-fail-than-should"]

    assert [one.above for one in burning] == pytest.approx([fast, slow])
    assert all(1 - objective < one.above < 1 for one in burning)
    assert all(f"{one.above:.0%}" in one.text for one in burning)


def test_letters_ring_without_the_room_that_would_count_them(
    template: dict[str, Any], local_template: dict[str, Any]
) -> None:
    alarm = alarm_called(template, "dead-letters")
    (queue,) = [name for name in of_type(template, "AWS::SQS::Queue") if "DeadLetters" in name]
    (dimension,) = alarm["Dimensions"]

    assert (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]) == (
        *("AWS/SQS", "NumberOfMessagesReceived"),
        "Sum",
    )
    assert (dimension["Name"], written(dimension["Value"])) == ("QueueName", queue)
    # Whatever cannot be read is received again after its visibility timeout: one alarm, not many.
    again_s = template["Resources"][queue]["Properties"]["VisibilityTimeout"]
    assert (alarm["Threshold"], alarm["DatapointsToAlarm"]) == (0, 1)
    assert alarm["Period"] * (alarm["EvaluationPeriods"] - 1) >= again_s

    assert alarm_called(local_template, "dead-letters")["MetricName"] == "DeadLetters"


def test_no_budget_is_passed_unnoticed(template: dict[str, Any]) -> None:
    """An even use that ends the month above it rings, and one that keeps it does not."""
    alarm = alarm_called(template, "the-budget-is-used-up-too-fast")
    (period_s,) = {p["MetricStat"]["Period"] for p in alarm["Metrics"] if "MetricStat" in p}

    assert period_s * alarm["EvaluationPeriods"] <= 7 * 86_400, "the longest that CloudWatch takes"
    a_month = alarm["Threshold"] * 30 * 86_400 / period_s
    assert a_month == pytest.approx(settings_of(EXAMPLE).gpu_budget_dollars)


def test_cloudwatch_takes_the_alarms(template: dict[str, Any]) -> None:
    """moto refuses an alarm that has no metric, and one that has two kinds of it."""
    with mock_aws():
        client = boto3.client("cloudwatch", region_name="eu-central-1")
        for name, alarm in of_type(template, "AWS::CloudWatch::Alarm").items():
            properties = json.loads(json.dumps(alarm["Properties"]))
            for key in ("AlarmActions", "OKActions"):
                properties.pop(key, None)
            for metric in looked_at(properties):
                for dimension in metric.get("Dimensions", []):
                    dimension["Value"] = written(dimension["Value"])
            client.put_metric_alarm(**{"AlarmName": name, **properties})
        made = client.describe_alarms()["MetricAlarms"]
        assert len(made) == len(of_type(template, "AWS::CloudWatch::Alarm"))


def test_only_cloudwatch_of_this_account_may_tell(template: dict[str, Any]) -> None:
    (policy,) = of_type(template, "AWS::SNS::TopicPolicy").values()
    allowed = [
        statement
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    ]
    (statement,) = allowed
    assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    }


def test_the_embedded_aws_makes_no_alarm_that_it_does_not_know_and_is_told_all_the_same(
    local_template: dict[str, Any],
) -> None:
    """Such an alarm is only described there, under a condition that never holds."""
    assert local_template["Conditions"] == {
        local_template["Resources"][name]["Condition"]: {
            "Fn::Equals": [{"Ref": "AWS::Partition"}, "none"]
        }
        for name in of_type(local_template, "AWS::CloudWatch::CompositeAlarm")
    }
    for alarm in of_type(local_template, "AWS::CloudWatch::Alarm").values():
        assert ("Condition" in alarm) == ("Metrics" in alarm["Properties"])
        assert alarm["Properties"]["AlarmActions"]


def test_on_aws_every_alarm_is_made(template: dict[str, Any]) -> None:
    for kind in ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"):
        assert not any("Condition" in alarm for alarm in of_type(template, kind).values())


def test_the_five_questions_are_saved_for_all_rooms(template: dict[str, Any]) -> None:
    saved = of_type(template, "AWS::Logs::QueryDefinition").values()
    assert len(saved) == 5
    for query in saved:
        assert query["Properties"]["Name"].startswith("Distillery/")
        assert len(query["Properties"]["LogGroupNames"]) >= 6


def test_the_channel_is_told_of_alarms_only_where_there_is_one(
    template: dict[str, Any], tmp_path: Path
) -> None:
    protocols = [s["Properties"]["Protocol"] for s in of_type(template, SUBSCRIPTION).values()]
    assert protocols == ["lambda"]

    without = synthesized(tmp_path, alarm_channel="", alarm_email="a@example.com")
    protocols = [s["Properties"]["Protocol"] for s in of_type(without, SUBSCRIPTION).values()]
    assert protocols == ["email"]
    assert not [name for name in without["Resources"] if name.startswith("TellAlarms")]


def test_alarms_lead_to_the_runbook_that_the_settings_name(tmp_path: Path) -> None:
    address = "https://example.com/operations.md"
    named = synthesized(tmp_path, runbook=address)
    for kind in ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"):
        for alarm in of_type(named, kind).values():
            assert f"{address}#" in alarm["Properties"]["AlarmDescription"]


def test_every_alarm_of_the_deployment_is_judged_on_the_local_page(
    template: dict[str, Any], local_template: dict[str, Any]
) -> None:
    """As CloudFormation writes it; DescribeAlarms tells the same names."""
    alarms = of_type(local_template, "AWS::CloudWatch::Alarm").values()
    made = [alarm["Properties"] for alarm in alarms if "Condition" not in alarm]
    shown = evaluated([*made, *of_template(local_template)], [], 1_790_000_000.0)

    assert {one["name"] for one in shown} == {
        alarm["Properties"]["AlarmName"]
        for kind in ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
        for alarm in of_type(template, kind).values()
    }
    for one in shown:
        assert "not played here" not in one["condition"], one
        assert one["runbook"].startswith("docs/operations.md#")
        assert set(one["parts"]) <= {other["name"] for other in shown if other["wakes"]}
    assert [one["name"] for one in shown if one["parts"]] == ["Distillery-look-now"]
