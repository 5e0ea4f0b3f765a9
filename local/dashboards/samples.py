"""What the rooms emitted in this run: the metric lines in the embedded AWS's logs.

AWS makes metrics of such lines by itself (Amazon CloudWatch, "Embedded metric format"); MiniStack
only keeps them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a log that CloudWatch would make metrics of."""

    at: float  # epoch seconds
    log_group: str
    namespace: str
    dimensions: Mapping[str, str]
    metrics: Mapping[str, Sequence[float]]
    fields: Mapping[str, Any]  # all that the line says, by the names that Logs Insights gives it


class MetricLog:
    """Reads the logs of one namespace's rooms, each line once."""

    def __init__(self, logs: Any) -> None:
        self._logs = logs
        self._seen: dict[str, dict[str, Line]] = {}

    def read(self) -> list[Line]:
        """Return every line so far, the oldest first."""
        pages = self._logs.get_paginator("describe_log_groups").paginate()
        for name in [group["logGroupName"] for page in pages for group in page["logGroups"]]:
            self._read_group(name)
        lines = [line for seen in self._seen.values() for line in seen.values()]
        return sorted(lines, key=lambda line: line.at)

    def _read_group(self, name: str) -> None:
        seen = self._seen.setdefault(name, {})
        newest = max((line.at for line in seen.values()), default=0.0)
        pages = self._logs.get_paginator("filter_log_events").paginate(
            logGroupName=name, startTime=int(newest * 1000)
        )
        for page in pages:
            for event in page["events"]:
                key = event.get("eventId") or f"{event['timestamp']}{event['message']}"
                if key not in seen:
                    for line in parse(name, event["message"]):
                        seen[key] = line


def parse(log_group: str, text: str) -> Iterator[Line]:
    """Read a metric line; anything else yields nothing."""
    if not text.startswith('{"_aws"'):
        return
    written = json.loads(text)
    told = written["_aws"]
    for group in told["CloudWatchMetrics"]:
        yield Line(
            at=told["Timestamp"] / 1000,
            log_group=log_group,
            namespace=group["Namespace"],
            dimensions={name: str(written[name]) for name in group["Dimensions"][0]},
            metrics={m["Name"]: _values(written[m["Name"]]) for m in group["Metrics"]},
            fields=dict(_fields(written)),
        )


def _fields(written: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Name what Logs Insights finds: the members of an array by their places.

    Source: Amazon CloudWatch Logs, "Supported logs and discovered fields", "Fields in JSON logs".
    """
    for name, value in written.items():
        if isinstance(value, list):
            yield from ((f"{name}.{place}", member) for place, member in enumerate(value))
        elif name != "_aws":
            yield name, value


def _values(value: Any) -> Sequence[float]:
    return [float(one) for one in value] if isinstance(value, list) else [float(value)]
