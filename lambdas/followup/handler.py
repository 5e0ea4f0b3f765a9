"""S3 events about documents that workers wrote: show progress, deliver results.

S3 delivers at least once, in any order, with keys encoded as in a URL (Amazon S3, "Event message
structure"). The use cases bear repeats and late events.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import unquote_plus

from distillery.core.deliver_result import DeliverResult
from distillery.core.keys import parse_attempt_key
from distillery.core.show_progress import ShowProgress

logger = logging.getLogger(__name__)

Event = Mapping[str, Any]
Handler = Callable[[Event], None]


def build_handler(
    show_progress: ShowProgress,
    deliver_result: DeliverResult,
    job_in_logs: Callable[[str], AbstractContextManager[None]],
) -> Handler:
    """Return the handler of an S3 event. What it raises makes Lambda call it again."""
    use_cases: Mapping[str, Callable[[str, int], None]] = {
        "progress.json": show_progress,
        "result.json": deliver_result,
    }

    def handle(event: Event) -> None:
        # A test event, sent when the notification is set up, has no Records.
        for record in event.get("Records", []):
            key = unquote_plus(record["s3"]["object"]["key"])
            document = parse_attempt_key(key)
            if document is None or document.file not in use_cases:
                logger.warning("an object that no worker should have written", extra={"key": key})
                continue
            with job_in_logs(document.job_id):
                use_cases[document.file](document.job_id, document.attempt)

    return handle
