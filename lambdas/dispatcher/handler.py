"""SQS messages that each name one job: dispatch it. Failed messages alone are delivered again."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from distillery.core.dispatch_job import DispatchJob

logger = logging.getLogger(__name__)

Event = Mapping[str, Any]
Handler = Callable[[Event], dict[str, Any]]


def build_handler(
    dispatch: DispatchJob, job_in_logs: Callable[[str], AbstractContextManager[None]]
) -> Handler:
    """Return the handler of an SQS event whose mapping has ReportBatchItemFailures."""

    def handle(event: Event) -> dict[str, Any]:
        failed = [
            record["messageId"]
            for record in event["Records"]
            if not _dispatch(record, dispatch, job_in_logs)
        ]
        return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}

    return handle


def _dispatch(
    record: Mapping[str, Any],
    dispatch: DispatchJob,
    job_in_logs: Callable[[str], AbstractContextManager[None]],
) -> bool:
    try:
        message = json.loads(record["body"])
        job_id, again = str(message["job_id"]), bool(message.get("again"))
        is_repeat = int(record["attributes"]["ApproximateReceiveCount"]) > 1
    except (ValueError, KeyError, TypeError):
        logger.exception("a message that names no job")
        return False
    with job_in_logs(job_id):
        try:
            if again:
                dispatch.again(job_id)
            else:
                dispatch(job_id, is_repeat=is_repeat)
        except Exception:
            logger.exception("could not dispatch")
            return False
    return True
