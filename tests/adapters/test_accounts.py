"""Credits and ledgers, in memory and on DynamoDB: reserved once, then spent or given back once."""

from __future__ import annotations

from collections import Counter

import pytest

from distillery.aws.job_store import DynamoJobStore
from distillery.core.credits import LedgerKind
from distillery.core.errors import DuplicateJob, NotEnoughCredits, StaleJob
from distillery.core.job import Job, Origin, Outcome, Picture, Request
from distillery.core.records import Account
from distillery.core.tier import Tier
from local.memory_store import MemoryJobStore
from tests.adapters.conftest import TABLE

NOW = 1_790_000_000.0
PICTURES = Outcome(pictures=(Picture("0_9.png", "image/png", 5),))
WORDS = Outcome(error="no")
LIMITED = Tier(credits=3)

Store = MemoryJobStore | DynamoJobStore


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "memory":
        return MemoryJobStore()
    return DynamoJobStore(request.getfixturevalue("dynamodb"), TABLE)


def job_of(number: int, tier: Tier = LIMITED, charge: int = 1) -> Job:
    return Job(
        job_id=str(number),
        origin=Origin("1", "t", "42", "7"),
        request=Request("plain", {"prompt": "fox"}),
        created_at=NOW + number,
        tier=tier,
        charge=charge,
    )


def test_credits_are_set_once_for_an_entry_and_what_is_reserved_stays(store: Store) -> None:
    store.create(job_of(1))
    store.set_balance("42", 50, "900")
    store.create(job_of(2))
    store.set_balance("42", 50, "900")  # the same interaction, delivered again
    assert (store.account("42").balance, store.account("42").reserved) == (49, 2)
    [line] = [line for line in store.ledger("42") if line.kind is LedgerKind.SET]
    assert (line.job_id, line.amount) == ("900", 50)


def kinds(store: Store) -> Counter[str]:
    return Counter(line.kind for line in store.ledger("42"))


def ended(store: Store, job: Job, outcome: Outcome) -> None:
    store.move(job, job.concluded(outcome, NOW, 40.0))


def test_an_account_opens_with_what_its_tier_gives(store: Store) -> None:
    store.create(job_of(1))
    assert store.account("42") == Account(balance=2, reserved=1)
    assert kinds(store) == {LedgerKind.RESERVE: 1}


def test_pictures_are_paid_for_and_words_are_not(store: Store) -> None:
    for number, outcome in ((1, PICTURES), (2, WORDS)):
        store.create(job_of(number))
        ended(store, job_of(number), outcome)
    assert store.account("42") == Account(balance=2, spent=1)
    assert kinds(store) == {LedgerKind.RESERVE: 2, LedgerKind.SETTLE: 1, LedgerKind.REFUND: 1}


def test_no_more_is_reserved_than_there_is(store: Store) -> None:
    for number in (1, 2, 3):
        store.create(job_of(number))
    with pytest.raises(NotEnoughCredits, match="0 credits left"):
        store.create(job_of(4))
    assert store.load("4") is None
    assert (store.account("42").balance, sum(kinds(store).values())) == (0, 3)

    ended(store, job_of(1), WORDS)
    store.create(job_of(4))
    assert store.account("42").balance == 0


def test_an_account_that_opens_with_too_little_takes_nothing(store: Store) -> None:
    with pytest.raises(NotEnoughCredits, match="3 credits left"):
        store.create(job_of(1, charge=4))
    assert store.account("42").reserved == 0
    assert store.ledger("42") == []


def test_a_repeated_request_reserves_nothing_more(store: Store) -> None:
    store.create(job_of(1))
    for tier in (LIMITED, Tier(credits=0)):
        with pytest.raises(DuplicateJob):
            store.create(job_of(1, tier))
    assert store.account("42") == Account(balance=2, reserved=1)


def test_a_repeat_of_the_last_request_is_one_though_nothing_is_left(store: Store) -> None:
    for number in (1, 2, 3):
        store.create(job_of(number))
    with pytest.raises(DuplicateJob):
        store.create(job_of(3))


def test_a_repeated_end_settles_nothing_more(store: Store) -> None:
    store.create(job_of(1))
    ended(store, job_of(1), PICTURES)
    for outcome in (PICTURES, WORDS):
        with pytest.raises(StaleJob):
            ended(store, job_of(1), outcome)
    assert store.account("42") == Account(balance=2, spent=1)


def test_without_a_limit_jobs_are_counted_all_the_same(store: Store) -> None:
    for number, outcome in ((1, PICTURES), (2, WORDS)):
        job = job_of(number, Tier())
        store.create(job)
        ended(store, job, outcome)
    assert store.account("42") == Account(balance=None, spent=1)


def test_a_job_that_costs_nothing_touches_no_account(store: Store) -> None:
    store.create(job_of(1, charge=0))
    ended(store, job_of(1, charge=0), PICTURES)
    assert store.account("42") == Account()
    assert store.ledger("42") == []
