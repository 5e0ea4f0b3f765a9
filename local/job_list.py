"""What `GET /control/jobs` answers: every job of the service's own table, without its secrets."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from distillery.core.job import Job
from local.job_table import jobs_since

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from local.aws import EmbeddedAws


class JobList:
    """Reads the table with the root key, as an operator would look at it."""

    def __init__(self, embedded: EmbeddedAws, table: str) -> None:
        self._dynamodb = cast("DynamoDBClient", embedded.client("dynamodb"))
        self._table = table

    async def read(self) -> list[dict[str, Any]]:
        """Return every job, the oldest first. Times are epoch seconds."""
        return await asyncio.to_thread(self._read)

    def _read(self) -> list[dict[str, Any]]:
        return [_document(job) for job in jobs_since(self._dynamodb, self._table)]


def _document(job: Job) -> dict[str, Any]:
    return {
        "job_id": job.job_id,
        "state": job.state.value,
        "attempt": job.attempt,
        "losses": job.losses,
        "charge": job.charge,
        "member": job.origin.user_id,
        "provider": job.provider,
        "workflow": job.request.workflow,
        "error_kind": job.outcome.error_kind if job.outcome else None,
        "times": {"created": job.created_at, **job.times},
        "engine_s": job.outcome.engine_s if job.outcome else None,
    }
