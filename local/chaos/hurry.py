"""Shortens what a deployed service waits for, so that a small trial of it takes no minutes."""

from __future__ import annotations

import asyncio
from typing import Any

import botocore.session

from local.aws import ACCESS_KEY, SECRET_KEY
from local.cloud import State

_BACK_AFTER_S = 10
"""Longer than a dispatcher takes here; the deployed queue waits for 3 minutes."""


async def give_messages_back_sooner(state: State) -> None:
    """Let the message of a dispatcher that died be delivered again after seconds."""
    await asyncio.to_thread(
        _client(state, "sqs").set_queue_attributes,
        QueueUrl=state.queue_url,
        Attributes={"VisibilityTimeout": str(_BACK_AFTER_S)},
    )


async def begin_watchdog(state: State) -> None:
    """Begin now what the schedule begins within a minute."""
    client = _client(state, "lambda")
    functions = (await asyncio.to_thread(client.list_functions))["Functions"]
    [name] = [f["FunctionName"] for f in functions if "WatchdogFunction" in f["FunctionName"]]
    await asyncio.to_thread(client.invoke, FunctionName=name, InvocationType="Event")


def _client(state: State, service: str) -> Any:
    return botocore.session.get_session().create_client(
        service,
        region_name=state.region,
        endpoint_url=state.aws_endpoint_url,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
    )
