"""Members' accounts and ledgers: `MEMBER#<id>`/`ACCOUNT`, and `MEMBER#<id>`/`LEDGER#<job>#<kind>`.

What a move changes here is written in the move's own transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from distillery.aws.job_record import AttributeValue, Item
from distillery.aws.transactions import Action
from distillery.core.credits import LedgerKind, LedgerLine
from distillery.core.job import Job
from distillery.core.records import Account

_LEDGER = "LEDGER#"


def account_key(user_id: str) -> Item:
    """Return the primary key of a member's account."""
    return {"pk": {"S": f"MEMBER#{user_id}"}, "sk": {"S": "ACCOUNT"}}


def account_from(item: Mapping[str, AttributeValue]) -> Account:
    """Decode an account. What is not there has never been."""

    def number(name: str) -> float:
        return float(item[name]["N"]) if name in item else 0.0

    return Account(
        in_flight=frozenset(item["in_flight"]["SS"] if "in_flight" in item else ()),
        finish_tag=number("finish_tag"),
        balance=int(number("balance")) if "balance" in item else None,
        reserved=int(number("reserved")),
        spent=int(number("spent")),
    )


def line_from(item: Mapping[str, AttributeValue]) -> LedgerLine:
    """Decode a line of the ledger."""
    _, job_id, kind = item["sk"]["S"].split("#")
    user_id = item["pk"]["S"].removeprefix("MEMBER#")
    return LedgerLine(user_id, job_id, LedgerKind(kind), int(item["amount"]["N"]))


def reserving(jobs: Sequence[Job], table: str) -> list[Action]:
    """Set the charge of one request's jobs aside, if the balance covers it."""
    total, first = sum(job.charge for job in jobs), jobs[0]
    if not total:
        return []
    charge: Item = {":charge": {"N": str(total)}}
    update: Action = {
        "UpdateExpression": "ADD reserved :charge",
        "ExpressionAttributeValues": charge,
    }
    opening = first.tier.credits
    if opening is not None:
        # An account that is not there opens now, if it opens with enough.
        opens = "attribute_not_exists(balance) OR " if opening >= total else ""
        update = {
            "UpdateExpression": (
                "SET balance = if_not_exists(balance, :opening) - :charge ADD reserved :charge"
            ),
            "ConditionExpression": f"{opens}balance >= :charge",
            "ExpressionAttributeValues": {**charge, ":opening": {"N": str(opening)}},
        }
    return [
        _on_account(first.origin.user_id, table, update),
        *(_line(job, LedgerKind.RESERVE, table) for job in jobs if job.charge),
    ]


def setting(user_id: str, balance: int, entry_id: str, table: str) -> list[Action]:
    """Leave a member so many credits, and write down in which interaction that was said."""
    update: Action = {
        "UpdateExpression": "SET balance = :balance",
        "ExpressionAttributeValues": {":balance": {"N": str(balance)}},
    }
    line = _ledger_line(user_id, entry_id, LedgerKind.SET, balance, table)
    return [_on_account(user_id, table, update), line]


def entering(job: Job, table: str) -> list[Action]:
    """Take one of the member's places in the line, if one is free."""
    update: Action = {
        "UpdateExpression": "SET finish_tag = :finish ADD in_flight :job",
        "ConditionExpression": "attribute_not_exists(in_flight) OR size(in_flight) < :limit",
        "ExpressionAttributeValues": {
            ":finish": {"N": repr(job.finish_tag)},
            ":job": {"SS": [job.job_id]},
            ":limit": {"N": str(job.tier.jobs_at_once)},
        },
    }
    return [_on_account(job.origin.user_id, table, update)]


def leaving(user_id: str, job_id: str, table: str) -> Action:
    """Free the place of a member's job, if it has one."""
    update: Action = {
        "UpdateExpression": "DELETE in_flight :job",
        "ExpressionAttributeValues": {":job": {"SS": [job_id]}},
    }
    return _on_account(user_id, table, update)


def concluding(before: Job, after: Job, table: str) -> list[Action]:
    """Free the member's place, and settle the charge or give it back."""
    user_id = before.origin.user_id
    freed = leaving(user_id, before.job_id, table)
    update = freed["Update"]
    if before.had_no_turn:
        update["UpdateExpression"] += " SET finish_tag = finish_tag - :cost"
        update["ExpressionAttributeValues"][":cost"] = {"N": repr(before.cost)}
    if not before.charge:
        return [freed] if before.is_in_flight else []
    succeeded = after.outcome is not None and after.outcome.succeeded
    values: Item = {":minus": {"N": str(-before.charge)}}
    adds = ["reserved :minus"]
    if succeeded or before.tier.credits is not None:
        values[":charge"] = {"N": str(before.charge)}
        adds.append("spent :charge" if succeeded else "balance :charge")
    update["UpdateExpression"] += " ADD " + ", ".join(adds)
    update["ExpressionAttributeValues"] |= values
    return [freed, _line(before, LedgerKind.SETTLE if succeeded else LedgerKind.REFUND, table)]


def _on_account(user_id: str, table: str, update: Action) -> Action:
    return {"Update": {"TableName": table, "Key": account_key(user_id), **update}}


def _line(job: Job, kind: LedgerKind, table: str) -> Action:
    return _ledger_line(job.origin.user_id, job.job_id, kind, job.charge, table)


def _ledger_line(user_id: str, name: str, kind: LedgerKind, amount: int, table: str) -> Action:
    """Write a line of the ledger, which nothing ever changes."""
    return {
        "Put": {
            "TableName": table,
            "Item": {
                "pk": {"S": f"MEMBER#{user_id}"},
                "sk": {"S": f"{_LEDGER}{name}#{kind}"},
                "amount": {"N": str(amount)},
            },
            "ConditionExpression": "attribute_not_exists(pk)",
        }
    }
