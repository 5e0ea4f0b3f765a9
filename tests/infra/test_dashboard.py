"""The dashboard: CloudWatch takes it, and it shows what is emitted."""

from __future__ import annotations

import json
import re
from typing import Any

import boto3
import jsonschema
from moto import mock_aws

from distillery.core.metrics import METRICS
from tests.infra.conftest import EXAMPLE, settings_of
from tests.infra.monitoring import AWS_OWN, PROVIDERS, alarmed, body, queried, shown
from tests.infra.templates import of_type

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


def test_the_five_questions_are_saved_for_all_rooms(template: dict[str, Any]) -> None:
    saved = of_type(template, "AWS::Logs::QueryDefinition").values()
    assert len(saved) == 5
    for query in saved:
        assert query["Properties"]["Name"].startswith("Distillery/")
        assert len(query["Properties"]["LogGroupNames"]) >= 6
