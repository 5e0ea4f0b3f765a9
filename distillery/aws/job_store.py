"""The job store on one DynamoDB table.

Items: `JOB#<id>`/`JOB` is a job; what its moves change besides is in `accounts` and
`provider_records`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from distillery.aws.accounts import (
    account_from,
    account_key,
    concluding,
    entering,
    leaving,
    line_from,
    reserving,
    setting,
)
from distillery.aws.job_record import (
    DUE,
    HELD,
    LINE,
    WAITING,
    AttributeValue,
    Item,
    from_item,
    job_key,
    line_order,
    to_item,
)
from distillery.aws.provider_records import freeing, taking
from distillery.aws.transactions import Action, Transactions
from distillery.core.credits import LedgerLine, no_credits
from distillery.core.errors import DuplicateJob, MemberAtLimit, NoFreeSlot, StaleJob
from distillery.core.job import Job, JobState
from distillery.core.records import Account

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

WAITING_INDEX = "waiting"
DUE_INDEX = "due"
MEMBER_INDEX = "member"
_MOST_KEYS = 100  # of one BatchGetItem


class DynamoJobStore:
    """Implements `JobStore`. Every write is conditional, so that a repeat changes nothing."""

    def __init__(
        self, client: DynamoDBClient, table: str, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._client = client
        self._table = table
        self._transactions = Transactions(client, sleep)

    def create(self, *jobs: Job) -> None:
        """Write the jobs of one request and reserve their charge, or raise why not."""
        first = jobs[0]
        puts: list[Action] = [
            {
                "Put": {
                    "TableName": self._table,
                    "Item": to_item(job),
                    "ConditionExpression": "attribute_not_exists(pk)",
                }
            }
            for job in jobs
        ]
        failed = self._transactions.write([*puts, *reserving(jobs, self._table)])
        if any(failed[: len(jobs)]):
            raise DuplicateJob(first.job_id)
        if any(failed):
            balance = self.account(first.origin.user_id).balance
            raise no_credits((first.tier.credits or 0) if balance is None else balance)

    def load(self, job_id: str) -> Job | None:
        """Read a job as it stands now."""
        answer = self._client.get_item(
            TableName=self._table, Key=job_key(job_id), ConsistentRead=True
        )
        return from_item(answer["Item"]) if "Item" in answer else None

    def load_all(self, job_ids: Sequence[str]) -> Sequence[Job]:
        """Read many jobs at once, in this order."""
        found: dict[str, Job] = {}
        for start in range(0, len(job_ids), _MOST_KEYS):
            keys = [job_key(job_id) for job_id in job_ids[start : start + _MOST_KEYS]]
            for item in self._items(keys):
                job = from_item(item)
                found[job.job_id] = job
        return [found[job_id] for job_id in job_ids if job_id in found]

    def move(self, before: Job, after: Job, *, slot_limit: int | None = None) -> None:
        """Replace `before` by `after`, with all that follows from it."""
        slot = self._on_slots(before, after, slot_limit)
        account = self._on_account(before, after)
        failed = self._transactions.write(
            [{"Update": self._job_update(before, after)}, *slot, *account]
        )
        if not failed:
            return
        if failed[0]:
            raise StaleJob(before.job_id)
        if slot and failed[1]:
            raise NoFreeSlot(str(after.provider))
        if after.is_in_flight:
            raise MemberAtLimit(after.origin.user_id)
        raise StaleJob(before.job_id)  # it has been charged already, so it has been concluded

    def line(self, limit: int) -> Sequence[str]:
        """Ids of the jobs that wait in the line, those next in order first."""
        return self._ids(WAITING_INDEX, "waiting = :line", {":line": {"S": LINE}}, limit)

    def place(self, job: Job) -> int:
        """How many stand before the job in the line."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            IndexName=WAITING_INDEX,
            KeyConditionExpression="waiting = :line AND waiting_order < :own",
            ExpressionAttributeValues={":line": {"S": LINE}, ":own": {"S": line_order(job)}},
            Select="COUNT",
        )
        return sum(page["Count"] for page in pages)

    def held(self, user_id: str) -> str | None:
        """Id of the member's job that has been held back for longest."""
        condition = "waiting = :held AND begins_with(waiting_order, :theirs)"
        values: Item = {":held": {"S": HELD}, ":theirs": {"S": f"{user_id}#"}}
        return next(iter(self._ids(WAITING_INDEX, condition, values, 1)), None)

    def members_held(self, limit: int, after: str = "") -> Sequence[str]:
        """Ids of members who have jobs that are held back: one query for each."""
        members: list[str] = []
        past = f"{after}$"  # '$' comes after '#': past all jobs of that member
        while len(members) < limit:
            answer = self._client.query(
                TableName=self._table,
                IndexName=WAITING_INDEX,
                KeyConditionExpression="waiting = :held AND waiting_order > :after",
                ExpressionAttributeValues={":held": {"S": HELD}, ":after": {"S": past}},
                Limit=1,
            )
            if not answer["Items"]:
                break
            members.append(answer["Items"][0]["waiting_order"]["S"].split("#")[0])
            past = f"{members[-1]}$"
        return members

    def of_member(self, user_id: str, limit: int) -> Sequence[str]:
        """Ids of a member's jobs, the latest first."""
        values: Item = {":member": {"S": user_id}}
        return self._ids(MEMBER_INDEX, "user_id = :member", values, limit, forward=False)

    def asked_since(self, user_id: str, since: float) -> int:
        """How many jobs a member has asked for since then."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            IndexName=MEMBER_INDEX,
            KeyConditionExpression="user_id = :member AND created_at >= :since",
            ExpressionAttributeValues={":member": {"S": user_id}, ":since": {"N": repr(since)}},
            Select="COUNT",
        )
        return sum(page["Count"] for page in pages)

    def overdue(self, now: float, limit: int) -> Sequence[str]:
        """Ids of the jobs that should have moved by now, the longest overdue first."""
        values: Item = {":due": {"S": DUE}, ":now": {"N": repr(now)}}
        return self._ids(DUE_INDEX, "due = :due AND due_at <= :now", values, limit)

    def anything_open(self) -> bool:
        """Tell whether any job still waits for its end."""
        return bool(self._ids(DUE_INDEX, "due = :due", {":due": {"S": DUE}}, 1))

    def account(self, user_id: str) -> Account:
        """Read what a member has; one who never asked has an empty account."""
        answer = self._client.get_item(
            TableName=self._table, Key=account_key(user_id), ConsistentRead=True
        )
        return account_from(answer.get("Item", {}))

    def set_balance(self, user_id: str, balance: int, entry_id: str) -> None:
        """Write balance and line together, unless there is such a line."""
        self._transactions.write(setting(user_id, balance, entry_id, self._table))

    def release(self, user_id: str, job_id: str) -> None:
        """Take a job that is over off its member's jobs in flight."""
        self._transactions.write([leaving(user_id, job_id, self._table)])

    def ledger(self, user_id: str) -> Sequence[LedgerLine]:
        """Every line about a member, by job."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :member AND begins_with(sk, :ledger)",
            ExpressionAttributeValues={
                ":member": account_key(user_id)["pk"],
                ":ledger": {"S": "LEDGER#"},
            },
        )
        return [line_from(item) for page in pages for item in page["Items"]]

    def _items(self, keys: Sequence[Item]) -> Iterator[Mapping[str, AttributeValue]]:
        """Read items; DynamoDB may leave some for the next call (BatchGetItem)."""
        wanted: Any = {self._table: {"Keys": keys, "ConsistentRead": True}}
        while wanted:
            answer = self._client.batch_get_item(RequestItems=wanted)
            yield from answer["Responses"].get(self._table, [])
            wanted = answer.get("UnprocessedKeys")

    def _ids(
        self,
        index: str,
        condition: str,
        values: Item,
        limit: int,
        *,
        forward: bool = True,
    ) -> list[str]:
        answer = self._client.query(
            TableName=self._table,
            IndexName=index,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
            Limit=limit,
            ScanIndexForward=forward,
        )
        return [item["pk"]["S"].removeprefix("JOB#") for item in answer["Items"]]

    def _job_update(self, before: Job, after: Job) -> dict[str, Any]:
        """Write only what the move changes, if the job stands where the move began."""
        old, new = to_item(before), to_item(after)
        # The state is always written: an update that sets nothing is no update.
        changed = {n: value for n, value in new.items() if n == "state" or old.get(n) != value}
        gone = {name for name in old if name not in new}
        if after.state is not JobState.QUEUED:
            gone |= WAITING  # also if somebody has held it back since `before` was read
        names = {f"#{n}": n for n in (*changed, *gone)}
        values: Item = {
            ":was_state": old["state"],
            ":was_attempt": old["attempt"],
            ":was_lease": old["lease_until"],
        }
        condition = "#state = :was_state AND attempt = :was_attempt AND lease_until = :was_lease"
        if before.start_tag is None:
            condition += " AND attribute_not_exists(start_tag)"  # somebody else has admitted it
        if after.progress_shown > before.progress_shown:
            condition += " AND progress_shown < :progress_shown"
        values |= {f":{name}": value for name, value in changed.items()}
        expression = "SET " + ", ".join(f"#{name} = :{name}" for name in changed)
        if gone:
            expression += " REMOVE " + ", ".join(f"#{name}" for name in sorted(gone))
        return {
            "TableName": self._table,
            "Key": job_key(before.job_id),
            "UpdateExpression": expression,
            "ConditionExpression": condition,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
        }

    def _on_slots(self, before: Job, after: Job, limit: int | None) -> list[Action]:
        if before.holds_slot == after.holds_slot:
            return []
        if before.holds_slot:
            return [freeing(before, after, self._table)]
        if limit is None:
            raise ValueError("a move into DISPATCHED needs the provider's slot_limit")
        return [taking(after, limit, self._table)]

    def _on_account(self, before: Job, after: Job) -> list[Action]:
        if before.is_open and not after.is_open:
            return concluding(before, after, self._table)
        if after.is_in_flight and not before.is_in_flight:
            return entering(after, self._table)
        return []
