from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from distillery.aws.job_store import DynamoJobStore
from distillery.core.errors import DuplicateJob, MemberAtLimit, NoFreeSlot, StaleJob
from distillery.core.job import Job, JobState, Origin, Outcome, Picture, Request
from distillery.core.parent import Parent
from distillery.core.ports import JobStore
from distillery.core.recipes.recipe import Attachment
from distillery.core.tier import Tier
from local.memory_store import MemoryJobStore
from tests.adapters.conftest import TABLE

JOB = Job(
    job_id="1001",
    origin=Origin(application_id="1", token="t", user_id="42", channel_id="7", guild_id="8"),
    request=Request(
        workflow="plain",
        values={"prompt": "ein roter Fuchs 🦊 \u202e", "seed": 7, "cfg": 6.5, "tile": True},
        attachments={"image": Attachment("a.png", "https://cdn/x", "image/png", 10, "jobs/1/a")},
    ),
    created_at=1_790_000_000.25,
)
NOW = 1_790_000_001.5
PARENT = Parent("1000", "vary", 2, "2000")
TIER = Tier(name="patron", weight=2.5, jobs_at_once=2, credits=5, role_id="77")


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
    job = replace(JOB, tier=TIER, charge=2, only_on="runpod", parent=PARENT)
    store.create(job)
    outcome = Outcome(
        pictures=(Picture("0_9.png", "image/png", 5, 8, None, spoiler=True),),
        engine_s=1.25,
        withheld=1,
    )
    for move in (
        lambda j: j.held(NOW),
        lambda j: j.admitted(17.125, NOW),
        lambda j: j.dispatched("sagemaker", NOW),
        lambda j: j.returned(NOW, lost=True),
        lambda j: j.dispatched("runpod", NOW, is_probe=True),
        lambda j: j.submitted("r-1", NOW + 1),
        lambda j: j.showed(3, NOW + 2),
        lambda j: j.concluded(outcome, NOW + 3, 45.0),
        lambda j: j.reclaimed(NOW + 60, 45.0),
        lambda j: j.delivered(NOW + 61),
        lambda j: j.removed(NOW + 99),
    ):
        after = move(job)
        store.move(job, after, slot_limit=1)
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
    waiting = first.returned(NOW, lost=True)
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
    store.move(first, first.returned(NOW, lost=True))
    with pytest.raises(StaleJob):
        store.move(first, first.returned(NOW, lost=True))

    third = replace(JOB, job_id="3")
    dispatched(store, third)
    with pytest.raises(NoFreeSlot):
        dispatched(store, replace(JOB, job_id="4"))


def admitted(store: JobStore, job: Job, start_tag: float) -> Job:
    store.create(job)
    after = job.admitted(start_tag, NOW)
    store.move(job, after)
    return after


def numbered(number: int, user_id: str = "42") -> Job:
    origin = replace(JOB.origin, user_id=user_id)
    return replace(JOB, job_id=str(number), origin=origin, created_at=NOW + number)


def test_the_line_is_in_the_order_of_start_tags(store: JobStore) -> None:
    last = admitted(store, numbered(1, "a"), 1_000.0)
    admitted(store, numbered(2, "b"), 9.5)
    middle = admitted(store, numbered(3, "c"), 9.75)
    assert list(store.line(10)) == ["2", "3", "1"]
    assert list(store.line(1)) == ["2"]
    assert (store.place(middle), store.place(last)) == (1, 2)


def test_a_place_is_counted_through_every_page(dynamodb: Any) -> None:
    store = DynamoJobStore(dynamodb, TABLE)
    jobs = [admitted(store, numbered(n, str(n)), float(n)) for n in range(6)]
    dynamodb.meta.events.register(
        "provide-client-params.dynamodb.Query", lambda params, **_: {**params, "Limit": 2}
    )
    assert store.place(jobs[-1]) == 5


def test_of_equal_start_tags_the_job_ids_decide(store: JobStore) -> None:
    for number in (3, 1, 2):
        admitted(store, numbered(number, str(number)), 7.0)
    assert list(store.line(10)) == ["1", "2", "3"]


def test_only_admitted_jobs_stand_in_the_line(store: JobStore) -> None:
    job = admitted(store, JOB, 1.0)
    for after in (
        job.dispatched("runpod", NOW),
        job.dispatched("runpod", NOW).returned(NOW, lost=False),
    ):
        store.move(job, after, slot_limit=1)
        job = after
        assert list(store.line(10)) == (["1001"] if job.state is JobState.QUEUED else [])
    store.create(numbered(2))
    assert list(store.line(10)) == ["1001"]


def test_a_member_has_no_more_jobs_in_flight_than_their_tier_allows(store: JobStore) -> None:
    jobs = [replace(numbered(number), tier=TIER) for number in (1, 2, 3)]
    first = admitted(store, jobs[0], 1.0)
    admitted(store, jobs[1], 2.0)
    with pytest.raises(MemberAtLimit):
        admitted(store, jobs[2], 3.0)
    assert store.account("42").in_flight == {"1", "2"}
    assert store.account("42").finish_tag == 2.4  # a job costs 1 / weight

    moved = first.dispatched("runpod", NOW)
    store.move(first, moved, slot_limit=1)
    with pytest.raises(MemberAtLimit):
        store.move(jobs[2], jobs[2].admitted(3.0, NOW))
    store.move(moved, moved.concluded(Outcome(error="no"), NOW, 45.0))
    store.move(jobs[2], jobs[2].admitted(3.0, NOW))
    assert store.account("42").in_flight == {"2", "3"}


def test_a_turn_that_a_job_did_not_have_is_given_back(store: JobStore) -> None:
    first, second = (admitted(store, numbered(n), float(n)) for n in (1, 2))
    assert store.account("42").finish_tag == 3.0
    store.move(second, second.concluded(Outcome(error="cancelled"), NOW, 0.0))
    assert store.account("42").finish_tag == 2.0

    had = first.dispatched("runpod", NOW)
    store.move(first, had, slot_limit=1)
    store.move(had, had.concluded(Outcome(error="cancelled"), NOW, 0.0))
    assert store.account("42").finish_tag == 2.0


def test_jobs_that_are_held_back_are_found_by_their_members(store: JobStore) -> None:
    assert store.members_held(9) == []
    for number, user_id in ((5, "7"), (4, "7"), (3, "70"), (2, "8"), (9, "7")):
        job = numbered(number, user_id)
        store.create(job)
        store.move(job, job.held(NOW))
    assert list(store.members_held(9)) == ["7", "70", "8"]
    assert list(store.members_held(2)) == ["7", "70"]
    assert [store.held(user_id) for user_id in ("7", "70", "8", "9")] == ["4", "3", "2", None]

    held = store.load("4")
    assert held is not None
    store.move(held, held.admitted(1.0, NOW))
    assert store.held("7") == "5"


def test_members_are_found_however_many_jobs_one_of_them_has(store: JobStore) -> None:
    for number in range(30):
        job = numbered(number, "1" if number % 10 else str(number))
        store.create(job)
        store.move(job, job.held(NOW))
    assert list(store.members_held(9)) == ["0", "1", "10", "20"]


def test_a_job_that_comes_back_takes_no_second_place(store: JobStore) -> None:
    job = admitted(store, replace(JOB, tier=replace(TIER, jobs_at_once=1)), 1.0)
    for _ in range(2):
        sent = job.dispatched("runpod", NOW)
        store.move(job, sent, slot_limit=1)
        job = sent.returned(NOW, lost=True)
        store.move(sent, job)
    assert store.account("42").in_flight == {"1001"}


def test_a_job_that_somebody_else_has_admitted_is_not_held_back(store: JobStore) -> None:
    admitted(store, JOB, 1.0)
    for after in (JOB.held(NOW), JOB.admitted(2.0, NOW)):
        with pytest.raises(StaleJob):
            store.move(JOB, after)
    assert list(store.line(9)) == ["1001"]
    assert store.members_held(9) == []


def test_a_job_that_ends_while_it_is_held_back_is_not_held_any_more(store: JobStore) -> None:
    store.create(JOB)
    store.move(JOB, JOB.held(NOW))
    store.move(JOB, JOB.concluded(Outcome(error="no"), NOW, 45.0))  # by one who read it before
    assert store.held("42") is None
    assert store.members_held(9) == []


def test_a_job_that_is_looked_after_while_it_is_held_back_stays_held(store: JobStore) -> None:
    store.create(JOB)
    store.move(JOB, JOB.held(NOW))
    store.move(JOB, JOB.looked_after(NOW))
    assert store.held("42") == "1001"


def test_a_move_into_dispatched_says_how_many_slots_there_are(store: JobStore) -> None:
    store.create(JOB)
    with pytest.raises(ValueError, match="slot_limit"):
        store.move(JOB, JOB.dispatched("runpod", NOW))


def test_a_move_that_changes_nothing_is_one_all_the_same(store: JobStore) -> None:
    job = dispatched(store)
    for _ in range(2):
        store.move(job, job.looked_after(NOW))
    store.move(job.looked_after(NOW), job.looked_after(NOW))
    assert store.load("1001") == job.looked_after(NOW)


def test_a_members_jobs_are_listed_the_latest_first(store: JobStore) -> None:
    for number in (2, 3, 1):
        store.create(numbered(number))
    store.create(numbered(4, "somebody else"))
    assert list(store.of_member("42", 10)) == ["3", "2", "1"]
    assert list(store.of_member("42", 2)) == ["3", "2"]


def test_many_jobs_are_read_at_once_in_the_order_asked_for(store: JobStore) -> None:
    for number in (7, 130, 2):
        store.create(numbered(number))
    ids = [str(number) for number in (130, *range(1, 130))]  # more than one call may ask for
    assert [job.job_id for job in store.load_all(ids)] == ["130", "2", "7"]
    assert store.load_all(["7"]) == [store.load("7")]
    assert list(store.load_all([])) == []


def test_a_members_jobs_are_counted_from_a_time_on(store: JobStore) -> None:
    for number in (1, 2, 3):
        store.create(numbered(number))
    store.create(numbered(4, "somebody else"))
    second = numbered(2).created_at
    assert store.asked_since("42", 0) == 3
    assert store.asked_since("42", second) == 2
    assert store.asked_since("42", second + 0.5) == 1
    assert store.asked_since("nobody", 0) == 0


def test_nothing_is_open_once_everybody_is_answered(store: JobStore) -> None:
    assert not store.anything_open()
    store.create(JOB)
    assert store.anything_open()
    telling = JOB.concluded(Outcome(error="no"), NOW, 45.0)
    store.move(JOB, telling)
    store.move(telling, telling.delivered(NOW))
    assert not store.anything_open()


def test_a_place_that_an_accident_left_taken_can_be_freed(store: JobStore) -> None:
    admitted(store, replace(JOB, tier=TIER), 1.0)
    for _ in range(2):
        store.release("42", "1001")
    assert store.account("42").in_flight == frozenset()


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
