"""Wires the canary room, once per cold start."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from distillery.aws import clients
from distillery.aws.job_queue import SqsJobQueue
from distillery.aws.job_store import DynamoJobStore
from distillery.aws.telemetry import start_logging
from distillery.core.send_canaries import SendCanaries
from distillery.recipe_files import load_recipes
from distillery.settings import read_settings
from lambdas.canary.handler import build_handler
from lambdas.canary.settings import Settings

settings = read_settings(Settings, os.environ)
logger = start_logging("canary")
send = SendCanaries(
    recipes=load_recipes(Path("workflows")),
    providers=settings.canary_providers,
    store=DynamoJobStore(clients.dynamodb(), settings.table_name),
    queue=SqsJobQueue(clients.sqs(), settings.queue_url),
    clock=time.time,
)
handle = build_handler(send)


def handler(event: Mapping[str, Any], context: object) -> None:
    """AWS Lambda's entry point."""
    handle()
