"""The job store on one DynamoDB table.

Items: `JOB#<id>`/`JOB` is a job; `PROVIDER#<name>`/`SLOTS` counts the jobs a provider holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from distillery.aws.job_record import Item, from_item, job_key, to_item
from distillery.core.errors import DuplicateJob, NoFreeSlot, StaleJob
from distillery.core.job import Job

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

WAITING_INDEX = "waiting"
DUE_INDEX = "due"


class DynamoJobStore:
    """Implements `JobStore`. Every write is conditional, and none is retried by hand."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def create(self, job: Job) -> None:
        """Write a new job, or raise DuplicateJob."""
        try:
            self._client.put_item(
                TableName=self._table,
                Item=to_item(job),
                ConditionExpression="attribute_not_exists(pk)",
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            raise DuplicateJob(job.job_id) from None

    def load(self, job_id: str) -> Job | None:
        """Read a job as it stands now."""
        answer = self._client.get_item(
            TableName=self._table, Key=job_key(job_id), ConsistentRead=True
        )
        return from_item(answer["Item"]) if "Item" in answer else None

    def move(self, before: Job, after: Job, *, slot_limit: int | None = None) -> None:
        """Replace `before` by `after`, and take or free a slot with it."""
        update = self._job_update(before, after)
        slots = self._slot_updates(before, after, slot_limit)
        if not slots:
            try:
                self._client.update_item(**update)
            except self._client.exceptions.ConditionalCheckFailedException:
                raise StaleJob(before.job_id) from None
            return
        self._transact([update, *slots], before)

    def waiting(self, limit: int) -> Sequence[str]:
        """Ids of the jobs that wait, the longest wait first."""
        answer = self._client.query(
            TableName=self._table,
            IndexName=WAITING_INDEX,
            KeyConditionExpression="waiting = :queued",
            ExpressionAttributeValues={":queued": {"S": "QUEUED"}},
            Limit=limit,
        )
        return [item["pk"]["S"].removeprefix("JOB#") for item in answer["Items"]]

    def overdue(self, now: float, limit: int) -> Sequence[str]:
        """Ids of the jobs that should have moved by now, the longest overdue first."""
        answer = self._client.query(
            TableName=self._table,
            IndexName=DUE_INDEX,
            KeyConditionExpression="due = :due AND due_at <= :now",
            ExpressionAttributeValues={":due": {"S": "DUE"}, ":now": {"N": repr(now)}},
            Limit=limit,
        )
        return [item["pk"]["S"].removeprefix("JOB#") for item in answer["Items"]]

    def _job_update(self, before: Job, after: Job) -> dict[str, Any]:
        """Write only what the move changes, if the job stands where the move began."""
        old, new = to_item(before), to_item(after)
        changed = {name: value for name, value in new.items() if old.get(name) != value}
        gone = [name for name in old if name not in new]
        names = {"#state": "state"} | {f"#{n}": n for n in (*changed, *gone)}
        values: Item = {
            ":was_state": old["state"],
            ":was_attempt": old["attempt"],
            ":was_lease": old["lease_until"],
        }
        condition = "#state = :was_state AND attempt = :was_attempt AND lease_until = :was_lease"
        if after.progress_shown > before.progress_shown:
            condition += " AND progress_shown < :progress_shown"
        values |= {f":{name}": value for name, value in changed.items()}
        expression = "SET " + ", ".join(f"#{name} = :{name}" for name in changed)
        if gone:
            expression += " REMOVE " + ", ".join(f"#{name}" for name in gone)
        return {
            "TableName": self._table,
            "Key": job_key(before.job_id),
            "UpdateExpression": expression,
            "ConditionExpression": condition,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
        }

    def _slot_updates(self, before: Job, after: Job, limit: int | None) -> list[dict[str, Any]]:
        if before.holds_slot == after.holds_slot:
            return []
        if after.holds_slot:
            if limit is None:
                raise ValueError("a move into DISPATCHED needs the provider's slot_limit")
            condition = "attribute_not_exists(in_flight) OR in_flight < :limit"
            return [self._slot_update(after, 1, condition, {":limit": {"N": str(limit)}})]
        return [self._slot_update(before, -1, "in_flight > :zero", {})]

    def _slot_update(self, job: Job, change: int, condition: str, values: Item) -> dict[str, Any]:
        zero: Item = {":zero": {"N": "0"}}
        return {
            "TableName": self._table,
            "Key": {"pk": {"S": f"PROVIDER#{job.provider}"}, "sk": {"S": "SLOTS"}},
            "UpdateExpression": "SET in_flight = if_not_exists(in_flight, :zero) + :change",
            "ConditionExpression": condition,
            "ExpressionAttributeValues": {":change": {"N": str(change)}, **zero, **values},
        }

    def _transact(self, updates: list[dict[str, Any]], before: Job) -> None:
        try:
            self._client.transact_write_items(
                TransactItems=[{"Update": update} for update in updates]  # type: ignore[typeddict-item]
            )
        except self._client.exceptions.TransactionCanceledException as error:
            job_reason, slot_reason = (
                reason.get("Code") for reason in error.response["CancellationReasons"]
            )
            if job_reason == "ConditionalCheckFailed":
                raise StaleJob(before.job_id) from None
            if slot_reason == "ConditionalCheckFailed":
                raise NoFreeSlot(before.provider or "") from None
            if "TransactionConflict" in (job_reason, slot_reason):
                # Another transaction holds the item this instant; the caller's retry decides.
                raise StaleJob(before.job_id) from None
            raise
