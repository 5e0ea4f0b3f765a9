"""Follows one job through its record, and through the logs of every room and of workers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from distillery.core.job import Job
from local.deployment import Deployment
from local.serve_command import FOLDER

_BEFORE_MS = 60_000
_QUIET = frozenset(
    {"level", "location", "message", "timestamp", "time", "service", "job_id", "logger"}
    | {"xray_trace_id", "sampling_rate", "exception_name", "stack_trace", "exception", "attempt"}
)


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line about a job. `at` is epoch seconds."""

    at: float
    where: str
    level: str
    message: str

    def document(self) -> Mapping[str, Any]:
        """Return it for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{_clock(self.at)}  {self.where:<14} {self.level:<7} {self.message}"


def stages(job: Job) -> Iterator[str]:
    """Say when each stage was reached, and how long after the one before."""
    times = sorted({"created": job.created_at, **job.times}.items(), key=lambda pair: pair[1])
    before = job.created_at
    for stage, at in times:
        yield f"{_clock(at)}  +{at - before:8.2f} s  {stage}"
        before = at


def log_lines(deployment: Deployment, job: Job, stack: str) -> list[LogLine]:
    """Return every log line that names the job, in order of time.

    Runpod keeps its workers' logs itself, where each line has the same `job_id`.
    """
    found = list(_of_aws(deployment, job, stack))
    if deployment.is_local:
        found += _of_workers(job)
    return sorted(found, key=lambda line: line.at)


def _of_aws(deployment: Deployment, job: Job, stack: str) -> Iterator[LogLine]:
    logs = deployment.client("logs")
    for group, writer in _groups(deployment, stack):
        events = logs.get_paginator("filter_log_events").paginate(
            logGroupName=group,
            startTime=int(job.created_at * 1000) - _BEFORE_MS,
            filterPattern=f'"{job.job_id}"',
        )
        for page in events:
            for event in page["events"]:
                line = _read(event["message"], job.job_id)
                if line:
                    where = str(line.get("service", writer))
                    yield _line(line, event["timestamp"] / 1000, where)


def _groups(deployment: Deployment, stack: str) -> Iterator[tuple[str, str]]:
    """Name the groups of the rooms, and that of SageMaker's endpoint, and who writes there."""
    settings = deployment.settings
    endpoint = f"/aws/sagemaker/Endpoints/{settings.sagemaker_endpoint_name}" if settings else None
    for page in deployment.client("logs").get_paginator("describe_log_groups").paginate():
        for name in (group["logGroupName"] for group in page["logGroups"]):
            if name == endpoint:
                yield name, "sagemaker"
            elif name.startswith(stack) or f"/{stack}" in name:
                yield name, "room"


def _of_workers(job: Job) -> Iterator[LogLine]:
    for file in sorted((FOLDER / "log").glob("*.log")):
        for text in file.read_text(errors="replace").splitlines():
            line = _read(text, job.job_id) if job.job_id in text else None
            if line and "time" in line:
                at = datetime.fromisoformat(str(line["time"])).timestamp()
                yield _line(line, at, file.stem)


def _read(text: str, job_id: str) -> Mapping[str, Any] | None:
    """Return a JSON line that is about the job, whatever else a log may hold."""
    try:
        line = json.loads(text)
    except ValueError:
        return None
    about = isinstance(line, dict) and line.get("job_id") == job_id
    return line if about else None


def _line(line: Mapping[str, Any], at: float, where: str) -> LogLine:
    more = " ".join(f"{name}={value}" for name, value in line.items() if name not in _QUIET)
    failed = line.get("exception", "")
    cause = str(failed).strip().splitlines()[-1] if failed else ""
    message = "  ".join(filter(None, [str(line.get("message", "")), more, cause]))
    return LogLine(at, where, str(line.get("level", "")), message)


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S.%f")[:-3]
