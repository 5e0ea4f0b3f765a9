"""What the dashboard and the alarms of a template look at."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.infra.templates import of_type

AWS_OWN = {
    ("AWS/ApiGateway", "Latency"),
    ("AWS/ApiGateway", "5xx"),
    ("AWS/SageMaker", "ApproximateBacklogSize"),
    ("/aws/sagemaker/Endpoints", "GPUUtilization"),
    ("AWS/SQS", "NumberOfMessagesReceived"),
}
"""What AWS emits by itself, at no price."""
PROVIDERS = {"runpod", "sagemaker"}


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
