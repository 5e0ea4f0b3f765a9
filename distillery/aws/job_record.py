"""A job as one DynamoDB item, and back.

What conditions and indexes look at is an attribute of its own; the rest is JSON, since nobody but
this module reads it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from types import MappingProxyType
from typing import Any, TypeVar

from distillery.core.circuit import Circuit
from distillery.core.job import Job, JobState, Origin, Outcome, Picture, Request
from distillery.core.parent import Parent
from distillery.core.recipes.recipe import Attachment
from distillery.core.tier import Tier

AttributeValue = Mapping[str, Any]
Item = dict[str, AttributeValue]
Stored = TypeVar("Stored", Attachment, Circuit, Origin, Outcome, Parent, Picture, Tier)

RECORD_LIFE_S = 180 * 24 * 3600
"""DynamoDB deletes the record some time after this (time to live); until then the buttons of its
message work. The interaction token died long before."""

LINE, HELD, DUE = "LINE", "HELD", "DUE"
"""Partitions of the sparse indexes."""
WAITING = frozenset({"waiting", "waiting_order"})
"""What only a job has that is in the line or held back."""

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
        "losses": _number(job.losses),
        "charge": _number(job.charge),
        "is_probe": {"BOOL": job.is_probe},
        "progress_shown": _number(job.progress_shown),
        "percent_shown": _number(job.percent_shown),
        "lease_until": _number(job.lease_until),
        "due_at": _number(job.due_at),
        "created_at": _number(job.created_at),
        "expires_at": _number(int(job.created_at) + RECORD_LIFE_S),
        "user_id": {"S": job.origin.user_id},
        "tier": _json(asdict(job.tier)),
        "origin": _json(asdict(job.origin)),
        "request": _json(_request_document(job.request)),
    }
    # One attribute a stage: two rooms may each note a time without losing the other's.
    item.update({f"{_AT}{stage}": _number(at) for stage, at in job.times.items()})
    optional = {
        "provider": job.provider,
        "provider_job_id": job.provider_job_id,
        "only_on": job.only_on,
        "failed_on": job.failed_on,
    }
    item.update({name: {"S": value} for name, value in optional.items() if value is not None})
    if job.parent is not None:
        item["parent"] = _json(asdict(job.parent))
    if job.outcome is not None:
        item["outcome"] = _json(asdict(job.outcome))
    if job.start_tag is not None:
        item["start_tag"] = _number(job.start_tag)
    if job.parts:
        item["parts"] = _json(job.parts)
    return item | _index_attributes(job)


def line_order(job: Job) -> str:
    """Where a job stands in the line: its start tag, written so that it sorts as text."""
    return f"{job.start_tag or 0.0:020.6f}#{job.job_id}"


def _index_attributes(job: Job) -> Item:
    """Put the job into the sparse indexes, which hold only what somebody looks for."""
    attributes: Item = {}
    if not job.is_final:
        attributes["due"] = {"S": DUE}
    if job.state is JobState.QUEUED and job.start_tag is not None:
        attributes |= {"waiting": {"S": LINE}, "waiting_order": {"S": line_order(job)}}
    elif job.is_held:
        order = f"{job.origin.user_id}#{job.created_at:017.3f}#{job.job_id}"
        attributes |= {"waiting": {"S": HELD}, "waiting_order": {"S": order}}
    return attributes


def from_item(item: Mapping[str, AttributeValue]) -> Job:
    """Decode a job."""

    def text(name: str) -> str | None:
        value: str | None = item[name]["S"] if name in item else None
        return value

    def number(name: str) -> float:
        return float(item[name]["N"])

    return Job(
        job_id=item["job_id"]["S"],
        origin=read_known(Origin, json.loads(item["origin"]["S"])),
        request=_request(json.loads(item["request"]["S"])),
        created_at=number("created_at"),
        state=JobState(item["state"]["S"]),
        attempt=int(number("attempt")),
        tier=read_known(Tier, json.loads(item["tier"]["S"])),
        charge=int(number("charge")),
        start_tag=number("start_tag") if "start_tag" in item else None,
        losses=int(number("losses")),
        is_probe=bool(item["is_probe"]["BOOL"]),
        parent=read_known(Parent, json.loads(item["parent"]["S"])) if "parent" in item else None,
        only_on=text("only_on"),
        provider=text("provider"),
        provider_job_id=text("provider_job_id"),
        failed_on=text("failed_on"),
        progress_shown=int(number("progress_shown")),
        percent_shown=number("percent_shown") if "percent_shown" in item else 0.0,
        parts=tuple(json.loads(item["parts"]["S"])) if "parts" in item else (),
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
        attachments={n: read_known(Attachment, v) for n, v in document["attachments"].items()},
    )


def _outcome(document: Mapping[str, Any]) -> Outcome:
    pictures = tuple(read_known(Picture, picture) for picture in document["pictures"])
    return read_known(Outcome, {**document, "pictures": pictures})


def read_known(kind: type[Stored], document: Mapping[str, Any]) -> Stored:
    """Read what this version knows; while a deployment moves on, a newer one writes as well."""
    names = (field.name for field in fields(kind))
    return kind(**{name: document[name] for name in names if name in document})
