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
from distillery.aws.moderation import DynamoModeration
from distillery.aws.telemetry import EmfTelemetry, job_in_logs, start_logging
from distillery.aws.text_opinions import ComprehendOpinion, GuardrailOpinion
from distillery.core.admit_job import AdmitJob
from distillery.core.dispatch_job import DispatchJob
from distillery.core.moderation.ports import TextOpinion
from distillery.core.moderation.review_text import ReviewText
from distillery.core.show_waiting import ShowWaiting
from distillery.discord.attachments import DiscordAttachments
from distillery.recipe_files import load_recipes
from distillery.settings import read_settings
from distillery.wiring.delivery import deliver_result, show_progress
from distillery.wiring.providers import provider_slots, stop_attempt
from lambdas.dispatcher.handler import build_handler
from lambdas.dispatcher.settings import Settings

settings = read_settings(Settings, os.environ)
logger = start_logging("dispatcher")
telemetry = EmfTelemetry("dispatcher")
http = urllib3.PoolManager()
recipes = load_recipes(Path("workflows"))
deliver = deliver_result(settings, http, telemetry, recipes)
providers = provider_slots(settings, http, deliver.objects)


def review() -> ReviewText | None:
    """Wire the second opinion that the operator has chosen, if any."""
    opinions: Mapping[str, Callable[[], TextOpinion]] = {
        "comprehend": lambda: ComprehendOpinion(clients.comprehend()),
        "bedrock": lambda: GuardrailOpinion(
            clients.bedrock_runtime(), settings.guardrail_id, settings.guardrail_version
        ),
    }
    if settings.text_check not in opinions:
        return None
    return ReviewText(
        opinion=opinions[settings.text_check](),
        moderation=DynamoModeration(clients.dynamodb(), settings.table_name),
        telemetry=telemetry,
        clock=time.time,
        score=settings.check_score,
        fails_open=settings.text_check_failure == "open",
        keep_text=settings.keep_refused_text,
    )


admit = AdmitJob(
    recipes=recipes,
    store=deliver.store,
    records=deliver.circuits.records,
    objects=deliver.objects,
    attachments=DiscordAttachments(http, settings.attachment_origins),
    deliver=deliver,
    clock=time.time,
    review=review(),
)
dispatch = DispatchJob(
    recipes=recipes,
    store=deliver.store,
    records=deliver.circuits.records,
    queue=deliver.queue,
    objects=deliver.objects,
    providers=providers,
    admit=admit,
    deliver=deliver,
    stop=stop_attempt(deliver.objects, providers),
    circuits=deliver.circuits,
    telemetry=telemetry,
    clock=time.time,
    job_timeout_s=settings.job_timeout_seconds,
    show_waiting=ShowWaiting(
        store=deliver.store,
        records=deliver.circuits.records,
        providers=providers,
        replies=deliver.replies,
        show_progress=show_progress(settings, deliver),
        telemetry=telemetry,
        clock=time.time,
    ),
)
handle = build_handler(dispatch, partial(job_in_logs, logger))


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """AWS Lambda's entry point."""
    return handle(event)
