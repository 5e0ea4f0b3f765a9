"""Where a job that no worker has begun waits, and when it goes elsewhere."""

from __future__ import annotations

import pytest

from distillery.core.circuit import Circuit, CircuitState
from distillery.core.deadlines import LOOK_AGAIN_S
from distillery.core.job import JobState
from distillery.core.ports import ProviderJob
from distillery.core.records import WARM_FOR_S
from distillery.core.tier import Tier
from tests.core.world import HEDGE_S, PROMISE_S, World

CLOSED, OPEN, HALF_OPEN = CircuitState


@pytest.fixture
def waiting(world: World) -> World:
    """Job 1001 waits at Runpod; SageMaker is free, and has long made no picture."""
    world.dispatched()
    world.runpod.jobs["runpod-1"] = ProviderJob.WAITING
    return world


@pytest.mark.parametrize(
    ("served_s_ago", "waited_s", "moves"),
    [
        (WARM_FOR_S - 1, HEDGE_S, False),
        (WARM_FOR_S - 1, HEDGE_S + 1, True),
        (WARM_FOR_S, PROMISE_S, False),  # cold: it would have to start up as well
        (WARM_FOR_S, PROMISE_S + 1, True),  # but the promise is broken here anyway
    ],
)
def test_a_job_waits_longer_where_it_is_if_the_other_provider_is_cold(
    waiting: World, served_s_ago: float, waited_s: float, moves: bool
) -> None:
    waiting.clock.pass_time(waited_s)
    waiting.set_record("sagemaker", served_at=waiting.clock() - served_s_ago)
    waiting.look()
    assert waiting.job().was_hedged is moves


def test_a_job_is_hedged_once_and_the_two_results_are_one_answer_and_one_charge() -> None:
    world = World(tiers=(Tier(credits=5),))
    world.dispatched()
    world.runpod.jobs["runpod-1"] = ProviderJob.WAITING
    world.look(PROMISE_S + 1)
    world.run_queue()
    assert (world.job().provider, world.job().attempt) == ("sagemaker", 2)
    assert world.runpod.cancelled == ["runpod-1"]

    world.sagemaker.jobs["sagemaker-1"] = ProviderJob.WAITING
    world.look(PROMISE_S + 1)
    assert world.job().state is JobState.DISPATCHED  # it waits here for as long as it takes

    for attempt in (1, 2, 1, 2):
        world.worker_writes_picture(attempt=attempt)
        world.deliver("1001", attempt)
    assert len(world.replies.edits) == 1
    assert world.replies.edits[0][1].content[0].data == b"xxxx"
    assert (world.account().balance, world.account().spent) == (4, 1)


def test_a_hedge_counts_as_no_loss_and_is_no_failure_of_the_provider(waiting: World) -> None:
    waiting.look(PROMISE_S + 1)
    assert waiting.job().losses == 0
    assert waiting.record("runpod").circuit == Circuit()


@pytest.mark.parametrize("circuit", [CLOSED, OPEN])
def test_a_job_stays_while_nobody_else_has_a_free_slot(
    waiting: World, circuit: CircuitState
) -> None:
    for job_id in ("2", "3", "4"):
        waiting.dispatched(job_id)
    waiting.set_circuit(circuit)
    waiting.look(PROMISE_S + 1)
    assert waiting.job().state is JobState.DISPATCHED


@pytest.mark.parametrize("circuit", [CLOSED, OPEN])
def test_a_job_stays_while_everybody_elses_circuit_is_open(
    waiting: World, circuit: CircuitState
) -> None:
    waiting.set_circuit(circuit)
    waiting.set_circuit(OPEN, "sagemaker")
    waiting.look(PROMISE_S + 1)
    assert waiting.job().state is JobState.DISPATCHED


@pytest.mark.parametrize("circuit", [CLOSED, OPEN])
def test_an_only_provider_is_waited_for(circuit: CircuitState) -> None:
    world = World(provider_names=("runpod",))
    world.dispatched()
    world.runpod.jobs["runpod-1"] = ProviderJob.WAITING
    world.set_circuit(circuit)
    world.look(PROMISE_S + 1)
    assert world.job().state is JobState.DISPATCHED


@pytest.mark.parametrize("circuit", [CLOSED, OPEN])
def test_a_canary_waits_at_the_provider_that_it_is_for(world: World, circuit: CircuitState) -> None:
    world.canaries()
    world.run_queue()
    [canary] = [job_id for job_id in world.table.jobs if "runpod" in job_id]
    world.runpod.jobs["runpod-1"] = ProviderJob.WAITING
    world.set_circuit(circuit)
    world.look(PROMISE_S + 1)
    assert world.job(canary).provider == "runpod"


def probing(world: World) -> None:
    """Job 1001 tries out Runpod, where it waits. SageMaker works again since."""
    world.set_circuit(HALF_OPEN)
    world.set_circuit(OPEN, "sagemaker")
    assert world.dispatched().is_probe
    world.runpod.jobs["runpod-1"] = ProviderJob.WAITING
    world.set_circuit(CLOSED, "sagemaker")


def test_a_probe_is_not_taken_away_for_the_circuit_that_it_is_to_close(world: World) -> None:
    probing(world)
    world.look(LOOK_AGAIN_S)
    assert world.record("runpod").circuit.state(world.clock()) is OPEN
    assert world.job().state is JobState.DISPATCHED


def test_whoever_was_chosen_for_a_probe_waits_no_longer_than_others(world: World) -> None:
    probing(world)
    world.look(PROMISE_S + 1)
    assert world.job().was_hedged


def test_a_job_at_a_provider_that_gets_nothing_is_moved_as_often_as_it_takes(
    waiting: World,
) -> None:
    waiting.set_circuit(OPEN)
    waiting.look(LOOK_AGAIN_S)
    waiting.run_queue()
    assert waiting.job().provider == "sagemaker"

    waiting.sagemaker.jobs["sagemaker-1"] = ProviderJob.WAITING
    waiting.set_circuit(CLOSED)
    waiting.set_circuit(OPEN, "sagemaker")
    waiting.look(LOOK_AGAIN_S)
    waiting.run_queue()
    assert waiting.job().provider == "runpod"
    assert waiting.job().losses == 0
