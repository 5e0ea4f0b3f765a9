"""Wires the watchdog room, once per cold start."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import urllib3

from distillery.aws.telemetry import EmfTelemetry, job_in_logs, start_logging
from distillery.core.heal_job import HealJob
from distillery.core.heal_line import HealLine
from distillery.core.watch_line import WatchLine
from distillery.recipe_files import load_recipes
from distillery.settings import read_settings
from distillery.wiring.delivery import deliver_result
from distillery.wiring.providers import provider_slots, stop_attempt
from lambdas.watchdog.handler import build_handler
from lambdas.watchdog.settings import Settings

settings = read_settings(Settings, os.environ)
logger = start_logging("watchdog")
telemetry = EmfTelemetry("watchdog")
http = urllib3.PoolManager()
deliver = deliver_result(settings, http, telemetry, load_recipes(Path("workflows")))
providers = provider_slots(settings, http, deliver.objects)
heal = HealJob(
    store=deliver.store,
    records=deliver.circuits.records,
    queue=deliver.queue,
    providers={slots.provider.name: slots for slots in providers},
    deliver=deliver,
    stop=stop_attempt(deliver.objects, providers),
    circuits=deliver.circuits,
    telemetry=telemetry,
    clock=time.time,
    job_timeout_s=settings.job_timeout_seconds,
    promise_s=settings.promise_seconds,
    hedge_share=settings.hedge_share,
)
line = HealLine(
    store=deliver.store,
    records=deliver.circuits.records,
    queue=deliver.queue,
    providers=providers,
    circuits=deliver.circuits,
    telemetry=telemetry,
    clock=time.time,
)
watch = WatchLine(
    store=deliver.store,
    records=deliver.circuits.records,
    names=settings.providers,
    telemetry=telemetry,
    clock=time.time,
)
handle = build_handler(heal, line, watch, partial(job_in_logs, logger), time.sleep)


def handler(event: Mapping[str, Any], context: object) -> dict[str, int]:
    """AWS Lambda's entry point."""
    return {"overdue": handle()}
