"""The wake-up queue on SQS: a standard queue with message groups, which makes it a fair queue."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from distillery.core.errors import QueueUnavailable

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class SqsJobQueue:
    """Implements `JobQueue`."""

    def __init__(self, client: SQSClient, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, job_id: str, *, group: str, delay_s: int = 0) -> None:
        """Ask for one dispatch; raises QueueUnavailable."""
        self._send({"job_id": job_id}, group, delay_s)

    def send_again(self, job_id: str, *, group: str) -> None:
        """Ask for the job's answer to be shown once more; raises QueueUnavailable."""
        self._send({"job_id": job_id, "again": True}, group, 0)

    def _send(self, body: Mapping[str, object], group: str, delay_s: int) -> None:
        try:
            self._client.send_message(
                QueueUrl=self._url,
                MessageBody=json.dumps(body),
                MessageGroupId=group,
                DelaySeconds=delay_s,
            )
        except (BotoCoreError, ClientError) as error:
            raise QueueUnavailable(f"SQS did not take the message: {error}") from error
