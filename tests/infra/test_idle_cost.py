"""While nobody asks, a deployment with both providers costs less than a dollar a month."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from local.cost_command import by_choice
from local.idle_cost import IdleRun, idle_cost
from local.prices import read_prices
from tests.infra.conftest import GPU, ROOT, Assemble

QUIET = IdleRun(seconds=0.1, reads=1, log_bytes=100)


@pytest.fixture(scope="module")
def templates(assemble: Assemble) -> dict[str, Any]:
    """Runpod, and an endpoint of SageMaker's that is made as well."""
    return assemble(**GPU).templates


def test_with_both_providers_it_is_less_than_a_dollar(templates: dict[str, Any]) -> None:
    lines = {line.price.of: line for line in idle_cost(templates)}

    assert sum(line.billed for line in lines.values()) < 1.00
    assert lines.keys() >= {
        read_prices()[name].of for name in ("alarm", "dashboard", "sqs_request", "lambda_gb_s")
    }


def test_the_runbook_shows_what_the_command_prints(templates: dict[str, Any]) -> None:
    """Without its amounts of use, which are measured anew now and then."""
    shown = (ROOT / "docs" / "operations.md").read_text()
    lines = idle_cost(templates)
    for line in lines:
        assert f"| {line.price.of} | {line.amount:,.2f} | {line.listed:.3f} |" in shown
    total = sum(line.listed for line in lines), sum(line.billed for line in lines)
    assert "| all | | {:.3f} | {:.3f} |".format(*total) in shown


def template(**resources: Any) -> dict[str, dict[str, Any]]:
    return {"Stack": {"Resources": resources}}


def amounts(**resources: Any) -> dict[str, float]:
    names = {price.of: name for name, price in read_prices().items()}
    return {names[line.price.of]: line.amount for line in idle_cost(template(**resources), QUIET)}


@pytest.mark.parametrize(
    ("kind", "properties", "name", "amount"),
    [
        ("CloudWatch::Alarm", {"MetricName": "m"}, "alarm", 1),
        (
            "CloudWatch::Alarm",
            {"Metrics": [{"Expression": "a + b"}, {"MetricStat": {}}, {"MetricStat": {}}]},
            "alarm",
            2,
        ),
        ("CloudWatch::CompositeAlarm", {}, "composite_alarm", 1),
        ("KMS::Key", {}, "key", 1),
        (
            "ApplicationAutoScaling::ScalingPolicy",
            {"TargetTrackingScalingPolicyConfiguration": {"TargetValue": 2.0}},
            "alarm",
            2,
        ),
        (
            "ApplicationAutoScaling::ScalingPolicy",
            {"TargetTrackingScalingPolicyConfiguration": {"DisableScaleIn": True}},
            "alarm",
            1,
        ),
        ("Lambda::EventSourceMapping", {}, "sqs_request", 259_200),
        (
            "Lambda::EventSourceMapping",
            {"ScalingConfig": {"MaximumConcurrency": 10}},
            "sqs_request",
            648_000,
        ),
    ],
)
def test_a_resource_is_counted_as_aws_counts_it(
    kind: str, properties: dict[str, Any], name: str, amount: float
) -> None:
    assert amounts(One={"Type": f"AWS::{kind}", "Properties": properties}) == {name: amount}


@pytest.mark.parametrize("tracing", [{}, {"TracingConfig": {"Mode": "Active"}}])
def test_a_schedule_is_followed_to_the_memory_of_its_function(tracing: dict[str, Any]) -> None:
    function = {"Type": "AWS::Lambda::Function", "Properties": {"MemorySize": 512, **tracing}}
    alias = {"Type": "AWS::Lambda::Alias", "Properties": {"FunctionName": {"Ref": "Room"}}}
    rule = {
        "Type": "AWS::Events::Rule",
        "Properties": {
            "ScheduleExpression": "rate(1 hour)",
            "Targets": [{"Arn": {"Ref": "Live"}}],
        },
    }
    counted = amounts(Room=function, Live=alias, Rule=rule)

    assert counted["lambda_request"] == 720
    assert counted["lambda_gb_s"] == pytest.approx(720 * 0.1 * 0.5)
    assert counted.get("trace", 0) == (720 if tracing else 0)


def test_what_is_free_is_taken_off_once() -> None:
    alarms = {f"A{n}": {"Type": "AWS::CloudWatch::Alarm", "Properties": {}} for n in range(12)}
    (line,) = idle_cost(template(**alarms), QUIET)

    assert line.listed == pytest.approx(1.20)
    assert line.billed == pytest.approx(0.20)


def test_a_firewall_is_counted_with_each_of_its_rules() -> None:
    firewall = {"Type": "AWS::WAFv2::WebACL", "Properties": {"Rules": [{}, {}, {}]}}
    assert amounts(One=firewall) == {"web_acl": 1, "web_acl_rule": 3}
    assert sum(line.listed for line in idle_cost(template(One=firewall), QUIET)) == 8.00


def test_without_the_dashboard_the_list_has_its_three_dollars_less(
    templates: dict[str, Any], assemble: Assemble
) -> None:
    lines = {line.price.of: line.listed for line in idle_cost(templates)}
    without = idle_cost(assemble(**GPU, dashboard="false").templates)
    left = sum(line.listed for line in without)
    assert sum(lines.values()) - left == pytest.approx(3.00)

    of_alarms = sum(lines[read_prices()[name].of] for name in ("alarm", "composite_alarm"))
    told = " ".join((ROOT / "docs" / "operations.md").read_text().split())
    assert f"shows ${left:.3f} left" in told
    assert f"are ${of_alarms:.3f} of that" in told


def test_instances_that_always_run_are_told_of() -> None:
    target = {"Type": "AWS::ApplicationAutoScaling::ScalableTarget"}
    idle, warm = (
        by_choice(template(One={**target, "Properties": {"MinCapacity": least}}))
        for least in (0, 2)
    )
    assert not any("always runs" in line for line in idle)
    assert any("always runs 2" in line and "1,440 hours" in line for line in warm)


def test_images_and_canaries_are_told_of_only_where_there_are_some(
    templates: dict[str, Any],
) -> None:
    assert any("ECR" in line for line in by_choice(templates))
    assert any("canaries" in line for line in by_choice(templates))
    assert not any("ECR" in line or "canaries" in line for line in by_choice(template()))


def test_every_price_says_where_it_was_seen_and_when() -> None:
    for name, price in read_prices().items():
        assert price.page.startswith("https://aws.amazon.com/"), name
        assert price.seen_at.startswith("https://"), name
        assert re.fullmatch(r"20\d\d-\d\d(-\d\d)?", price.seen), name
    assert Path(ROOT / "local" / "prices.toml").read_text().count("\n[") == len(read_prices())
