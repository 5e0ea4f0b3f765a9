"""Log lines as JSON, each with the id of the job that runs; pre-signed URLs lose their query."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime

_QUERY = re.compile(r"\?[\w.~%-]+=[^\s\"'<>)\\]*")


@dataclass(frozen=True, slots=True, eq=False)
class _About:
    job_id: str
    attempt: int


class JsonLines(logging.Formatter):
    """One JSON object per line, each with the job it is about.

    A line from a thread that no job began is the running job's, where there is only one.
    """

    def __init__(self) -> None:
        super().__init__()
        self._running: list[_About] = []
        self._here: ContextVar[_About | None] = ContextVar("job", default=None)

    @contextmanager
    def about(self, job_id: str, attempt: int) -> Iterator[None]:
        """Put the job on every line written inside."""
        job = _About(job_id, attempt)
        self._running.append(job)
        token = self._here.set(job)
        try:
            yield
        finally:
            self._here.reset(token)
            self._running.remove(job)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without any query string: that is where signatures are."""
        running = tuple(self._running)
        job = self._here.get() or (running[0] if len(running) == 1 else None)
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": _QUERY.sub("?…", record.getMessage()),
            "job_id": job and job.job_id,
            "attempt": job and job.attempt,
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
    with _LINES.about(job_id, attempt):
        yield
