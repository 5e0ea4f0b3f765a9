"""Many who ask at once for more than there is, on DynamoDB's own transactions.

The table lies on the embedded AWS, whose transactions hold under threads. Racers crash before and
after they ask and after they end a job, and come again, as Discord and Lambda do.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, cast

from distillery.aws.job_store import DynamoJobStore
from distillery.core.credits import LedgerKind
from distillery.core.errors import DuplicateJob, NotEnoughCredits, StaleJob, StoreBusy
from distillery.core.job import Job, Origin, Outcome, Picture, Request
from distillery.core.tier import Tier
from local.aws import running_aws
from local.chaos.finding import Finding, exactly
from local.plain_table import create_table
from local.processes import free_port

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NAME = "credits"
MEMBER, TABLE = "42", "credits"
_NOW = 1_790_000_000.0
_CRASH = 0.1  # at each of the three points
_MADE = Outcome(pictures=(Picture("0_9.png", "image/png", 1),))


class Crash(Exception):
    """A racer dies here, and somebody else comes with the same request."""


def run(requests: int, granted: int, racers: int, seed: int = 1) -> list[Finding]:
    """Let `racers` threads bring `requests` requests of one member who has `granted` credits."""
    return asyncio.run(_on_embedded_aws(requests, granted, racers, seed))


async def _on_embedded_aws(requests: int, granted: int, racers: int, seed: int) -> list[Finding]:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "log").mkdir()
        async with running_aws(Path(folder), free_port()) as aws:
            client = cast("DynamoDBClient", aws.client("dynamodb"))
            create_table(client, TABLE)
            store = DynamoJobStore(client, TABLE)
            return await asyncio.to_thread(_race, store, requests, granted, racers, seed)


def _race(
    store: DynamoJobStore, requests: int, granted: int, racers: int, seed: int
) -> list[Finding]:
    tier = Tier(credits=granted)
    jobs = [_job(number, tier) for number in range(requests)]
    with ThreadPoolExecutor(racers) as pool:
        crashes = sum(pool.map(lambda job: _bring(store, job, seed), jobs))
    account, ledger = store.account(MEMBER), store.ledger(MEMBER)
    kinds = Counter(line.kind for line in ledger)
    balance = granted - kinds[LedgerKind.RESERVE] + kinds[LedgerKind.REFUND]
    agree = (account.balance, account.reserved, account.spent) == (
        balance,
        kinds[LedgerKind.RESERVE] - kinds[LedgerKind.SETTLE] - kinds[LedgerKind.REFUND],
        kinds[LedgerKind.SETTLE],
    )
    who = f"{NAME}, {racers} racers for {granted:,}"
    return [
        exactly(who, "charged", account.spent, granted),
        exactly(who, "left", account.balance or 0, 0),
        exactly(who, "jobs with two lines of a kind", _doubled(ledger), 0),
        exactly(who, "ledger and counter disagree", not agree, 0),
        Finding(who, "requests", f"{requests:,}"),
        Finding(who, "crashes of a racer", f"{crashes:,}"),
    ]


def _doubled(ledger: Sequence[object]) -> int:
    return len(ledger) - len(set(ledger))


def _job(number: int, tier: Tier) -> Job:
    origin = Origin("1", "token", MEMBER, "7")
    return Job(str(number), origin, Request("plain", {"prompt": "fox"}), _NOW, tier=tier)


def _bring(store: DynamoJobStore, job: Job, seed: int) -> int:
    """Bring one request until somebody has seen it through. Returns how often one died."""
    rng = random.Random(f"{seed} {job.job_id}")  # noqa: S311 - the same seed shall do the same
    crashes = 0
    while True:
        try:
            _see_through(store, job, rng)
        except Crash:
            crashes += 1
        except StoreBusy:
            continue  # the member is asked to try again
        else:
            return crashes


def _see_through(store: DynamoJobStore, job: Job, rng: random.Random) -> None:
    _may_crash(rng)
    try:
        with suppress(DuplicateJob):
            store.create(job)
    except NotEnoughCredits:
        return
    _may_crash(rng)
    with suppress(StaleJob):
        store.move(job, job.concluded(_MADE, _NOW, 40.0))
    _may_crash(rng)


def _may_crash(rng: random.Random) -> None:
    if rng.random() < _CRASH:
        raise Crash
