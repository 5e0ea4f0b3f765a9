"""Log lines as JSON, each with the id of the job that runs; pre-signed URLs lose their query."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

_QUERY = re.compile(r"\?[\w.~%-]+=[^\s\"'<>)\\]*")


class JsonLines(logging.Formatter):
    """One JSON object per line. The worker runs one job at a time, so one id serves all threads."""

    def __init__(self) -> None:
        super().__init__()
        self.job_id: str | None = None
        self.attempt: int | None = None

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without any query string: that is where signatures are."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": _QUERY.sub("?…", record.getMessage()),
            "job_id": self.job_id,
            "attempt": self.attempt,
        }
        if record.exc_info:
            line["exception"] = _QUERY.sub("?…", self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


_LINES = JsonLines()


def set_up(level: str) -> None:
    """Send every log line of this process to stderr as JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_LINES)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)


@contextmanager
def about(job_id: str, attempt: int) -> Iterator[None]:
    """Put the job on every line written inside."""
    _LINES.job_id, _LINES.attempt = job_id, attempt
    try:
        yield
    finally:
        _LINES.job_id = _LINES.attempt = None
