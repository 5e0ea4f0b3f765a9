"""Wires the dead_letters room, once per cold start."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import urllib3

from distillery.aws import clients
from distillery.aws.dead_letters import DynamoDeadLetters
from distillery.aws.telemetry import EmfTelemetry, job_in_logs, start_logging
from distillery.core.bury_job import BuryJob
from distillery.recipe_files import load_recipes
from distillery.settings import read_settings
from distillery.wiring.delivery import deliver_result
from lambdas.dead_letters.handler import build_handler
from lambdas.dead_letters.settings import Settings

settings = read_settings(Settings, os.environ)
logger = start_logging("dead_letters")
telemetry = EmfTelemetry("dead_letters")
deliver = deliver_result(
    settings, urllib3.PoolManager(), telemetry, load_recipes(Path("workflows"))
)
bury = BuryJob(
    letters=DynamoDeadLetters(clients.dynamodb(), settings.table_name),
    store=deliver.store,
    deliver=deliver,
    telemetry=telemetry,
)
handle = build_handler(bury, partial(job_in_logs, logger))


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """AWS Lambda's entry point."""
    return handle(event)
