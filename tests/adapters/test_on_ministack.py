"""What depends on writers at the same moment, on an AWS that runs in a process of its own."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import botocore.session
import pytest
import pytest_asyncio
import requests
from botocore.config import Config

from distillery.aws.job_store import DynamoJobStore
from distillery.aws.object_store import S3ObjectStore
from distillery.aws.provider_records import DynamoProviderRecords
from distillery.core.credits import LedgerKind
from distillery.core.errors import DistilleryError
from distillery.core.job import Job, Origin, Outcome, Picture, Request
from distillery.core.records import Account
from distillery.core.tier import Tier
from local.aws import ACCESS_KEY, REGION, SECRET_KEY, EmbeddedAws, running_aws
from local.plain_table import create_table
from local.processes import free_port
from tests.adapters.conftest import BUCKET, TABLE

RACERS = 16
CREDITS, REQUESTS = 30, 45
NOW = 1_790_000_000.0
PICTURES = Outcome(pictures=(Picture("0_9.png", "image/png", 5),))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ministack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedAws]:
    async with running_aws(tmp_path_factory.mktemp("aws"), free_port()) as aws:
        yield aws


@pytest.fixture
def stores(ministack: EmbeddedAws) -> Iterator[list[DynamoJobStore]]:
    """One store for each racer, all on one table of this test's own."""
    clients: list[Any] = [ministack.client("dynamodb") for _ in range(RACERS)]
    create_table(clients[0], TABLE)
    yield [DynamoJobStore(client, TABLE) for client in clients]
    clients[0].delete_table(TableName=TABLE)


async def race(run: Callable[[int], list[str]]) -> Counter[str]:
    """Let every racer run at once. Returns how often what came of it."""

    def all_at_once() -> Counter[str]:
        with ThreadPoolExecutor(RACERS) as racers:
            return Counter(what for each in racers.map(run, range(RACERS)) for what in each)

    return await asyncio.to_thread(all_at_once)


def attempt(do: Callable[[], object]) -> str:
    try:
        do()
    except DistilleryError as error:
        return type(error).__name__
    return "done"


def job_of(number: int) -> Job:
    return Job(
        job_id=str(number),
        origin=Origin("1", "t", "42", "7"),
        request=Request("plain", {"prompt": "fox"}),
        created_at=NOW + number,
        tier=Tier(credits=CREDITS, jobs_at_once=CREDITS),
    )


async def test_an_attempt_is_claimed_by_one_of_many(ministack: EmbeddedAws) -> None:
    client: Any = botocore.session.get_session().create_client(
        "s3",
        region_name=REGION,
        endpoint_url=ministack.endpoint_url,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        config=Config(signature_version="s3v4"),
    )
    await asyncio.to_thread(client.create_bucket, Bucket=BUCKET)
    store = S3ObjectStore(client, BUCKET)
    claim = store.sign_claim("jobs/1/1/claim", 60)

    def put(_: int) -> list[str]:
        answer = requests.put(claim.url, b"mine", headers=dict(claim.headers), timeout=30)
        return [str(answer.status_code)]

    assert await race(put) == {"200": 1, "412": RACERS - 1}
    assert await asyncio.to_thread(store.exists, "jobs/1/1/claim")
    bare = await asyncio.to_thread(requests.put, claim.url, b"mine", timeout=30)
    assert bare.status_code == 403


async def test_racers_reserve_what_there_is_and_settle_it_once(
    stores: list[DynamoJobStore],
) -> None:
    def ask(racer: int) -> list[str]:
        """Every request comes twice, through two racers."""
        mine = [n for n in range(REQUESTS) if racer in (n % RACERS, (n + 1) % RACERS)]
        return [attempt(lambda n=n: stores[racer].create(job_of(n))) for n in mine]

    came = await race(ask)
    assert came["done"] == CREDITS
    assert came["DuplicateJob"] <= CREDITS
    assert came["DuplicateJob"] + came["NotEnoughCredits"] == 2 * REQUESTS - CREDITS
    assert stores[0].account("42") == Account(balance=0, reserved=CREDITS)

    def end(racer: int) -> list[str]:
        """Every job ends twice, once with pictures and once with words."""
        outcome = (PICTURES, Outcome(error="no"))[racer % 2]
        mine = [job_of(n) for n in range(REQUESTS) if racer // 2 == n % (RACERS // 2)]
        return [
            attempt(lambda job=job: stores[racer].move(job, job.concluded(outcome, NOW, 40.0)))
            for job in mine
        ]

    assert await race(end) == {"done": CREDITS, "StaleJob": 2 * REQUESTS - CREDITS}
    lines = Counter(line.kind for line in stores[0].ledger("42"))
    spent, back = lines[LedgerKind.SETTLE], lines[LedgerKind.REFUND]
    assert lines[LedgerKind.RESERVE] == spent + back == CREDITS
    assert stores[0].account("42") == Account(balance=back, spent=spent)


async def test_racers_take_as_many_slots_as_there_are(
    ministack: EmbeddedAws, stores: list[DynamoJobStore]
) -> None:
    def dispatch(racer: int) -> list[str]:
        job = job_of(racer)
        stores[racer].create(job)
        sent = job.dispatched("runpod", NOW)
        return [attempt(lambda: stores[racer].move(job, sent, slot_limit=5))]

    assert await race(dispatch) == {"done": 5, "NoFreeSlot": RACERS - 5}
    client: Any = ministack.client("dynamodb")
    assert len(DynamoProviderRecords(client, TABLE).all()["runpod"].holders) == 5


async def test_racers_put_as_many_jobs_into_the_line_as_their_member_may_have(
    stores: list[DynamoJobStore],
) -> None:
    def admit(racer: int) -> list[str]:
        job = replace(job_of(racer), tier=Tier(jobs_at_once=3))
        stores[racer].create(job)
        return [attempt(lambda: stores[racer].move(job, job.admitted(1.0, NOW)))]

    assert await race(admit) == {"done": 3, "MemberAtLimit": RACERS - 3}
    assert len(stores[0].line(RACERS)) == 3
