"""Members' favourites: one item for each, `MEMBER#<id>`/`FAVOURITES`, with a set of requests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from distillery.aws.job_record import Item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoFavourites:
    """Implements `Favourites`. A set takes and loses what it may have, or have lost, already."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def add(self, user_id: str, job_id: str) -> None:
        """Add to the set."""
        self._update("ADD jobs :job", user_id, job_id)

    def remove(self, user_id: str, job_id: str) -> None:
        """Delete from the set."""
        self._update("DELETE jobs :job", user_id, job_id)

    def of_member(self, user_id: str) -> Sequence[str]:
        """Read the set; an id is a snowflake, so that the larger is the later."""
        found = self._client.get_item(
            TableName=self._table, Key=_key(user_id), ConsistentRead=True
        ).get("Item", {})
        return sorted(found["jobs"]["SS"] if "jobs" in found else (), key=int, reverse=True)

    def _update(self, expression: str, user_id: str, job_id: str) -> None:
        self._client.update_item(
            TableName=self._table,
            Key=_key(user_id),
            UpdateExpression=expression,
            ExpressionAttributeValues={":job": {"SS": [job_id]}},
        )


def _key(user_id: str) -> Item:
    return {"pk": {"S": f"MEMBER#{user_id}"}, "sk": {"S": "FAVOURITES"}}
