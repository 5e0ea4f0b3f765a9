"""What a deployment pays AWS in a month in which nobody asks, read from its templates."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.prices import Price, read_prices

_MINUTES = 30 * 24 * 60
_POLLS_A_MINUTE = 3
"""A poll waits for 20 seconds. (AWS, "Amazon SQS short and long polling")"""
_POLLERS, _POLLERS_UNBOUNDED = 5, 2
"""Lambda asks with five at once, and with two where no maximum concurrency is set. (AWS,
"Configuring scaling behavior for SQS event source mappings")"""
_OF_TARGET_TRACKING, _GROWING_ALONE = 2, 1
"""Alarms that AWS makes for each such policy: one to grow by, one to shrink by if it may shrink."""

Templates = Mapping[str, Mapping[str, Any]]
Resource = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class IdleRun:
    """One run of a room on a schedule that finds nothing to do."""

    seconds: float
    reads: float
    """DynamoDB's read request units."""
    log_bytes: int


WATCHDOG = IdleRun(seconds=0.18, reads=6.0, log_bytes=334)
"""As `python -m benchmarks idle` counts it on the local cloud; but the seconds are 0.11 s of CPU at
256 MB (docs/operations.md, "Memory of the rooms"), and 0.07 s until AWS has answered."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that is paid: how much of it, and its price."""

    amount: float
    price: Price

    @property
    def listed(self) -> float:
        """Dollars by the list."""
        return self.price.listed(self.amount)

    @property
    def billed(self) -> float:
        """Dollars past what every account has free."""
        return self.price.billed(self.amount)


def idle_cost(templates: Templates, run: IdleRun = WATCHDOG) -> list[Line]:
    """Return a line for each thing that is paid, the dearest by the list first."""
    amounts: Counter[str] = Counter()
    for template in templates.values():
        for resource in template["Resources"].values():
            amounts.update(dict(_of_resource(resource)))
        for function, runs in _scheduled(template["Resources"]):
            amounts.update(_of_runs(function, runs, run))
    prices = read_prices()
    lines = [Line(amount, prices[name]) for name, amount in amounts.items() if amount]
    return sorted(lines, key=lambda line: -line.listed)


def _of_runs(function: Resource, runs: float, run: IdleRun) -> dict[str, float]:
    is_traced = function.get("TracingConfig", {}).get("Mode") == "Active"
    return {
        "lambda_request": runs,
        "lambda_gb_s": runs * run.seconds * function["MemorySize"] / 1024,
        "dynamodb_read": runs * run.reads,
        "log_gb": runs * run.log_bytes / 1e9,
        "trace": runs if is_traced else 0,  # X-Ray's own rule takes the first of each second
    }


def _of_resource(resource: Resource) -> Iterator[tuple[str, float]]:
    properties = resource.get("Properties", {})
    match resource["Type"]:
        case "AWS::CloudWatch::Alarm":
            # One that computes is charged for each metric that it computes from.
            metrics = [m for m in properties.get("Metrics", []) if "MetricStat" in m]
            yield "alarm", len(metrics) or 1
        case "AWS::ApplicationAutoScaling::ScalingPolicy":
            if tracking := properties.get("TargetTrackingScalingPolicyConfiguration"):
                grows_alone = tracking.get("DisableScaleIn", False)
                yield "alarm", _GROWING_ALONE if grows_alone else _OF_TARGET_TRACKING
        case "AWS::Lambda::EventSourceMapping":
            bounded = "MaximumConcurrency" in properties.get("ScalingConfig", {})
            pollers = _POLLERS if bounded else _POLLERS_UNBOUNDED
            yield "sqs_request", pollers * _POLLS_A_MINUTE * _MINUTES
        case "AWS::WAFv2::WebACL":
            yield "web_acl", 1
            yield "web_acl_rule", len(properties["Rules"])
        case kind if kind in _ONE_EACH:
            yield _ONE_EACH[kind], 1


_ONE_EACH = {
    "AWS::CloudWatch::CompositeAlarm": "composite_alarm",
    "AWS::CloudWatch::Dashboard": "dashboard",
    "AWS::SecretsManager::Secret": "secret",  # pragma: allowlist secret
    "AWS::KMS::Key": "key",
}
_MINUTES_OF = {"minute": 1, "hour": 60, "day": 24 * 60}


def _scheduled(resources: Mapping[str, Resource]) -> Iterator[tuple[Resource, float]]:
    """Each function that a schedule calls, and how often in a month."""
    for rule in resources.values():
        rate = rule.get("Properties", {}).get("ScheduleExpression", "")
        if found := re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", rate):
            every = int(found[1]) * _MINUTES_OF[found[2]]
            for target in rule["Properties"]["Targets"]:
                yield _function(target["Arn"], resources)["Properties"], _MINUTES / every


def _function(reference: Mapping[str, Any], resources: Mapping[str, Resource]) -> Resource:
    """Follow an ARN to its function, by its alias if it is one's."""
    name = reference["Ref"] if "Ref" in reference else reference["Fn::GetAtt"][0]
    resource = resources[name]
    if resource["Type"] == "AWS::Lambda::Function":
        return resource
    return _function(resource["Properties"]["FunctionName"], resources)
