from __future__ import annotations

from dataclasses import replace

import pytest

from distillery.aws.job_store import DynamoJobStore
from distillery.core.errors import DuplicateJob, NoFreeSlot, StaleJob
from distillery.core.job import Job, JobState, Origin, Outcome, Picture, Request
from distillery.core.ports import JobStore
from distillery.core.recipe import Attachment
from local.memory import MemoryJobStore
from tests.adapters.conftest import TABLE

JOB = Job(
    job_id="1001",
    origin=Origin(application_id="1", token="t", user_id="42", channel_id="7", guild_id="8"),
    request=Request(
        workflow="plain",
        values={"prompt": "ein roter Fuchs 🦊 \u202e", "seed": 7, "cfg": 6.5, "tile": True},
        attachments={"image": Attachment("a.png", "https://cdn/x", "image/png", 10)},
    ),
    created_at=1_790_000_000.25,
)
NOW = 1_790_000_001.5


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> JobStore:
    if request.param == "memory":
        return MemoryJobStore()
    return DynamoJobStore(request.getfixturevalue("dynamodb"), TABLE)


def dispatched(store: JobStore, job: Job = JOB, slot_limit: int = 2) -> Job:
    store.create(job)
    after = job.dispatched("runpod", NOW)
    store.move(job, after, slot_limit=slot_limit)
    return after


def test_a_job_is_read_as_it_was_written(store: JobStore) -> None:
    store.create(JOB)
    assert store.load("1001") == JOB


def test_every_field_survives_the_whole_life(store: JobStore) -> None:
    job = dispatched(store)
    outcome = Outcome(pictures=(Picture("0_9.png", "image/png", 5, 8, None),), engine_s=1.25)
    for move in (
        lambda j: j.submitted("r-1", NOW + 1),
        lambda j: j.showed(3, NOW + 2),
        lambda j: j.concluded(outcome, NOW + 3, 45.0),
        lambda j: j.reclaimed(NOW + 60, 45.0),
        lambda j: j.delivered(NOW + 61),
    ):
        after = move(job)
        store.move(job, after)
        job = after
        assert store.load("1001") == job
    assert job.is_final


def test_a_job_that_does_not_exist_is_none(store: JobStore) -> None:
    assert store.load("9") is None


def test_a_job_is_created_once(store: JobStore) -> None:
    store.create(JOB)
    with pytest.raises(DuplicateJob):
        store.create(replace(JOB, created_at=0.0))
    assert store.load("1001") == JOB


def test_of_two_moves_from_the_same_place_one_wins(store: JobStore) -> None:
    store.create(JOB)
    winner = JOB.dispatched("runpod", NOW)
    store.move(JOB, winner, slot_limit=9)

    with pytest.raises(StaleJob):
        store.move(JOB, JOB.dispatched("sagemaker", NOW), slot_limit=9)
    assert store.load("1001") == winner


def test_a_write_of_an_earlier_attempt_changes_nothing(store: JobStore) -> None:
    first = dispatched(store)
    waiting = first.returned(NOW)
    store.move(first, waiting)
    second = waiting.dispatched("sagemaker", NOW)
    store.move(waiting, second, slot_limit=9)

    with pytest.raises(StaleJob):
        store.move(first, first.submitted("r-1", NOW))
    with pytest.raises(StaleJob):
        store.move(first, first.concluded(Outcome(error="late"), NOW, 45.0))
    assert store.load("1001") == second


def test_a_delivery_is_claimed_by_one(store: JobStore) -> None:
    job = dispatched(store)
    claimed = job.concluded(Outcome(error="no"), NOW, 45.0)
    store.move(job, claimed)
    store.move(claimed, claimed.reclaimed(NOW + 50, 45.0))

    with pytest.raises(StaleJob):
        store.move(claimed, claimed.reclaimed(NOW + 51, 45.0))


def test_progress_only_moves_forward(store: JobStore) -> None:
    job = dispatched(store)
    store.move(job, job.showed(5, NOW))
    for sequence in (4, 5):
        with pytest.raises(StaleJob):
            store.move(job, job.showed(sequence, NOW))


def test_two_rooms_may_note_different_things_about_one_attempt(store: JobStore) -> None:
    job = dispatched(store)
    store.move(job, job.showed(1, NOW + 2))
    store.move(job, job.submitted("r-1", NOW + 1))

    now = store.load("1001")
    assert now is not None
    assert (now.progress_shown, now.provider_job_id) == (1, "r-1")
    assert set(now.times) == {"dispatched", "started", "submitted"}


def test_a_provider_holds_no_more_jobs_than_its_slots(store: JobStore) -> None:
    jobs = [replace(JOB, job_id=str(number)) for number in range(3)]
    dispatched(store, jobs[0])
    second = dispatched(store, jobs[1])
    store.create(jobs[2])
    with pytest.raises(NoFreeSlot):
        store.move(jobs[2], jobs[2].dispatched("runpod", NOW), slot_limit=2)
    assert store.load("2") == jobs[2]

    store.move(second, second.concluded(Outcome(error="no"), NOW, 45.0))
    store.move(jobs[2], jobs[2].dispatched("runpod", NOW), slot_limit=2)


def test_a_slot_is_freed_once(store: JobStore) -> None:
    first = dispatched(store, replace(JOB, job_id="1"))
    dispatched(store, replace(JOB, job_id="2"))
    store.move(first, first.returned(NOW))
    with pytest.raises(StaleJob):
        store.move(first, first.returned(NOW))

    third = replace(JOB, job_id="3")
    dispatched(store, third)
    with pytest.raises(NoFreeSlot):
        dispatched(store, replace(JOB, job_id="4"))


def test_waiting_jobs_are_listed_the_longest_wait_first(store: JobStore) -> None:
    for number, age in ((1, 5), (2, 9), (3, 7)):
        store.create(replace(JOB, job_id=str(number), created_at=NOW - age))
    assert list(store.waiting(10)) == ["2", "3", "1"]
    assert list(store.waiting(1)) == ["2"]


def test_jobs_that_should_have_moved_are_listed_the_longest_overdue_first(
    store: JobStore,
) -> None:
    for number, due_at in ((1, NOW), (2, NOW - 5), (3, NOW + 1)):
        store.create(replace(JOB, job_id=str(number), due_at=due_at))
    assert list(store.overdue(NOW, 10)) == ["2", "1"]
    assert list(store.overdue(NOW, 1)) == ["2"]


def test_a_job_that_moves_is_not_overdue_and_a_final_one_never_is(store: JobStore) -> None:
    job = dispatched(store, replace(JOB, due_at=NOW - 5))
    assert list(store.overdue(NOW, 10)) == []

    claimed = job.concluded(Outcome(error="no"), NOW, 45.0)
    store.move(job, claimed)
    assert list(store.overdue(NOW + 45, 10)) == ["1001"]

    store.move(claimed, claimed.delivered(NOW + 46))
    assert list(store.overdue(NOW + 10_000, 10)) == []


def test_only_queued_jobs_wait(store: JobStore) -> None:
    job = dispatched(store)
    assert list(store.waiting(10)) == []

    waiting = job.returned(NOW)
    store.move(job, waiting)
    assert list(store.waiting(10)) == ["1001"]

    telling = waiting.concluded(Outcome(error="no"), NOW, 45.0)
    store.move(waiting, telling)
    assert list(store.waiting(10)) == []
    store.move(telling, telling.delivered(NOW))
    final = store.load("1001")
    assert final is not None
    assert final.state is JobState.FAILED
