"""Structured logs and EMF metrics, through Powertools.

The core logs with the standard library and counts through a port; this module makes both come out
as JSON lines that CloudWatch understands, each with the id of the job it is about.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import (
    AmazonCloudWatchEMFProvider,
)


class EmfTelemetry:
    """Implements `Telemetry`: one EMF line a metric, on standard output."""

    def __init__(self, namespace: str, room: str) -> None:
        self._namespace = namespace
        self._room = room

    def count(self, metric: str, value: int = 1, **dimensions: str) -> None:
        """Add to a counter."""
        self._emit(metric, MetricUnit.Count, value, dimensions)

    def seconds(self, metric: str, value: float, **dimensions: str) -> None:
        """Record a duration in seconds."""
        self._emit(metric, MetricUnit.Seconds, value, dimensions)

    def _emit(
        self, metric: str, unit: MetricUnit, value: float, dimensions: dict[str, str]
    ) -> None:
        emf = AmazonCloudWatchEMFProvider(
            namespace=self._namespace, metric_set={}, dimension_set={}, metadata_set={}
        )
        for name, text in ({"room": self._room} | dimensions).items():
            emf.add_dimension(name, text)
        emf.add_metric(metric, unit, value)
        emf.flush_metrics()


def start_logging(room: str) -> Logger:
    """Make every logger of this process write JSON lines; returns the one that carries keys."""
    logger = Logger(service=room)
    copy_config_to_registered_loggers(source_logger=logger, include={"distillery"})
    return logger


@contextmanager
def job_in_logs(logger: Logger, job_id: str) -> Iterator[None]:
    """Put the job's id into every line logged inside."""
    with logger.append_context_keys(job_id=job_id):
        yield


logging.getLogger("distillery")  # registered before start_logging looks for it
