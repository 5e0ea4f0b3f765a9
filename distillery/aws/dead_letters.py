"""Dead letters on the service's own DynamoDB table: one item each, in one partition.

Item: `DEAD_LETTERS`/`<epoch ms>#<message id>`. There are few, so one partition holds them in order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from distillery.core.ports import DeadLetter, LetterSource

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LETTER_LIFE_S = 14 * 24 * 3600
"""DynamoDB deletes the record some time after this: as long as SQS keeps any message."""

_PARTITION = "DEAD_LETTERS"


class DynamoDeadLetters:
    """Implements `DeadLetters`."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def keep(self, letter: DeadLetter) -> None:
        """Keep a letter for 14 days."""
        self._client.put_item(TableName=self._table, Item=_to_item(letter))

    def list(self, limit: int) -> Sequence[DeadLetter]:
        """Return the letters, the latest first."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :letters",
            ExpressionAttributeValues={":letters": {"S": _PARTITION}},
            ScanIndexForward=False,
        )
        items = (item for page in pages for item in page["Items"])
        return [_from_item(item) for item in islice(items, limit)]

    def take(self, letter_id: str) -> DeadLetter | None:
        """Remove a letter and return it."""
        answer = self._client.delete_item(
            TableName=self._table, Key=_key(letter_id), ReturnValues="ALL_OLD"
        )
        return _from_item(answer["Attributes"]) if "Attributes" in answer else None


def _key(letter_id: str) -> dict[str, Mapping[str, Any]]:
    return {"pk": {"S": _PARTITION}, "sk": {"S": letter_id}}


def _to_item(letter: DeadLetter) -> dict[str, Mapping[str, Any]]:
    item: dict[str, Mapping[str, Any]] = {
        **_key(letter.letter_id),
        "source": {"S": letter.source.value},
        "body": {"S": letter.body},
        "reason": {"S": letter.reason},
        "expires_at": {"N": str(letter.sent_at_ms // 1000 + LETTER_LIFE_S)},
    }
    if letter.job_id is not None:
        item["job_id"] = {"S": letter.job_id}
    return item


def _from_item(item: Mapping[str, Any]) -> DeadLetter:
    sent_at_ms, _, message_id = item["sk"]["S"].partition("#")
    return DeadLetter(
        message_id=message_id,
        sent_at_ms=int(sent_at_ms),
        source=LetterSource(item["source"]["S"]),
        body=item["body"]["S"],
        reason=item["reason"]["S"],
        job_id=item["job_id"]["S"] if "job_id" in item else None,
    )
