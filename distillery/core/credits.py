"""What a job costs its member: reserved before work, then spent or given back, exactly once.

Pure arithmetic. A store writes each entry together with the move that causes it, under a condition,
so that it happens once however often it is tried.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from distillery.core.errors import NotEnoughCredits
from distillery.core.job import Job
from distillery.core.records import Account


class LedgerKind(StrEnum):
    """Why an account changed."""

    RESERVE = "reserve"  # a job was accepted
    SETTLE = "settle"  # it made pictures
    REFUND = "refund"  # it did not
    SET = "set"  # a moderator has said how many are left


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One change of one account, kept for ever: the account is what its lines come to."""

    user_id: str
    job_id: str  # of a SET: the interaction in which it was said
    kind: LedgerKind
    amount: int  # credits


Entry = tuple[Account, LedgerKind]
"""An account as it stands afterwards, and why it changed."""


def reserve(account: Account, *jobs: Job) -> Entry:
    """Set the charge of one request's jobs aside. Raises NotEnoughCredits."""
    balance, charge, opening = account.balance, sum(j.charge for j in jobs), jobs[0].tier.credits
    if opening is not None:
        left = opening if balance is None else balance
        if left < charge:
            raise no_credits(left)
        balance = left - charge
    reserved = account.reserved + charge
    return replace(account, balance=balance, reserved=reserved), LedgerKind.RESERVE


def settle(account: Account, job: Job) -> Entry:
    """Spend what was reserved: the job made pictures."""
    after = replace(
        account, reserved=account.reserved - job.charge, spent=account.spent + job.charge
    )
    return after, LedgerKind.SETTLE


def refund(account: Account, job: Job) -> Entry:
    """Give back what was reserved: the job failed, or was cancelled."""
    balance = account.balance
    if job.tier.credits is not None and balance is not None:
        balance += job.charge
    reserved = account.reserved - job.charge
    return replace(account, balance=balance, reserved=reserved), LedgerKind.REFUND


def no_credits(balance: int) -> NotEnoughCredits:
    """Say to a member why their request was not taken."""
    return NotEnoughCredits(
        "You have {balance} credits left, which is not enough for this request. "
        "Wait for the requests that are on their way, or ask an operator for more.",
        balance=balance,
    )
