"""The lines that CloudWatch makes metrics of."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from distillery.aws.telemetry import EmfTelemetry
from distillery.core.metrics import METRICS, Unit


@pytest.fixture
def telemetry(monkeypatch: pytest.MonkeyPatch) -> EmfTelemetry:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Distillery-dev")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "followup")
    return EmfTelemetry("followup")


def line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    written: dict[str, Any] = json.loads(capsys.readouterr().out)
    return written


def test_a_metric_has_its_declared_dimensions_and_no_others(
    telemetry: EmfTelemetry, capsys: pytest.CaptureFixture[str]
) -> None:
    telemetry.count("JobsFailed", provider="runpod", reason="lost")

    written = line(capsys)
    (group,) = written["_aws"]["CloudWatchMetrics"]
    assert group["Namespace"] == "Distillery-dev"
    assert group["Dimensions"] == [["provider"]]
    assert group["Metrics"] == [{"Name": "JobsFailed", "Unit": "Count"}]
    assert written["JobsFailed"] == 1.0
    assert {name: written[name] for name in ("provider", "reason", "room")} == {
        "provider": "runpod",
        "reason": "lost",
        "room": "followup",
    }


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.name)
def test_every_metric_of_the_catalogue_is_one_line(
    telemetry: EmfTelemetry, capsys: pytest.CaptureFixture[str], metric: Any
) -> None:
    labels = dict.fromkeys((*metric.dimensions, *metric.fields), "some")
    if metric.unit is Unit.COUNT:
        telemetry.count(metric.name, 3, **labels)
    else:
        telemetry.seconds(metric.name, 3.0, **labels)

    written = line(capsys)
    (group,) = written["_aws"]["CloudWatchMetrics"]
    assert group["Dimensions"] == [list(metric.dimensions)]
    assert group["Metrics"] == [{"Name": metric.name, "Unit": str(metric.unit)}]
    assert written[metric.name] == 3.0, "in an array, no query of Logs Insights would find it"


ROOT = Path(__file__).parents[2]
A_ROOM_S_LOG = """
import logging
from distillery.aws.telemetry import job_in_logs, start_logging
logger = start_logging("dispatcher")
with job_in_logs(logger, "123"):
    for name in ("distillery.core.dispatch_job", "lambdas.dispatcher.handler", "lambdas.later"):
        logging.getLogger(name).warning("from %s", name)
"""


def test_whatever_a_room_says_is_a_line_with_the_job_s_id() -> None:
    said = subprocess.run(
        [sys.executable, "-c", A_ROOM_S_LOG], cwd=ROOT, capture_output=True, text=True, check=True
    )

    lines = [json.loads(line) for line in said.stdout.splitlines()]
    assert [line["name"] for line in lines] == [
        "distillery.core.dispatch_job",
        "lambdas.dispatcher.handler",
        "lambdas.later",
    ]
    assert {(line["job_id"], line["service"], line["level"]) for line in lines} == {
        ("123", "dispatcher", "WARNING")
    }
    assert said.stderr == ""
