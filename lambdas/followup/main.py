"""Wires the followup room, once per cold start."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import urllib3

from distillery.aws.telemetry import EmfTelemetry, job_in_logs, start_logging
from distillery.recipe_files import load_recipes
from distillery.settings import read_settings
from distillery.wiring.delivery import deliver_result, show_progress
from lambdas.followup.handler import build_handler
from lambdas.followup.settings import Settings

settings = read_settings(Settings, os.environ)
logger = start_logging("followup")
telemetry = EmfTelemetry("followup")
deliver = deliver_result(
    settings, urllib3.PoolManager(), telemetry, load_recipes(Path("workflows"))
)
show = show_progress(settings, deliver)
handle = build_handler(show, deliver, partial(job_in_logs, logger))


def handler(event: Mapping[str, Any], context: object) -> None:
    """AWS Lambda's entry point."""
    handle(event)
