"""Structured logs and EMF metrics, through Powertools.

The core logs with the standard library and counts through a port; this module makes both come out
as JSON lines that CloudWatch understands, each with the id of the job it is about.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import (
    AmazonCloudWatchEMFProvider,
)

from distillery.core.metrics import Unit, look_up

_PACKAGES = ("distillery", "lambdas")  # what a room's bundle holds of ours


class EmfTelemetry:
    """Implements `Telemetry`: one EMF line a metric, on standard output.

    The namespace is the deployment's: `POWERTOOLS_METRICS_NAMESPACE`. The room is a field of the
    line, and no dimension: it would make a metric of its own for each room, at a price.
    """

    def __init__(self, room: str) -> None:
        self._room = room

    def count(self, metric: str, value: int = 1, **labels: str) -> None:
        """Add to a counter."""
        self._emit(metric, Unit.COUNT, value, labels)

    def seconds(self, metric: str, value: float, **labels: str) -> None:
        """Record a duration in seconds."""
        self._emit(metric, Unit.SECONDS, value, labels)

    def _emit(self, name: str, unit: Unit, value: float, labels: Mapping[str, str]) -> None:
        metric = look_up(name, unit, labels)
        emf = AmazonCloudWatchEMFProvider(metric_set={}, dimension_set={}, metadata_set={})
        emf.service = ""  # else Powertools makes a dimension of the room's name
        for label in metric.dimensions:
            emf.add_dimension(label, labels[label])
        emf.add_metadata("room", self._room)
        for label in metric.fields:
            emf.add_metadata(label, labels[label])
        emf.add_metric(name, unit, value)
        # Powertools would write an array. CloudWatch makes the same metric of a number, but Logs
        # Insights calls an array's member `JobsFailed.0` ("Fields in JSON logs").
        line = {**emf.serialize_metric_set(), name: float(value)}
        print(json.dumps(line, separators=(",", ":")))  # noqa: T201 - standard output is the log


def start_logging(room: str) -> Logger:
    """Make every logger of ours write JSON lines; returns the one that carries keys."""
    logger = Logger(service=room)
    for package in _PACKAGES:
        logging.getLogger(package)  # registered, or it would not be found
    copy_config_to_registered_loggers(source_logger=logger, include=set(_PACKAGES))
    return logger


@contextmanager
def job_in_logs(logger: Logger, job_id: str) -> Iterator[None]:
    """Put the job's id into every line logged inside."""
    with logger.append_context_keys(job_id=job_id):
        yield
