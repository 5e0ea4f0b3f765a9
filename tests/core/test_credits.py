"""A job is paid for once, by pictures alone, and nobody ever has less than nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distillery.core.credits import LedgerKind, LedgerLine, refund, reserve, settle
from distillery.core.errors import DuplicateJob, NotEnoughCredits, StaleJob
from distillery.core.job import CANCELLED, Job, Origin, Outcome, Picture, Request
from distillery.core.records import Account
from distillery.core.tier import Tier
from local.memory_store import MemoryJobStore
from tests.core.world import World

NOW = 1_000_000.0
CREDITS = 5
LIMITED, UNLIMITED = Tier("limited", credits=CREDITS), Tier("unlimited")
PICTURES = Outcome(pictures=(Picture("0_9.png", "image/png", 4),))
WORDS = Outcome(error="no", error_kind="test")
CALLED_OFF = Outcome(error="Cancelled.", error_kind=CANCELLED)


def a_job(job_id: str = "1001", charge: int = 1, tier: Tier = LIMITED) -> Job:
    origin = Origin("1", "token", "42", "7")
    return Job(job_id, origin, Request("plain", {}), NOW, tier=tier, charge=charge)


def sum_of(lines: Iterable[LedgerLine], tiers: dict[str, Tier]) -> tuple[int | None, int, int]:
    """What an account must hold: its balance (None: never limited), reserved and spent credits."""
    balance: int | None = None
    reserved = spent = 0
    for line in lines:
        limit = tiers[line.job_id].credits
        sign = {LedgerKind.RESERVE: -1, LedgerKind.SETTLE: 0, LedgerKind.REFUND: 1}[line.kind]
        if limit is not None:
            balance = (limit if balance is None else balance) + sign * line.amount
        reserved += line.amount if line.kind is LedgerKind.RESERVE else -line.amount
        spent += line.amount if line.kind is LedgerKind.SETTLE else 0
    return balance, reserved, spent


def holdings(account: Account) -> tuple[int | None, int, int]:
    return account.balance, account.reserved, account.spent


def test_a_reservation_leaves_so_much_less_to_reserve() -> None:
    account, kind = reserve(Account(), a_job(charge=2))

    assert holdings(account) == (CREDITS - 2, 2, 0)
    assert kind is LedgerKind.RESERVE


def test_pictures_spend_what_was_reserved() -> None:
    job = a_job(charge=2)
    account, kind = settle(reserve(Account(), job)[0], job)

    assert holdings(account) == (CREDITS - 2, 0, 2)
    assert kind is LedgerKind.SETTLE


def test_anything_else_gives_it_back() -> None:
    job = a_job(charge=2)
    account, kind = refund(reserve(Account(), job)[0], job)

    assert holdings(account) == (CREDITS, 0, 0)
    assert kind is LedgerKind.REFUND


def test_the_last_credit_can_be_used_and_none_after_it() -> None:
    account, _ = reserve(Account(), a_job(charge=CREDITS))

    assert account.balance == 0
    with pytest.raises(NotEnoughCredits, match="0 credits left"):
        reserve(account, a_job("1002"))


def test_what_costs_more_than_there_is_is_refused_and_told_what_there_is() -> None:
    with pytest.raises(NotEnoughCredits, match=f"{CREDITS} credits left"):
        reserve(Account(), a_job(charge=CREDITS + 1))


def test_jobs_of_a_tier_without_limit_are_counted_and_never_refused() -> None:
    job = a_job(charge=1000, tier=UNLIMITED)
    account, _ = reserve(Account(), job)
    assert holdings(account) == (None, 1000, 0)

    assert holdings(settle(account, job)[0]) == (None, 0, 1000)
    assert holdings(refund(account, job)[0]) == (None, 0, 0)


def test_a_job_of_a_tier_without_limit_gives_back_nothing_that_it_did_not_take() -> None:
    """The member's tier may change between two jobs; each job keeps the terms of its day."""
    free, paid = a_job("1", charge=2, tier=UNLIMITED), a_job("2")
    account, _ = reserve(reserve(Account(), free)[0], paid)

    assert refund(account, free)[0].balance == CREDITS - 1


def test_an_order_beyond_the_credits_leaves_no_job_and_no_line() -> None:
    store = MemoryJobStore()
    with pytest.raises(NotEnoughCredits):
        store.create(a_job(charge=CREDITS + 1))

    assert store.load("1001") is None
    assert store.ledger("42") == []
    assert store.account("42") == Account()


def test_the_same_job_twice_is_charged_once() -> None:
    store = MemoryJobStore()
    store.create(a_job())
    with pytest.raises(DuplicateJob):
        store.create(a_job())

    assert len(store.ledger("42")) == 1


def test_a_job_that_costs_nothing_leaves_no_line() -> None:
    store = MemoryJobStore()
    job = a_job(charge=0)
    store.create(job)
    store.move(job, job.concluded(PICTURES, NOW, 40.0))

    assert store.ledger("42") == []


conclusions = st.sampled_from([PICTURES, WORDS, CALLED_OFF])
writes = st.lists(
    st.one_of(
        st.tuples(
            st.just("create"),
            st.integers(0, 5),
            st.integers(0, 4),
            st.sampled_from([LIMITED, UNLIMITED]),
        ),
        st.tuples(st.just("end"), st.integers(0, 5), conclusions, st.booleans()),
    ),
    max_size=60,
)


@settings(max_examples=200, deadline=None)
@given(writes)
def test_whatever_is_written_the_account_is_the_sum_of_its_ledger(
    writes: list[tuple[object, ...]],
) -> None:
    """Creates repeat, ends race: each writer acts on the job as it was when it was created."""
    store = MemoryJobStore()
    created: dict[str, Job] = {}
    for what, number, how, more in writes:
        job_id = str(number)
        if what == "create":
            assert isinstance(how, int)
            assert isinstance(more, Tier)
            with suppress(DuplicateJob, NotEnoughCredits):
                job = a_job(job_id, how, more)
                store.create(job)
                created[job_id] = job
        elif job_id in created:
            assert isinstance(how, Outcome)
            with suppress(StaleJob):
                store.move(created[job_id], created[job_id].concluded(how, NOW, 40.0))
        account, tiers = store.account("42"), {n: j.tier for n, j in created.items()}
        assert holdings(account) == sum_of(store.ledger("42"), tiers)
        assert min(account.balance or 0, account.reserved, account.spent) >= 0


doings = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.integers(0, 9)),
        st.tuples(st.just("ask again"), st.integers(0, 9)),
        st.tuples(st.just("deliver messages"), st.just(0)),
        st.tuples(st.just("repeat a message"), st.integers(0, 9)),
        st.tuples(st.just("pictures"), st.integers(0, 9)),
        st.tuples(st.just("an error"), st.integers(0, 9)),
        st.tuples(st.just("a broken machine"), st.integers(0, 9)),
        st.tuples(st.just("cancel the latest"), st.just(0)),
        st.tuples(st.just("cancel all"), st.just(0)),
        st.tuples(st.just("look"), st.sampled_from([15, 60, 700])),
    ),
    max_size=50,
)


def do(world: World, what: str, number: int) -> None:
    """One thing that happens to the service."""
    job_id = f"job-{number}"
    match what:
        case "ask" | "ask again":
            with suppress(NotEnoughCredits):
                world.accepted(job_id)
        case "deliver messages":
            world.run_queue()
        case "repeat a message":
            world.dispatch(job_id)
        case "cancel the latest":
            world.cancel.latest("42")
        case "cancel all":
            world.cancel.all("42")
        case "look":
            world.look(after_s=number)
            world.heal_line()
        case _:
            end_attempt(world, what, job_id)


def end_attempt(world: World, what: str, job_id: str) -> None:
    """A worker ends the job's latest attempt, if there was any."""
    job = world.store.load(job_id)
    if job is None or not job.attempt:
        return
    if what == "pictures":
        world.worker_writes_picture(job_id, job.attempt)
    else:
        kind = "bad_input" if what == "an error" else "out_of_memory"
        world.worker_writes_error(kind, job_id, job.attempt)
    world.deliver(job_id, job.attempt)


@settings(max_examples=150, deadline=None)
@given(doings)
def test_whatever_happens_each_job_is_paid_for_or_refunded_exactly_once(
    doings: list[tuple[str, int]],
) -> None:
    tier = Tier("limited", jobs_at_once=2, credits=CREDITS)
    world = World(tiers=(tier,), slots=1)
    for what, number in doings:
        do(world, what, number)
        account = world.account()
        tiers = dict.fromkeys(world.table.jobs, tier)
        balance = sum_of(world.table.ledger, tiers)
        assert holdings(account) == balance or not world.table.ledger
        assert (account.balance or 0) >= 0
        lines = {job_id: Counter[LedgerKind]() for job_id in world.table.jobs}
        for line in world.table.ledger:
            lines[line.job_id][line.kind] += 1
        for job in world.table.jobs.values():
            end = LedgerKind.SETTLE if job.outcome and job.outcome.succeeded else LedgerKind.REFUND
            expected = {LedgerKind.RESERVE: 1} | ({} if job.is_open else {end: 1})
            assert lines[job.job_id] == expected, job


def test_credits_given_back_can_be_used_again() -> None:
    world = World(tiers=(Tier(credits=1),))
    world.dispatched("1")
    with pytest.raises(NotEnoughCredits):
        world.accepted("2")
    world.cancel.latest("42")

    assert world.accepted("3").is_open


def test_what_is_written_again_after_the_end_changes_no_account() -> None:
    store = MemoryJobStore()
    job = a_job()
    store.create(job)
    ended = job.concluded(PICTURES, NOW, 40.0)
    store.move(job, ended)
    before = store.account("42"), store.ledger("42")
    store.move(ended, ended.reclaimed(NOW + 41, 40.0))
    with pytest.raises(StaleJob):
        store.move(job, replace(job, due_at=NOW).concluded(WORDS, NOW, 40.0))

    assert (store.account("42"), store.ledger("42")) == before
