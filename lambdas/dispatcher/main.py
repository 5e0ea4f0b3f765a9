"""Wires the dispatcher room, once per cold start."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import urllib3

from distillery.aws import clients
from distillery.aws.job_queue import SqsJobQueue
from distillery.aws.job_store import DynamoJobStore
from distillery.aws.object_store import S3ObjectStore
from distillery.aws.secrets import secret_reader
from distillery.aws.telemetry import EmfTelemetry, job_in_logs, start_logging
from distillery.core.deliver_result import DeliverResult
from distillery.core.dispatch_job import DispatchJob, Slots
from distillery.core.ports import GpuProvider
from distillery.discord.attachments import DiscordAttachments
from distillery.discord.replies import DiscordReplies
from distillery.discord.webhook import WebhookClient
from distillery.providers.runpod import RunpodProvider
from distillery.providers.sagemaker import SageMakerProvider
from distillery.recipe_files import load_recipes
from distillery.settings import read_settings
from lambdas.dispatcher.handler import build_handler
from lambdas.dispatcher.settings import Settings

settings = read_settings(Settings, os.environ)
logger = start_logging("dispatcher")
http = urllib3.PoolManager()
objects = S3ObjectStore(clients.s3(), settings.bucket_name)


def runpod() -> Slots:
    """Runpod, with its key in Secrets Manager."""
    key = secret_reader(clients.secretsmanager(), settings.runpod_secret_name)
    provider = RunpodProvider(http, settings.runpod_api_url, settings.runpod_endpoint_id, key)
    return Slots(provider, settings.runpod_slots)


def sagemaker() -> Slots:
    """SageMaker, with the room's own role."""
    provider: GpuProvider = SageMakerProvider(
        clients.sagemaker_runtime(),
        clients.sagemaker(),
        objects,
        bucket=settings.bucket_name,
        endpoint=settings.sagemaker_endpoint_name,
    )
    return Slots(provider, settings.sagemaker_slots)


PROVIDERS: Mapping[str, Callable[[], Slots]] = {"runpod": runpod, "sagemaker": sagemaker}

telemetry = EmfTelemetry("Distillery", "dispatcher")
store = DynamoJobStore(clients.dynamodb(), settings.table_name)
queue = SqsJobQueue(clients.sqs(), settings.queue_url)
deliver = DeliverResult(
    store=store,
    queue=queue,
    objects=objects,
    replies=DiscordReplies(WebhookClient(http, settings.discord_api_url), time.time),
    telemetry=telemetry,
    clock=time.time,
)
dispatch = DispatchJob(
    recipes=load_recipes(Path("workflows")),
    store=store,
    queue=queue,
    objects=objects,
    attachments=DiscordAttachments(http, settings.attachment_origins),
    providers=[PROVIDERS[name]() for name in settings.providers],
    deliver=deliver,
    telemetry=telemetry,
    clock=time.time,
    job_timeout_s=settings.job_timeout_seconds,
)
handle = build_handler(dispatch, partial(job_in_logs, logger))


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """AWS Lambda's entry point."""
    return handle(event)
