"""What all rooms know of the providers, in memory and on DynamoDB."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from distillery.aws.job_store import DynamoJobStore
from distillery.aws.provider_records import DynamoProviderRecords
from distillery.core.circuit import Circuit
from distillery.core.errors import NoFreeSlot, StoreConflict
from distillery.core.job import Job, Origin, Outcome, Picture, Request
from distillery.core.ports import JobStore, ProviderRecords
from distillery.core.records import RECENT
from local.memory_store import MemoryJobStore, MemoryProviderRecords
from tests.adapters.conftest import TABLE

NOW = 1_790_000_000.0
JOB = Job("1", Origin("1", "t", "42", "7"), Request("plain", {"prompt": "fox"}), NOW)


@dataclass
class Table:
    jobs: JobStore
    records: ProviderRecords


@pytest.fixture(params=["memory", "dynamodb"])
def table(request: pytest.FixtureRequest) -> Table:
    if request.param == "memory":
        store = MemoryJobStore()
        return Table(store, MemoryProviderRecords(store.table))
    client = request.getfixturevalue("dynamodb")
    return Table(DynamoJobStore(client, TABLE), DynamoProviderRecords(client, TABLE))


def dispatched(table: Table, job: Job, start_tag: float, slots: int = 9) -> Job:
    table.jobs.create(job)
    waiting = job.admitted(start_tag, NOW)
    table.jobs.move(job, waiting)
    after = waiting.dispatched("runpod", NOW)
    table.jobs.move(waiting, after, slot_limit=slots)
    return after


def test_a_provider_that_never_had_a_job_has_no_record(table: Table) -> None:
    assert dict(table.records.all()) == {}


def test_a_slot_is_held_by_an_attempt_until_it_is_over(table: Table) -> None:
    job = dispatched(table, JOB, 5.0)
    assert table.records.all()["runpod"].holders == {"1#1"}

    waiting = job.returned(NOW, lost=True)
    table.jobs.move(job, waiting)
    assert table.records.all()["runpod"].holders == frozenset()

    again = waiting.dispatched("runpod", NOW)
    table.jobs.move(waiting, again, slot_limit=1)
    assert table.records.all()["runpod"].holders == {"1#2"}


def test_virtual_time_is_the_start_tag_of_the_latest_first_attempt(table: Table) -> None:
    early = dispatched(table, JOB, 5.0)
    dispatched(table, replace(JOB, job_id="2"), 8.0)
    waiting = early.returned(NOW, lost=True)
    table.jobs.move(early, waiting)
    table.jobs.move(waiting, waiting.dispatched("runpod", NOW), slot_limit=9)
    assert table.records.all()["runpod"].virtual_time == 8.0


def test_a_provider_remembers_how_long_its_last_jobs_took(table: Table) -> None:
    made = Outcome(pictures=(Picture("0_9.png", "image/png", 5),))
    for number, took_s in enumerate((10.0, 20.0), start=1):
        job = dispatched(table, replace(JOB, job_id=str(number)), 1.0)
        table.jobs.move(job, job.concluded(made, NOW + took_s, 40.0))
    took = table.records.all()["runpod"].took_s
    assert took[:2] == (20.0, 10.0)
    assert len(took) == RECENT


def test_a_provider_remembers_how_long_its_gpu_took_to_start_and_no_quick_start(
    table: Table,
) -> None:
    made = Outcome(pictures=(Picture("0_9.png", "image/png", 5),))
    for number, began_s in enumerate((80.0, 2.0), start=1):
        job = dispatched(table, replace(JOB, job_id=str(number)), 1.0)
        begun = job.showed(1, NOW + began_s)
        table.jobs.move(job, begun)
        table.jobs.move(begun, begun.concluded(made, NOW + 90, 40.0))
        assert table.records.all()["runpod"].woke_s == 80.0


def test_only_pictures_show_that_a_provider_serves(table: Table) -> None:
    first, second = (dispatched(table, replace(JOB, job_id=n), 1.0) for n in "12")
    table.jobs.move(first, first.concluded(Outcome(error="no"), NOW, 40.0))
    assert table.records.all()["runpod"].served_at == 0.0
    made = Outcome(pictures=(Picture("0_9.png", "image/png", 5),))
    table.jobs.move(second, second.concluded(made, NOW + 7, 40.0))
    assert table.records.all()["runpod"].served_at == NOW + 7


def test_a_slot_may_be_freed_twice_and_by_nobody_else(table: Table) -> None:
    dispatched(table, JOB, 1.0, slots=1)
    table.records.free_slot("runpod", "1#7")
    table.jobs.create(other := replace(JOB, job_id="2"))
    with pytest.raises(NoFreeSlot):
        table.jobs.move(other, other.dispatched("runpod", NOW), slot_limit=1)
    for _ in range(2):
        table.records.free_slot("runpod", "1#1")
    table.jobs.move(other, other.dispatched("runpod", NOW), slot_limit=1)


def test_of_two_changes_of_a_circuit_one_wins(table: Table) -> None:
    opened = Circuit().opened(NOW, "down")
    with pytest.raises(StoreConflict):
        table.records.set_circuit("runpod", opened, Circuit())
    table.records.set_circuit("runpod", Circuit(), opened)
    assert table.records.all()["runpod"].circuit == opened
    with pytest.raises(StoreConflict):
        table.records.set_circuit("runpod", Circuit(), Circuit().failed(NOW, "503"))

    table.records.set_circuit("runpod", opened, opened.probing(NOW + 20, "1#1"))
    with pytest.raises(StoreConflict):
        table.records.set_circuit("runpod", opened, opened.probing(NOW + 20.5, "1#1"))
    table.records.set_circuit("runpod", opened.probing(NOW + 20, "1#1"), Circuit())
    assert table.records.all()["runpod"].circuit == Circuit()
    table.records.set_circuit("runpod", Circuit(), opened)


def test_a_circuit_and_slots_leave_each_other_alone(table: Table) -> None:
    dispatched(table, JOB, 4.0)
    table.records.set_circuit("runpod", Circuit(), opened := Circuit().opened(NOW, "down"))
    record = table.records.all()["runpod"]
    assert (record.holders, record.virtual_time, record.circuit) == ({"1#1"}, 4.0, opened)
