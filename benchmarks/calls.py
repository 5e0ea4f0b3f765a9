"""What one picture asks of AWS and of Discord, and what a thousand of them cost at list prices.

A picture that takes longer shows more progress, so two kinds of them are made: the second tells
what each further second of the engine adds.
"""

from __future__ import annotations

import asyncio
import json
import re
import statistics
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import botocore.session

from benchmarks import watchdog
from benchmarks.crowd import Crowd, crowded_cloud
from benchmarks.figures import show, show_load, table
from benchmarks.prices import METRIC_DOLLARS_A_MONTH, PRICES, Unit, cost, unit_of
from benchmarks.recording_proxy import WORKER, Call
from benchmarks.request_units import UnitMeter
from local.aws import ACCESS_KEY, REGION, SECRET_KEY
from local.cloud import State

WARM_UP = 3
SHORT = {"steps": "4"}, 15
LONG = {"steps": "50"}, 5
"""Options, and how many pictures are made with them."""
_ROOMS = ("Interactions", "Dispatcher", "Followup")
"""Those that work for every picture. The watchdog works by the minute: see `watchdog`."""
_SLOW_ENGINE_S = 10.0
"""A slow picture's, beside the quick ones of the stand-in."""
REPORT = re.compile(r"^REPORT .*\tBilled Duration: (\d+) ms\tMemory Size: (\d+) MB")
EVENT_BYTES = 26
"""What CloudWatch Logs adds to each line's own bytes (its pricing page)."""
_MESSAGE_REQUESTS = 2
"""Lambda receives each message and deletes it, one at a time; the rooms do not see that."""

_BY_THE_MONTH = (
    "By the month, not by the picture: see `distillery cost idle`. Not counted: GPU seconds, data\n"
    "transfer out, the API's access log. Lambda's durations are this machine's, on whole cores."
)

_HEADING = "for 1,000 pictures|units|$ a million|$|share|$, one second more|price seen"


@dataclass(frozen=True, slots=True)
class _Part:
    """Pictures of one kind, made one after the other."""

    pictures: int
    engine_s: float
    """The median of one picture."""
    open_s: float
    """The median, from the command to the last edit."""
    calls: slice
    """Which of all calls of AWS were theirs."""
    discord: Counter[str]
    logs: Mapping[str, Sequence[str]]
    """What the rooms wrote, by room."""


@dataclass(frozen=True, slots=True)
class _Tally:
    """What one picture of a part asked for, on average."""

    engine_s: float
    units: Mapping[Unit, float]
    calls: Mapping[tuple[str, str], float]
    """By operation and by who made them."""


def measure() -> None:
    """Print the calls for each picture, by who makes them, and a table of prices."""
    show_load()
    recorded, short, long = asyncio.run(_measure())
    tallies = _tallies(recorded, [short, long])
    short_s, long_s = (f"{tally.engine_s:.1f} s" for tally in tallies)
    show("engine's own time of a picture, and of a longer one", f"{short_s}, {long_s}")
    print()
    _print_calls(*tallies)
    _print_prices(*tallies)
    metrics = len(_metrics(short.logs))
    dollars = metrics * METRIC_DOLLARS_A_MONTH
    _print_watchdog(short)
    show("custom metrics that appeared, and their price", f"{metrics}, ${dollars:.2f} a month")
    print(_BY_THE_MONTH)


async def _measure() -> tuple[Sequence[Call], _Part, _Part]:
    async with crowded_cloud(1) as crowd:
        for _ in range(WARM_UP):
            await crowd.ask(1)
        short, long = await _part(crowd, *SHORT), await _part(crowd, *LONG)
        return tuple(crowd.aws.record), short, long


async def _part(crowd: Crowd, options: Mapping[str, str], pictures: int) -> _Part:
    first, began_at = len(crowd.aws.record), time.time()
    answered = [a for _ in range(pictures) for a in (await crowd.ask(1, options)).answered]
    if len(answered) != pictures:
        raise RuntimeError("a request got no pictures: what it asked for says nothing")
    edits = [call for call in await crowd.discord_calls() if call["at"] >= began_at]
    return _Part(
        pictures,
        statistics.median(one.engine_s for one in answered),
        statistics.median(one.whole_s for one in answered),
        slice(first, len(crowd.aws.record)),
        Counter(f"discord.{call['method']}" for call in edits),
        await asyncio.to_thread(_logs, crowd.state, began_at),
    )


def _logs(state: State, began_at: float) -> dict[str, list[str]]:
    client = cast(
        "Any",
        botocore.session.get_session().create_client(
            "logs",
            region_name=REGION,
            endpoint_url=state.aws_endpoint_url,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
        ),
    )
    groups = [g["logGroupName"] for g in client.describe_log_groups()["logGroups"]]
    found: dict[str, list[str]] = {}
    for room in _ROOMS:
        name = next(group for group in groups if f"/{room}Log" in group)
        pages = client.get_paginator("filter_log_events").paginate(
            logGroupName=name, startTime=int(began_at * 1000)
        )
        found[room] = [event["message"] for page in pages for event in page["events"]]
    return found


def _tallies(recorded: Sequence[Call], parts: Sequence[_Part]) -> list[_Tally]:
    watchdogs = {call.caller for call in recorded if call.document.get("IndexName") == "due"}
    meter = UnitMeter()
    for call in recorded[: parts[0].calls.start]:
        if call.operation.startswith("dynamodb."):
            _units(call, meter)  # it has to know what is there
    return [_tally(part, recorded[part.calls], meter, watchdogs) for part in parts]


def _tally(part: _Part, recorded: Sequence[Call], meter: UnitMeter, skipped: set[str]) -> _Tally:
    units: Counter[Unit] = Counter()
    calls: Counter[tuple[str, str]] = Counter()
    for call in recorded:
        counted = _units(call, meter)
        if call.caller not in skipped:
            units.update(counted)
            calls[call.operation, WORKER if call.caller == WORKER else "rooms"] += 1
    units.update(_of_lambda(part.logs))
    units[Unit.SQS] += _MESSAGE_REQUESTS * calls["sqs.SendMessage", "rooms"]
    units[Unit.HTTP_API] += part.pictures
    calls.update({(name, "rooms"): count for name, count in part.discord.items()})
    return _Tally(
        part.engine_s,
        {unit: amount / part.pictures for unit, amount in units.items()},
        {who: count / part.pictures for who, count in calls.items()},
    )


def _units(call: Call, meter: UnitMeter) -> dict[Unit, float]:
    if call.operation.startswith("dynamodb."):
        return meter.units(call.operation, call.document, done=call.was_done)
    return {unit_of(call.operation): 1.0}


def _of_lambda(logs: Mapping[str, Sequence[str]]) -> dict[Unit, float]:
    """Read the REPORT lines, which the embedded Lambda writes as AWS does; add the lines' bytes."""
    reports = [found for lines in logs.values() for line in lines if (found := REPORT.match(line))]
    mb_ms = sum(int(duration) * int(memory) for duration, memory in (r.groups() for r in reports))
    written = sum(len(line.encode()) + EVENT_BYTES for lines in logs.values() for line in lines)
    return {
        Unit.LAMBDA_REQUEST: len(reports),
        Unit.LAMBDA_GB_S: mb_ms / 1024 / 1000,
        Unit.LOG_GB: written / 1e9,
    }


def _print_watchdog(short: _Part) -> None:
    for engine_s in (short.engine_s, _SLOW_ENGINE_S):
        open_s = short.open_s - short.engine_s + engine_s
        alone, busiest = (
            1000 * watchdog.dollars(up_s(open_s)) for up_s in (watchdog.alone_s, watchdog.busiest_s)
        )
        show(
            f"the watchdog beside 1,000 of {engine_s:.1f} s, each alone; without a pause",
            f"${alone:.4f}; ${busiest:.4f}",
        )


def _metrics(logs: Mapping[str, Sequence[str]]) -> set[tuple[str, ...]]:
    """Each set of dimensions of a metric is billed as a metric of its own."""
    found = set()
    for line in (line for lines in logs.values() for line in lines if line.startswith('{"_aws"')):
        written = json.loads(line)
        for group in written["_aws"]["CloudWatchMetrics"]:
            for metric in group["Metrics"]:
                dimensions = sorted(name for names in group["Dimensions"] for name in names)
                found.add((metric["Name"], *(str(written[name]) for name in dimensions)))
    return found


def _print_calls(short: _Tally, long: _Tally) -> None:
    more_s = long.engine_s - short.engine_s
    rows = [["calls", "by", "a picture", "one second more"]]
    for name, who in sorted({*short.calls, *long.calls}, key=lambda of: (of[1], of[0])):
        once, at_length = short.calls.get((name, who), 0.0), long.calls.get((name, who), 0.0)
        rows.append([name, who, f"{once:.2f}", f"{(at_length - once) / more_s:.2f}"])
    table(rows)
    print()


def _print_prices(short: _Tally, long: _Tally) -> None:
    dollars, longer, more_s = cost(short.units), cost(long.units), long.engine_s - short.engine_s
    whole = sum(dollars.values())
    more = {unit: (longer.get(unit, 0.0) - dollars[unit]) / more_s for unit in dollars}
    rows = [_HEADING.split("|")]
    for unit in sorted(dollars, key=lambda unit: -dollars[unit]):
        price = PRICES[unit]
        rows.append(
            [
                price.of,
                f"{short.units[unit] * 1000:,.3f}",
                f"{price.dollars * 1e6:,.4f}",
                f"{dollars[unit] * 1000:.5f}",
                f"{dollars[unit] / whole:.1%}",
                f"{more[unit] * 1000:.5f}",
                price.seen,
            ]
        )
    total = [f"{whole * 1000:.5f}", "100%", f"{sum(more.values()) * 1000:.5f}"]
    rows.append(["all", "", "", *total, ""])
    table(rows)
    print()
