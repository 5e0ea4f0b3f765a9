"""Which provider may take a job, and which is asked first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from distillery.core.circuit import Circuit
from distillery.core.job import Job, JobState, Origin, Request
from distillery.core.ports import ProviderCondition
from distillery.core.records import ProviderRecord
from distillery.core.routing import Slots, route
from local.memory import MemoryProvider
from tests.core.world import World

NOW = 1_000_000.0
JOB = Job("1001", Origin("1", "token", "42", "7"), Request("plain", {}), NOW)
OPEN = Circuit().opened(NOW, "down")
HALF_OPEN = OPEN.eased(NOW)
BOTH = [Slots(MemoryProvider("runpod"), 2), Slots(MemoryProvider("sagemaker"), 2)]
FULL = frozenset({"a#1", "b#1"})


def asked(job: Job = JOB, **records: ProviderRecord) -> list[str]:
    return [c.slots.provider.name for c in route(BOTH, records, job, NOW)]


@pytest.mark.parametrize(
    ("holders", "circuit", "free"),
    [
        (frozenset(), Circuit(), 2),
        (frozenset({"a#1"}), Circuit(), 1),
        (FULL, Circuit(), 0),
        (FULL | {"c#1"}, Circuit(), 0),  # the operator has lowered the limit
        (frozenset(), OPEN, 0),
        (frozenset(), HALF_OPEN, 1),
        (FULL, HALF_OPEN, 0),
        (frozenset(), HALF_OPEN.probing(NOW, "1#1"), 0),
    ],
)
def test_a_provider_may_be_given_what_its_slots_and_its_circuit_allow(
    holders: frozenset[str], circuit: Circuit, free: int
) -> None:
    assert BOTH[0].free(ProviderRecord(holders=holders, circuit=circuit), NOW) == free


def test_the_operators_order_decides_among_equals() -> None:
    assert asked() == ["runpod", "sagemaker"]


def test_a_full_provider_is_not_asked() -> None:
    assert asked(runpod=ProviderRecord(holders=FULL)) == ["sagemaker"]


def test_a_provider_whose_circuit_is_open_is_not_asked() -> None:
    assert asked(runpod=ProviderRecord(circuit=OPEN)) == ["sagemaker"]


def test_one_that_is_to_be_tried_out_comes_after_one_that_works() -> None:
    record = ProviderRecord(circuit=HALF_OPEN)
    first, second = route(BOTH, {"runpod": record}, JOB, NOW)

    assert (first.slots.provider.name, first.is_probe) == ("sagemaker", False)
    assert (second.slots.provider.name, second.is_probe) == ("runpod", True)
    assert second.record == record


def test_the_one_where_the_last_attempt_came_to_nothing_goes_last() -> None:
    assert asked(replace(JOB, failed_on="runpod")) == ["sagemaker", "runpod"]


def test_it_is_asked_before_one_that_is_to_be_tried_out_all_the_same() -> None:
    job = replace(JOB, failed_on="runpod")

    assert asked(job, sagemaker=ProviderRecord(circuit=HALF_OPEN)) == ["runpod", "sagemaker"]


def test_a_job_bound_to_a_provider_goes_to_no_other() -> None:
    bound = replace(JOB, only_on="sagemaker")

    assert asked(bound) == ["sagemaker"]
    assert asked(bound, sagemaker=ProviderRecord(holders=FULL)) == []


def test_with_nobody_to_ask_there_is_no_candidate() -> None:
    full = ProviderRecord(holders=FULL)

    assert asked(runpod=full, sagemaker=full) == []


def test_a_provider_that_says_it_has_no_gpu_is_passed_by_and_remembered() -> None:
    world = World()
    world.runpod.state = ProviderCondition.NO_CAPACITY
    job = world.dispatched()

    assert job.provider == "sagemaker"
    assert world.record("runpod").circuit.trips == 1


def test_a_half_open_provider_gets_one_job_and_no_second() -> None:
    world = World()
    world.set_record("sagemaker", holders=FULL)
    world.set_record("runpod", circuit=Circuit().opened(world.clock(), "down"))
    world.clock.pass_time(60)
    first, second = world.dispatched("1"), world.dispatched("2")

    assert first.is_probe
    assert second.state is JobState.QUEUED
