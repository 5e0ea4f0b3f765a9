"""The alarms: each rings when it should, once, and leads to what to do."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from infra.alarms import alarms
from infra.dashboards.sources import Sources
from local.dashboards.alarms import evaluated
from local.dashboards.described import of_template
from tests.infra.conftest import EXAMPLE, ROOT, settings_of, synthesized
from tests.infra.monitoring import looked_at, written
from tests.infra.templates import of_type

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
