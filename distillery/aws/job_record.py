"""A job as one DynamoDB item, and back.

What conditions and indexes look at is an attribute of its own; the rest is JSON, since nobody but
this module reads it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from types import MappingProxyType
from typing import Any

from distillery.core.job import Job, JobState, Origin, Outcome, Picture, Request
from distillery.core.recipe import Attachment

AttributeValue = Mapping[str, Any]
Item = dict[str, AttributeValue]

RECORD_LIFE_S = 30 * 24 * 3600
"""DynamoDB deletes the record some time after this (time to live); the token died long before."""

_AT = "at_"


def job_key(job_id: str) -> Item:
    """Return the primary key of a job's item."""
    return {"pk": {"S": f"JOB#{job_id}"}, "sk": {"S": "JOB"}}


def to_item(job: Job) -> Item:
    """Encode a job. Attributes that hold nothing are left out."""
    item: Item = {
        **job_key(job.job_id),
        "job_id": {"S": job.job_id},
        "state": {"S": job.state.value},
        "attempt": _number(job.attempt),
        "tries": _number(job.tries),
        "progress_shown": _number(job.progress_shown),
        "lease_until": _number(job.lease_until),
        "due_at": _number(job.due_at),
        "created_at": _number(job.created_at),
        "expires_at": _number(int(job.created_at) + RECORD_LIFE_S),
        "origin": _json(asdict(job.origin)),
        "request": _json(_request_document(job.request)),
    }
    # One attribute a stage: two rooms may each note a time without losing the other's.
    item.update({f"{_AT}{stage}": _number(at) for stage, at in job.times.items()})
    optional = {
        "provider": job.provider,
        "provider_job_id": job.provider_job_id,
        "failed_on": job.failed_on,
    }
    item.update({name: {"S": value} for name, value in optional.items() if value is not None})
    if job.outcome is not None:
        item["outcome"] = _json(asdict(job.outcome))
    if not job.is_final:
        # Only jobs that may yet go wrong are in the `due` index.
        item["due"] = {"S": "DUE"}
    if job.state is JobState.QUEUED:
        # Only waiting jobs are in the `waiting` index, which makes it short and cheap to read.
        item["waiting"] = {"S": "QUEUED"}
        item["waiting_order"] = {"S": f"{job.created_at:017.3f}#{job.job_id}"}
    return item


def from_item(item: Mapping[str, AttributeValue]) -> Job:
    """Decode a job."""

    def text(name: str) -> str | None:
        value: str | None = item[name]["S"] if name in item else None
        return value

    def number(name: str) -> float:
        return float(item[name]["N"])

    return Job(
        job_id=item["job_id"]["S"],
        origin=Origin(**json.loads(item["origin"]["S"])),
        request=_request(json.loads(item["request"]["S"])),
        created_at=number("created_at"),
        state=JobState(item["state"]["S"]),
        attempt=int(number("attempt")),
        tries=int(number("tries")),
        provider=text("provider"),
        provider_job_id=text("provider_job_id"),
        failed_on=text("failed_on"),
        progress_shown=int(number("progress_shown")),
        lease_until=number("lease_until"),
        due_at=number("due_at"),
        outcome=_outcome(json.loads(item["outcome"]["S"])) if "outcome" in item else None,
        times=MappingProxyType(
            {name.removeprefix(_AT): number(name) for name in item if name.startswith(_AT)}
        ),
    )


def _number(value: float) -> AttributeValue:
    return {"N": repr(value)}


def _json(value: object) -> AttributeValue:
    return {"S": json.dumps(value, separators=(",", ":"), ensure_ascii=False)}


def _request_document(request: Request) -> Mapping[str, object]:
    return {
        "workflow": request.workflow,
        "values": dict(request.values),
        "attachments": {name: asdict(value) for name, value in request.attachments.items()},
    }


def _request(document: Mapping[str, Any]) -> Request:
    return Request(
        workflow=document["workflow"],
        values=document["values"],
        attachments={n: Attachment(**v) for n, v in document["attachments"].items()},
    )


def _outcome(document: Mapping[str, Any]) -> Outcome:
    pictures = tuple(Picture(**picture) for picture in document["pictures"])
    return Outcome(**{**document, "pictures": pictures})
