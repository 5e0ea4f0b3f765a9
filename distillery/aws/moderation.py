"""The records of moderation on the service's own DynamoDB table.

Items: `GUILD#<id>`/`POLICY`, `GUILD#<id>`/`MEMBER#<user>`, `MEMBER#<user>`/`STANDING`;
`GUILD#<id>`/`DECISION#<interaction>` and `GUILD#<id>`/`AUDIT#<interaction>`, in the order of
interactions, whose ids grow with time; `MODERATION`/`HASH_KEY`.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from distillery.aws import moderation_items as items
from distillery.aws.moderation_items import Item
from distillery.aws.transactions import Action, Transactions
from distillery.core.errors import AlreadyDecided, StoreBusy, StoreConflict
from distillery.core.moderation.records import (
    AuditEntry,
    Decision,
    GuildPolicy,
    Look,
    MemberTerms,
    Standing,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_TRIES = 3


class DynamoModeration:
    """Implements `Moderation`."""

    def __init__(
        self, client: DynamoDBClient, table: str, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._client = client
        self._table = table
        self._transactions = Transactions(client, sleep)
        self._key: bytes | None = None

    def look(self, guild_id: str | None, user_id: str) -> Look:
        """Read all that is settled about a member, in one call."""
        keys = [items.standing_key(user_id)]
        if guild_id is not None:
            keys += [items.policy_key(guild_id), items.terms_key(guild_id, user_id)]
        found = {(item["pk"]["S"], item["sk"]["S"]): item for item in self._batch(keys)}
        standing, *rest = [found.get((key["pk"]["S"], key["sk"]["S"]), {}) for key in keys]
        policy, terms = rest or ({}, {})
        return Look(
            items.policy_from(policy), items.terms_from(terms), items.standing_from(standing)
        )

    def record(self, decision: Decision) -> None:
        """Keep a decision."""
        self._transactions.write([self._new(items.decision_item(decision))])

    def refuse(self, decision: Decision, before: Standing, after: Standing) -> None:
        """Keep a refusal and the standing that comes of it."""
        standing = items.standing_item(decision.user_id, after)
        failed = self._transactions.write(
            [
                self._new(items.decision_item(decision)),
                self._replacing(standing, before.revision),
            ]
        )
        if failed and failed[0]:
            raise AlreadyDecided(decision.decision_id)
        if failed:
            raise StoreConflict(decision.user_id)

    def set_policy(self, before: GuildPolicy, after: GuildPolicy, entry: AuditEntry) -> None:
        """Replace a guild's policy and log it."""
        self._change(items.policy_item(entry.guild_id, after), before.revision, entry)

    def set_terms(
        self, user_id: str, before: MemberTerms, after: MemberTerms, entry: AuditEntry
    ) -> None:
        """Replace a member's terms and log it."""
        self._change(items.terms_item(entry.guild_id, user_id, after), before.revision, entry)

    def decisions(self, guild_id: str, limit: int) -> Sequence[Decision]:
        """Return the decisions made in a guild, the latest first."""
        found = self._latest(items.guild_of(guild_id), items.DECISION, limit)
        return [items.decision_from(item) for item in found]

    def log(self, guild_id: str, limit: int) -> Sequence[AuditEntry]:
        """Return what moderators did in a guild, the latest first."""
        found = self._latest(items.guild_of(guild_id), items.AUDIT, limit)
        return [items.entry_from(item) for item in found]

    def hash_key(self) -> bytes:
        """Return the key of the table; the first who needs it makes it."""
        if self._key is None:
            new = {**items.HASH_KEY, "key": {"B": secrets.token_bytes(32)}}
            self._transactions.write([self._new(new)])  # if there is one, it stays
            answer = self._client.get_item(
                TableName=self._table, Key=items.HASH_KEY, ConsistentRead=True
            )
            self._key = bytes(answer["Item"]["key"]["B"])
        return self._key

    def _batch(self, keys: Sequence[Item]) -> Sequence[Mapping[str, Any]]:
        request: Any = {self._table: {"Keys": keys, "ConsistentRead": True}}
        found: list[Mapping[str, Any]] = []
        for _ in range(_TRIES):
            try:
                answer = self._client.batch_get_item(RequestItems=request)
            except ClientError as error:
                raise StoreBusy(f"DynamoDB answered {error.response['Error']['Code']}") from error
            found += answer["Responses"].get(self._table, [])
            request = answer.get("UnprocessedKeys")
            if not request:
                return found
        raise StoreBusy("DynamoDB did not read all keys: try again later")

    def _change(self, item: Item, revision: int, entry: AuditEntry) -> None:
        put: Action = {"Put": {"TableName": self._table, "Item": items.entry_item(entry)}}
        if self._transactions.write([self._replacing(item, revision), put]):
            raise StoreConflict(f"{item['pk']['S']}/{item['sk']['S']}")

    def _new(self, item: Item) -> Action:
        return {
            "Put": {
                "TableName": self._table,
                "Item": item,
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        }

    def _replacing(self, item: Item, revision: int) -> Action:
        """Put an item where it is of this revision still; 0 is that there is none."""
        if not revision:
            return self._new(item)
        return {
            "Put": {
                "TableName": self._table,
                "Item": item,
                "ConditionExpression": "revision = :revision",
                "ExpressionAttributeValues": {":revision": {"N": str(revision)}},
            }
        }

    def _latest(self, partition: str, prefix: str, limit: int) -> Sequence[Mapping[str, Any]]:
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression="pk = :guild AND begins_with(sk, :prefix)",
            ExpressionAttributeValues={":guild": {"S": partition}, ":prefix": {"S": prefix}},
            Limit=limit,
            ScanIndexForward=False,
        )
        return answer["Items"]
