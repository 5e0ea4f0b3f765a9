"""Reads an SQS record as a dead letter. Whatever it holds, it becomes one: nothing is refused.

Sources: AWS Lambda, "Using Lambda with Amazon SQS" (the record) and "Capturing records of Lambda
asynchronous invocations" (the body, when an event was retried in vain).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

from distillery.core.keys import parse_attempt_key
from distillery.core.ports import DeadLetter, LetterSource

LONGEST_BODY = 16_000
LONGEST_REASON = 500
"""Characters that are kept: a message may be larger than DynamoDB's items."""
_JOB_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

NOT_DONE = "the dispatcher failed it every time; its log says why"
NO_JOB = "it names no job"


def read_letter(record: Mapping[str, Any]) -> DeadLetter:
    """Return the letter in one record of an SQS event."""
    document = _json_object(record["body"])
    if payload := _object(document, "requestPayload"):
        scheduled = payload.get("source") == "aws.events"
        source = LetterSource.SCHEDULE if scheduled else LetterSource.EVENT
        job_id, reason = _job_of_event(payload), _reason(document)
    else:
        source = LetterSource.QUEUE
        job_id = _job_of_message(document)
        reason = NOT_DONE if job_id else NO_JOB
    return DeadLetter(
        message_id=record["messageId"],
        sent_at_ms=int(record["attributes"]["SentTimestamp"]),
        source=source,
        body=record["body"][:LONGEST_BODY],
        reason=reason,
        job_id=job_id,
    )


def _json_object(body: str) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _object(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = document.get(name)
    return value if isinstance(value, dict) else {}


def _job_of_message(document: Mapping[str, Any]) -> str | None:
    job_id = str(document.get("job_id") or "")
    return job_id if _JOB_ID.fullmatch(job_id) else None


def _job_of_event(payload: Mapping[str, Any]) -> str | None:
    """S3 names one object in each event."""
    try:
        key = str(payload["Records"][0]["s3"]["object"]["key"])
    except (KeyError, IndexError, TypeError):
        return None
    document = parse_attempt_key(unquote_plus(key))
    return document.job_id if document else None


def _reason(document: Mapping[str, Any]) -> str:
    """Say why Lambda gave up, and what the function said last, if it said anything."""
    context, error = _object(document, "requestContext"), _object(document, "responsePayload")
    function = str(context.get("functionArn", "")).partition(":function:")[2]
    parts = (context.get("condition"), function, error.get("errorType"), error.get("errorMessage"))
    return ": ".join(str(part) for part in parts if part)[:LONGEST_REASON]
