"""Wires the followup room, once per cold start."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

import urllib3

from distillery.aws import clients
from distillery.aws.job_queue import SqsJobQueue
from distillery.aws.job_store import DynamoJobStore
from distillery.aws.object_store import S3ObjectStore
from distillery.aws.telemetry import EmfTelemetry, job_in_logs, start_logging
from distillery.core.deliver_result import DeliverResult
from distillery.core.show_progress import ShowProgress
from distillery.discord.replies import DiscordReplies
from distillery.discord.webhook import WebhookClient
from distillery.settings import read_settings
from lambdas.followup.handler import build_handler
from lambdas.followup.settings import Settings

settings = read_settings(Settings, os.environ)
logger = start_logging("followup")
telemetry = EmfTelemetry("Distillery", "followup")
store = DynamoJobStore(clients.dynamodb(), settings.table_name)
objects = S3ObjectStore(clients.s3(), settings.bucket_name)
replies = DiscordReplies(WebhookClient(urllib3.PoolManager(), settings.discord_api_url), time.time)
deliver = DeliverResult(
    store=store,
    queue=SqsJobQueue(clients.sqs(), settings.queue_url),
    objects=objects,
    replies=replies,
    telemetry=telemetry,
    clock=time.time,
)
show = ShowProgress(
    store=store,
    objects=objects,
    replies=replies,
    deliver=deliver,
    telemetry=telemetry,
    clock=time.time,
)
handle = build_handler(show, deliver, partial(job_in_logs, logger))


def handler(event: Mapping[str, Any], context: object) -> None:
    """AWS Lambda's entry point."""
    handle(event)
