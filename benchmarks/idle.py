"""What a minute in which nobody asks costs: what the watchdog asks of AWS, and what it writes."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any, cast

import botocore.session

from benchmarks.calls import EVENT_BYTES, REPORT
from benchmarks.crowd import Crowd, crowded_cloud
from benchmarks.figures import show, show_load, table
from benchmarks.prices import Unit
from benchmarks.recording_proxy import Call
from benchmarks.request_units import UnitMeter
from local.aws import ACCESS_KEY, REGION, SECRET_KEY
from local.cloud import State

RUNS = 10
_SETTLED_S = 2.0
"""A run's lines are in the log so long after it."""


def measure() -> None:
    """Print what one run asks for, on average, and what it writes."""
    show_load()
    runs, calls, lines = asyncio.run(_measure())
    asked = Counter(call.operation for call in calls)
    rows = [["calls", "a run"], *([name, f"{n / runs:.2f}"] for name, n in sorted(asked.items()))]
    table(rows)
    print()
    meter = UnitMeter()
    units: Counter[Unit] = Counter()
    for call in calls:
        if call.operation.startswith("dynamodb."):
            units.update(meter.units(call.operation, call.document, done=call.was_done))
    written = sum(len(line.encode()) + EVENT_BYTES for line in lines)
    show("runs in which there was nothing to do", str(runs))
    show("read request units a run", f"{units[Unit.READ] / runs:.2f}")
    show("write request units a run", f"{units[Unit.WRITE] / runs:.2f}")
    show("bytes of log a run", f"{written / runs:.0f}")
    show("metrics", str(sum(line.startswith('{"_aws"') for line in lines)))


async def _measure() -> tuple[int, Sequence[Call], Sequence[str]]:
    async with crowded_cloud(1) as crowd:
        await asyncio.to_thread(_run_watchdog, crowd.state)  # the first one is cold
        await asyncio.sleep(_SETTLED_S)
        earlier, began_at = len(crowd.aws.record), time.time()
        for _ in range(RUNS):
            await asyncio.to_thread(_run_watchdog, crowd.state)
        await asyncio.sleep(_SETTLED_S)
        calls = tuple(crowd.aws.record[earlier:])
        lines = await asyncio.to_thread(_lines, crowd, began_at)
    return sum(REPORT.match(line) is not None for line in lines), calls, lines


def _run_watchdog(state: State) -> None:
    functions = _client(state, "lambda")
    names = [f["FunctionName"] for f in functions.list_functions()["Functions"]]
    functions.invoke(FunctionName=next(name for name in names if "Watchdog" in name))


def _lines(crowd: Crowd, began_at: float) -> list[str]:
    logs = _client(crowd.state, "logs")
    groups = [g["logGroupName"] for g in logs.describe_log_groups()["logGroups"]]
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=next(name for name in groups if "/WatchdogLog" in name),
        startTime=int(began_at * 1000),
    )
    return [event["message"] for page in pages for event in page["events"]]


def _client(state: State, service: str) -> Any:
    return cast(
        "Any",
        botocore.session.get_session().create_client(
            service,
            region_name=REGION,
            endpoint_url=state.aws_endpoint_url,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
        ),
    )
