"""What all rooms know of the providers: one item each, `PROVIDERS`/`<name>`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from distillery.aws.job_record import AttributeValue, Item, read_known
from distillery.aws.transactions import Action, Transactions
from distillery.core.circuit import Circuit
from distillery.core.errors import StoreConflict
from distillery.core.expected_wait import woke_s
from distillery.core.job import Job
from distillery.core.records import RECENT, ProviderRecord

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_PARTITION = "PROVIDERS"


class DynamoProviderRecords:
    """Implements `ProviderRecords`."""

    def __init__(
        self, client: DynamoDBClient, table: str, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._client = client
        self._table = table
        self._transactions = Transactions(client, sleep)

    def all(self) -> Mapping[str, ProviderRecord]:
        """Read every record by the provider's name, as it stands now."""
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression="pk = :providers",
            ExpressionAttributeValues={":providers": {"S": _PARTITION}},
            ConsistentRead=True,
        )
        return {item["sk"]["S"]: _record(item) for item in answer["Items"]}

    def set_circuit(self, provider: str, before: Circuit, after: Circuit) -> None:
        """Replace a circuit, or raise StoreConflict when it is not `before` any more."""
        condition = "circuit = :before"
        if before == Circuit():
            condition += " OR attribute_not_exists(circuit)"
        update: Action = {
            "UpdateExpression": "SET circuit = :after",
            "ConditionExpression": condition,
            "ExpressionAttributeValues": {
                ":before": {"S": _text(before)},
                ":after": {"S": _text(after)},
            },
        }
        if self._transactions.write([_on_record(provider, self._table, update)]):
            raise StoreConflict(f"the circuit of {provider} has changed")

    def free_slot(self, provider: str, holder: str) -> None:
        """Free the slot that `holder` holds, if it holds one."""
        update: Action = {
            "UpdateExpression": "DELETE holders :holder",
            "ExpressionAttributeValues": {":holder": {"SS": [holder]}},
        }
        self._transactions.write([_on_record(provider, self._table, update)])


def taking(job: Job, limit: int, table: str) -> Action:
    """Take a slot of the job's provider for its new attempt, if one is free."""
    expression = "ADD holders :holder"
    values: Item = {":holder": {"SS": [job.slot_holder]}, ":limit": {"N": str(limit)}}
    if job.attempt == 1 and job.start_tag is not None:
        # A job that comes back keeps its old place in the line; virtual time does not go back.
        expression += " SET virtual_time = :tag"
        values[":tag"] = {"N": repr(job.start_tag)}
    update: Action = {
        "UpdateExpression": expression,
        "ConditionExpression": "attribute_not_exists(holders) OR size(holders) < :limit",
        "ExpressionAttributeValues": values,
    }
    return _on_record(str(job.provider), table, update)


def freeing(before: Job, after: Job, table: str) -> Action:
    """Free the slot of an attempt that is over, and note whether it made pictures."""
    expression = "DELETE holders :holder"
    values: Item = {":holder": {"SS": [before.slot_holder]}}
    if after.outcome is not None and after.outcome.succeeded:
        now = after.times["concluded"]
        # The oldest first: each takes what the one before it was.
        moved = [f"took_{n} = if_not_exists(took_{n - 1}, :took)" for n in range(RECENT - 1, 0, -1)]
        expression += " SET served_at = :now, " + ", ".join([*moved, "took_0 = :took"])
        values[":now"] = {"N": repr(now)}
        values[":took"] = {"N": repr(now - before.times["dispatched"])}
        woke = woke_s(before)
        if woke is not None:
            expression += ", woke_s = :woke"
            values[":woke"] = {"N": repr(woke)}
    update: Action = {"UpdateExpression": expression, "ExpressionAttributeValues": values}
    return _on_record(str(before.provider), table, update)


def _on_record(provider: str, table: str, update: Action) -> Action:
    return {"Update": {"TableName": table, "Key": _key(provider), **update}}


def _key(provider: str) -> Item:
    return {"pk": {"S": _PARTITION}, "sk": {"S": provider}}


def _record(item: Mapping[str, AttributeValue]) -> ProviderRecord:
    def number(name: str) -> float:
        return float(item[name]["N"]) if name in item else 0.0

    circuit: dict[str, Any] = json.loads(item["circuit"]["S"]) if "circuit" in item else {}
    return ProviderRecord(
        holders=frozenset(item["holders"]["SS"] if "holders" in item else ()),
        virtual_time=number("virtual_time"),
        served_at=number("served_at"),
        woke_s=number("woke_s"),
        took_s=tuple(number(f"took_{n}") for n in range(RECENT) if f"took_{n}" in item),
        circuit=read_known(Circuit, circuit),
    )


def _text(circuit: Circuit) -> str:
    """Encode a circuit, the same one always in the same way."""
    return json.dumps(asdict(circuit), sort_keys=True, separators=(",", ":"))
