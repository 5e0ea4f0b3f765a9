from __future__ import annotations

import dataclasses

import pytest

from distillery.core.circuit import Circuit, CircuitState
from distillery.core.heal_line import MEMBERS_AT_ONCE
from distillery.core.job import Job, JobState
from distillery.core.ports import ProviderCondition
from distillery.core.tier import Tier
from tests.core.world import World


def loads(world: World) -> list[str]:
    """Ids of the jobs that are loaded from now on."""
    loaded: list[str] = []
    load = world.store.load

    def keep(job_id: str) -> Job | None:
        loaded.append(job_id)
        return load(job_id)

    world.store.load = keep  # type: ignore[method-assign]
    return loaded


def in_line(world: World, count: int) -> list[str]:
    """Admit jobs of as many members, whose messages are lost."""
    ids = [f"wait-{number:04}" for number in range(count)]
    for job_id in ids:
        world.admit(world.accepted(job_id, user=job_id))
    world.queue.sent.clear()
    return ids


@pytest.mark.parametrize(
    "holder", ["1001#1", "1001#2", "9999#1", "waiting#1"], ids=["ended", "older", "none", "waits"]
)
def test_a_slot_that_nobody_holds_is_freed(world: World, holder: str) -> None:
    world.dispatched()
    world.finish()
    world.dispatched("2002", user="other")
    world.admit(world.accepted("waiting"))
    world.queue.sent.clear()
    world.set_record("runpod", holders=frozenset({holder, "2002#1"}))
    world.heal_line()

    assert world.record("runpod").holders == {"2002#1"}
    assert world.telemetry.counts["SlotsMended"] == 1


def test_a_slot_of_an_attempt_that_was_given_up_is_freed_while_the_next_one_keeps_its_own(
    world: World,
) -> None:
    world.dispatched()
    world.worker_writes_error("engine_unavailable")
    world.deliver("1001", 1)
    world.run_queue()
    assert world.record("sagemaker").holders == {"1001#2"}
    world.set_record("runpod", holders=frozenset({"1001#1"}))
    world.heal_line()
    assert world.record("runpod").holders == frozenset()
    assert world.record("sagemaker").holders == {"1001#2"}


def test_counts_that_are_right_are_left_alone(world: World) -> None:
    world.all_slots_taken()
    before = dict(world.records.all())
    world.heal_line()
    assert world.records.all() == before
    assert "SlotsMended" not in world.telemetry.counts


def test_a_freed_slot_wakes_whoever_is_next_in_the_same_run(world: World) -> None:
    world.all_slots_taken()
    [first, _] = in_line(world, 2)
    world.set_record("runpod", holders=frozenset({"busy-0#1", "lost#1"}))
    world.heal_line()
    assert world.queue.sent == [(first, 0)]


def test_wake_ups_that_were_lost_are_repeated_one_for_each_free_slot(world: World) -> None:
    ids = in_line(world, 6)
    world.heal_line()
    assert [job_id for job_id, _ in world.queue.sent] == ids[:4]

    world.run_queue()
    assert {world.job(job_id).state for job_id in ids[:4]} == {JobState.DISPATCHED}
    assert {world.job(job_id).state for job_id in ids[4:]} == {JobState.QUEUED}


def test_a_thousand_that_wait_cost_nothing_while_no_slot_is_free(world: World) -> None:
    world.all_slots_taken()
    ids = in_line(world, 1000)
    loaded = loads(world)
    asked: list[int] = []
    world.store.line = lambda limit: asked.append(limit) or []  # type: ignore[func-returns-value, method-assign]
    world.heal_line()

    assert world.queue.sent == []
    assert not set(loaded) & set(ids)
    assert len(loaded) == 4  # those at the providers
    assert asked == []


def test_a_thousand_that_wait_cost_as_much_as_the_slots_that_are_free(world: World) -> None:
    ids = in_line(world, 1000)
    loaded = loads(world)
    world.heal_line()
    assert len(world.queue.sent) == 4
    assert not set(loaded) & set(ids)


def test_an_open_circuit_wakes_nobody_and_a_half_open_one_wakes_one(world: World) -> None:
    in_line(world, 3)
    for name in world.providers:
        world.set_record(name, circuit=Circuit(trips=1, open_until=world.clock() + 15))
    world.heal_line()
    assert world.queue.sent == []

    world.clock.pass_time(15)
    world.heal_line()
    assert len(world.queue.sent) == 2  # one for each provider


def test_a_provider_with_jobs_is_asked_how_it_does(world: World) -> None:
    world.dispatched()
    world.runpod.state = ProviderCondition.NO_CAPACITY
    world.heal_line()
    assert world.record("runpod").circuit.state(world.clock()) is CircuitState.OPEN


def test_a_provider_that_gets_nothing_is_asked_whether_it_is_well_again(world: World) -> None:
    world.circuits.heard("runpod", ProviderCondition.NO_CAPACITY)
    world.heal_line()
    assert world.record("runpod").circuit.state(world.clock()) is CircuitState.HALF_OPEN


def test_a_provider_that_nobody_uses_is_not_asked(world: World) -> None:
    """It has nothing to do, and asking may cost."""
    asked = []

    def condition() -> ProviderCondition:
        asked.append("runpod")
        return ProviderCondition.READY

    world.runpod.condition = condition  # type: ignore[method-assign]
    world.heal_line()
    assert asked == []


# Members who have jobs that are held back.


@pytest.fixture
def one_each() -> World:
    """Each member may have one job in flight."""
    return World(tiers=(Tier(jobs_at_once=1),), slots=99)


def hold(world: World, user: str, *job_ids: str) -> None:
    """The member has one job at a provider, and these are held back."""
    world.dispatched(f"first-{user}", user=user)
    for job_id in job_ids:
        world.clock.pass_time(1)
        world.dispatched(job_id, user=user)
        assert world.job(job_id).is_held
    world.queue.sent.clear()


def test_a_member_who_has_as_many_jobs_as_they_may_is_not_called(one_each: World) -> None:
    hold(one_each, "42", "1001")
    one_each.heal_line()
    assert one_each.queue.sent == []


def test_a_member_with_room_whose_call_was_lost_is_called_for_the_one_held_longest(
    one_each: World,
) -> None:
    hold(one_each, "42", "1001", "1002")
    one_each.finish("first-42")
    one_each.queue.sent.clear()
    one_each.heal_line()
    assert one_each.queue.sent == [("1001", 0)]

    one_each.run_queue()
    assert one_each.job("1001").state is JobState.DISPATCHED
    assert one_each.job("1002").is_held


def test_a_job_that_is_over_does_not_count_as_in_flight_for_ever(one_each: World) -> None:
    hold(one_each, "42", "1001")
    one_each.finish("first-42")
    for gone in ("first-42", "9999"):
        account = dataclasses.replace(one_each.account(), in_flight=frozenset({gone}))
        one_each.table.accounts["42"] = account
        one_each.queue.sent.clear()
        one_each.heal_line()
        assert one_each.account().in_flight == frozenset()
        assert one_each.queue.sent == [("1001", 0)]


def test_members_are_looked_after_each_by_themselves(one_each: World) -> None:
    hold(one_each, "1", "held-1")
    hold(one_each, "2", "held-2")
    one_each.finish("first-2")
    one_each.queue.sent.clear()
    one_each.heal_line()
    assert one_each.queue.sent == [("held-2", 0)]


def test_no_member_is_overlooked_however_many_are_at_their_limit(one_each: World) -> None:
    for number in range(MEMBERS_AT_ONCE):
        hold(one_each, f"a{number:02}", f"held-a{number:02}")
    hold(one_each, "z", "held-z")
    one_each.finish("first-z")
    one_each.queue.sent.clear()
    for _ in range(2):
        one_each.heal_line()
    assert one_each.queue.sent == [("held-z", 0)]
