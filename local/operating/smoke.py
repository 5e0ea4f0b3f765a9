"""`distillery smoke`: a deployment makes one picture, and nobody in Discord is told."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from distillery.aws.job_queue import SqsJobQueue
from distillery.aws.job_store import DynamoJobStore
from distillery.core.errors import QueueUnavailable
from distillery.core.job import Job, JobState
from distillery.core.send_canaries import SendCanaries
from distillery.recipe_files import load_recipes
from local.operating.place import CannotGoOn, Place, context_of

REPOSITORY = Path(__file__).parents[2]
_LOOK_S = 1.0
_PATIENCE_S = 15 * 60.0
"""Past that the watchdog has told every member that it took too long."""


def run(arguments: argparse.Namespace) -> int:
    """Send a job and follow it; returns 0 for a picture."""
    try:
        place = Place.of(context_of(arguments), REPOSITORY)
        provider = arguments.provider or place.settings.providers[0]
        if provider not in place.settings.providers:
            known = ", ".join(place.settings.providers)
            raise CannotGoOn(f"{provider} is not a provider of this deployment: {known}")
        job = _make_one(place, provider)
    except (CannotGoOn, QueueUnavailable, BotoCoreError, ClientError) as problem:
        print(problem, file=sys.stderr)
        return 1
    if job is None or job.state is not JobState.SUCCEEDED:
        state = job.state if job else "open after 15 minutes"
        print(f"no picture: the job is {state}; next: distillery doctor", file=sys.stderr)
        return 1
    print(f"{provider} made a picture in {max(job.times.values()) - job.created_at:.0f} s")
    return 0


def _make_one(place: Place, provider: str) -> Job | None:
    outputs = place.outputs  # says best what is wrong with the shell
    store = DynamoJobStore(place.client("dynamodb"), outputs["TableName"])
    queue = SqsJobQueue(place.client("sqs"), outputs["QueueUrl"])
    send = SendCanaries(load_recipes(REPOSITORY / "workflows"), [provider], store, queue, time.time)
    job_id = f"smoke-{provider}-{int(time.time())}"
    send.send(provider, job_id)
    print(f"sent {job_id} to {provider}; a GPU that sleeps takes minutes to wake", flush=True)
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        job = store.load(job_id)
        if job is not None and job.is_final:
            return job
        time.sleep(_LOOK_S)
    return None
