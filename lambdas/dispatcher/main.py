"""Wires the dispatcher room, once per cold start."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import urllib3

from distillery.aws.telemetry import EmfTelemetry, job_in_logs, start_logging
from distillery.core.admit_job import AdmitJob
from distillery.core.dispatch_job import DispatchJob
from distillery.discord.attachments import DiscordAttachments
from distillery.recipe_files import load_recipes
from distillery.settings import read_settings
from distillery.wiring.delivery import deliver_result
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
admit = AdmitJob(
    recipes=recipes,
    store=deliver.store,
    records=deliver.circuits.records,
    objects=deliver.objects,
    attachments=DiscordAttachments(http, settings.attachment_origins),
    deliver=deliver,
    clock=time.time,
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
)
handle = build_handler(dispatch, partial(job_in_logs, logger))


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """AWS Lambda's entry point."""
    return handle(event)
