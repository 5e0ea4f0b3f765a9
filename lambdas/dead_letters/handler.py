"""SQS messages from both dead-letter queues. A letter that cannot be buried stays in its queue."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from distillery.core.bury_job import BuryJob
from lambdas.dead_letters.letter import read_letter

logger = logging.getLogger(__name__)

Event = Mapping[str, Any]
Handler = Callable[[Event], dict[str, Any]]


def build_handler(
    bury: BuryJob, job_in_logs: Callable[[str], AbstractContextManager[None]]
) -> Handler:
    """Return the handler of an SQS event whose mapping has ReportBatchItemFailures."""

    def handle(event: Event) -> dict[str, Any]:
        failed = [
            record["messageId"]
            for record in event["Records"]
            if not _bury(record, bury, job_in_logs)
        ]
        return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}

    return handle


def _bury(
    record: Mapping[str, Any],
    bury: BuryJob,
    job_in_logs: Callable[[str], AbstractContextManager[None]],
) -> bool:
    letter = read_letter(record)
    with job_in_logs(letter.job_id or "none"):
        try:
            bury(letter)
        except Exception:
            logger.exception("could not bury a dead letter; it stays in its queue")
            return False
    return True
