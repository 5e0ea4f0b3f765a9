"""The job store and the provider records in memory and on DynamoDB answer alike, whatever comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from types import MappingProxyType
from typing import Any

import pytest
from botocore.session import Session
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from distillery.aws.job_store import DynamoJobStore
from distillery.aws.provider_records import DynamoProviderRecords
from distillery.core.circuit import Circuit
from distillery.core.credits import LedgerKind
from distillery.core.errors import NotEnoughCredits, StoreConflict
from distillery.core.job import CANCELLED, Job, JobState, Origin, Outcome, Picture, Request
from distillery.core.records import Account
from distillery.core.tier import Tier
from local.memory_store import MemoryJobStore, MemoryProviderRecords
from local.plain_table import create_table
from tests.adapters.conftest import refuse_reserved_words
from tests.depth import deep

NOW = 1_790_000_000.0
CREDITS = 4
MEMBERS = ("42", "7")
PROVIDERS = ("runpod", "sagemaker")
OUTCOMES = (
    Outcome(pictures=(Picture("0_9.png", "image/png", 5),)),
    Outcome(error="no"),
    Outcome(error="as you wished", error_kind=CANCELLED),
)


def new_job(number: int) -> Job:
    """Jobs of two members, one of whom has limited credits; of every third we bear the cost."""
    limited = number % 2 == 0
    return Job(
        job_id=str(number),
        origin=Origin("1", "t", MEMBERS[number % 2], "7"),
        request=Request("plain", {"prompt": "fox"}),
        created_at=NOW + number % 3,
        tier=Tier(jobs_at_once=2, credits=CREDITS if limited else None, weight=1 + number % 2),
        charge=(1, 2, 0)[number % 3],
        due_at=NOW + number,
    )


def legal_moves(job: Job, now: float) -> list[Job]:
    """Everything that may become of a job."""
    if job.is_final:
        return []
    if job.state is JobState.DELIVERING:
        ends = [job.delivered(now), job.delivered(now, seen=False)]
        return [*ends, job.reclaimed(now, 40.0), job.released(now)]
    concluded = [job.concluded(outcome, now, 40.0) for outcome in OUTCOMES]
    if job.state is JobState.QUEUED:
        entering = [job.admitted(now - NOW, now)] if job.start_tag is None else []
        holding = [job.held(now)] if job.start_tag is None and not job.is_held else []
        sent = [job.dispatched(provider, now) for provider in PROVIDERS]
        return [*entering, *holding, *sent, job.looked_after(now), *concluded]
    shown = [job.showed(sequence, now) for sequence in (1, 2)]
    back = [job.returned(now, lost=True), job.returned(now, lost=False), job.hedged(now)]
    return [*shown, *back, job.submitted(f"r-{now}", now), job.looked_after(now), *concluded]


@dataclass
class Side:
    """One of the twins."""

    jobs: MemoryJobStore | DynamoJobStore
    records: MemoryProviderRecords | DynamoProviderRecords

    def attempt(self, do: Callable[[Side], object]) -> str:
        try:
            do(self)
        except (StoreConflict, NotEnoughCredits) as error:
            return type(error).__name__ + str(error) * isinstance(error, NotEnoughCredits)
        return "done"

    def picture(self) -> dict[str, object]:
        """Everything that can be asked of it."""
        jobs = {n: self.jobs.load(str(n)) for n in range(1, 7)}
        waiting = [job for job in jobs.values() if job is not None and job.start_tag is not None]
        return {
            "jobs": {n: job and _without_when(job) for n, job in jobs.items()},
            "line": list(self.jobs.line(9)),
            "places": [self.jobs.place(job) for job in waiting],
            "held": [self.jobs.held(user_id) for user_id in MEMBERS],
            "members held": list(self.jobs.members_held(9)),
            "theirs": [list(self.jobs.of_member(user_id, 9)) for user_id in MEMBERS],
            "at once": [_without_when(j) for j in self.jobs.load_all(["3", "9", "1", "2"])],
            "asked": [self.jobs.asked_since(user_id, NOW + 1) for user_id in MEMBERS],
            "overdue": set(self.jobs.overdue(NOW + 60, 9)),
            "open": self.jobs.anything_open(),
            "accounts": [self.jobs.account(user_id) for user_id in MEMBERS],
            "ledgers": [sorted(self.jobs.ledger(user_id), key=str) for user_id in MEMBERS],
            "providers": dict(self.records.all()),
        }


@dataclass
class Twins:
    """Both, and every version of each job that somebody may still have in their hands."""

    sides: tuple[Side, Side]
    versions: dict[int, list[Job]] = field(default_factory=dict)

    def both(self, do: Callable[[Side], object]) -> str:
        answers = [side.attempt(do) for side in self.sides]
        assert answers[0] == answers[1]
        return answers[0]

    def step(self, number: int, choice: int, age: int, now: float) -> None:
        """Do something with a job, or with a version of it that is `age` moves old."""
        versions = self.versions.setdefault(number, [])
        if not versions or choice == 0:
            if self.both(lambda side: side.jobs.create(new_job(number))) == "done":
                versions.append(new_job(number))
            return
        before = versions[-1 - age % len(versions)]
        moves = legal_moves(before, now)
        if not moves:
            self.both(lambda side: side.jobs.release(before.origin.user_id, before.job_id))
            return
        after = moves[choice % len(moves)]
        if self.both(lambda side: side.jobs.move(before, after, slot_limit=2)) == "done":
            versions.append(self.sides[0].jobs.load(str(number)) or after)

    def upkeep(self, choice: int, now: float) -> None:
        """Change what is not a job's: a circuit, or a slot that nobody holds any more."""
        name = PROVIDERS[choice % 2]
        record = self.sides[0].records.all().get(name)
        circuit = record.circuit if record else Circuit()
        before = circuit if choice % 3 else Circuit()
        after = before.failed(now, "503") if choice % 5 else Circuit()
        self.both(lambda side: side.records.set_circuit(name, before, after))
        self.both(lambda side: side.records.free_slot(name, f"{choice}#9"))


def _without_when(job: Job) -> Job:
    """Which stages a job has reached, not when: of two writers' times either may be kept."""
    return replace(job, times=MappingProxyType(dict.fromkeys(job.times, 0.0)))


@pytest.fixture
def tables(aws: Session) -> Iterator[Callable[[], Twins]]:
    client: Any = aws.create_client("dynamodb")
    client.meta.events.register("provide-client-params.dynamodb.*", refuse_reserved_words)
    names = (f"twins-{number}" for number in count())

    def make() -> Twins:
        name = next(names)
        create_table(client, name)
        store = MemoryJobStore()
        memory = Side(store, MemoryProviderRecords(store.table))
        return Twins(
            (memory, Side(DynamoJobStore(client, name), DynamoProviderRecords(client, name)))
        )

    yield make


STEP = st.tuples(st.integers(1, 6), st.integers(0, 30), st.sampled_from([0, 0, 0, 1, 2]))


@settings(
    max_examples=deep(10),
    deadline=None,
    phases=(Phase.reuse, Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(STEP, min_size=5, max_size=50))
def test_memory_and_dynamodb_are_moved_alike(
    tables: Callable[[], Twins], steps: list[tuple[int, int, int]]
) -> None:
    twins = tables()
    for at, (number, choice, age) in enumerate(steps):
        now = NOW + at + 0.25
        if choice > 27:
            twins.upkeep(choice * number, now)
        else:
            twins.step(number, choice, age, now)
    memory, dynamo = (side.picture() for side in twins.sides)
    assert memory == dynamo
    _adds_up(twins.sides[1].jobs)


def _adds_up(store: MemoryJobStore | DynamoJobStore) -> None:
    """Each account is the sum of its ledger, and what is counted across jobs is true of them."""
    jobs = [job for n in range(1, 7) if (job := store.load(str(n))) is not None]
    for user_id, opening in zip(MEMBERS, (CREDITS, None), strict=True):
        lines = store.ledger(user_id)
        total = {kind: sum(x.amount for x in lines if x.kind is kind) for kind in LedgerKind}
        reserved, spent, back = (
            total[kind] for kind in (LedgerKind.RESERVE, LedgerKind.SETTLE, LedgerKind.REFUND)
        )
        theirs = [job for job in jobs if job.origin.user_id == user_id]
        account = store.account(user_id)
        charged = any(line.kind is LedgerKind.RESERVE for line in lines)
        assert account == Account(
            in_flight=frozenset(job.job_id for job in theirs if job.is_in_flight),
            finish_tag=account.finish_tag,
            balance=opening - reserved + back if opening is not None and charged else None,
            reserved=reserved - spent - back,
            spent=spent,
        )
        assert account.reserved == sum(job.charge for job in theirs if job.is_open)
