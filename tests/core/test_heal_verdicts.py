"""Every state in which an attempt can be, and what the watchdog makes of it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from distillery.core.circuit import CircuitState
from distillery.core.deadlines import SUBMIT_GRACE_S
from distillery.core.errors import ProviderUnreachable
from distillery.core.heal_job import Verdict
from distillery.core.job import JobState
from distillery.core.ports import ProviderJob
from tests.core.world import HEDGE_S, JOB_TIMEOUT_S, World

OVERRAN_S = JOB_TIMEOUT_S + 60  # a job's time with the margin that it is given

# One row for each state in which an attempt can be: what its provider says, whether a worker has
# begun it, the provider's circuit, and how long ago it was dispatched.

CLOSED, OPEN, HALF_OPEN = CircuitState
UNSURE = None  # the provider never said that it took the attempt
SAYS = (*ProviderJob, UNSURE)
BEGUN = ("nothing", "claim", "progress")
YOUNG_S, HEDGEABLE_S, OLD_S = SUBMIT_GRACE_S, HEDGE_S + 1, OVERRAN_S + 1
AGES = (YOUNG_S, HEDGEABLE_S, OLD_S)
ANY_CIRCUIT, ANY_AGE = tuple(CircuitState), AGES
WORKING, NOT_BEGUN = BEGUN[1:], BEGUN[:1]
WELL = (CLOSED, HALF_OPEN)
WAITING, RUNNING, ENDED, GONE, UNKNOWN = ProviderJob
FINE, MOVED, HEDGED, LOST_ = Verdict

TABLE = [
    # says,                 begun,     circuit,     age,                    verdict
    ((ENDED, GONE), BEGUN, ANY_CIRCUIT, ANY_AGE, LOST_),
    ((WAITING,), BEGUN, WELL, (YOUNG_S,), FINE),
    ((WAITING,), BEGUN, WELL, (HEDGEABLE_S, OLD_S), HEDGED),
    ((WAITING,), BEGUN, (OPEN,), ANY_AGE, MOVED),
    ((RUNNING,), BEGUN, ANY_CIRCUIT, (YOUNG_S, HEDGEABLE_S), FINE),
    ((RUNNING,), BEGUN, ANY_CIRCUIT, (OLD_S,), LOST_),
    ((UNKNOWN,), NOT_BEGUN, WELL, (YOUNG_S,), FINE),
    ((UNKNOWN,), NOT_BEGUN, WELL, (HEDGEABLE_S, OLD_S), HEDGED),
    ((UNKNOWN,), NOT_BEGUN, (OPEN,), ANY_AGE, MOVED),
    ((UNKNOWN, UNSURE), WORKING, ANY_CIRCUIT, (YOUNG_S, HEDGEABLE_S), FINE),
    ((UNKNOWN, UNSURE), WORKING, ANY_CIRCUIT, (OLD_S,), LOST_),
    ((UNSURE,), NOT_BEGUN, ANY_CIRCUIT, ANY_AGE, LOST_),
]


def rows() -> Iterator[tuple[object, ...]]:
    for says, begun, circuits, ages, verdict in TABLE:
        for row in itertools.product(says, begun, circuits, ages):
            yield (*row, verdict)


def test_the_table_has_one_row_for_each_state_and_no_two() -> None:
    states = [row[:-1] for row in rows()]
    assert len(states) == len(set(states))
    assert set(states) == set(itertools.product(SAYS, BEGUN, CircuitState, AGES))


def verdict_on(world: World) -> Verdict:
    """What has become of the job, as the watchdog found it at a provider."""
    job = world.job()
    if job.state is JobState.DISPATCHED:
        assert not world.objects.exists("jobs/1001/1/cancel")
        return Verdict.FINE
    assert job.state is JobState.QUEUED
    assert world.objects.exists("jobs/1001/1/cancel")
    assert world.queue.sent[-1] == ("1001", 0)
    assert world.record("runpod").holders == frozenset()
    if job.losses:
        assert world.telemetry.counts["AttemptsLost"] == 1
        return Verdict.LOST
    assert world.telemetry.counts["AttemptsMoved"] == 1
    return Verdict.HEDGED if job.was_hedged else Verdict.MOVED


@pytest.mark.parametrize(("says", "begun", "circuit", "age_s", "verdict"), list(rows()))
def test_what_is_known_of_an_attempt_decides_what_becomes_of_it(
    world: World,
    says: ProviderJob | None,
    begun: str,
    circuit: CircuitState,
    age_s: float,
    verdict: Verdict,
) -> None:
    world.runpod.error = ProviderUnreachable("silence") if says is UNSURE else None
    world.dispatched()
    if says is not UNSURE:
        world.runpod.jobs["runpod-1"] = says
    if begun != "nothing":
        world.worker_begins()
    if begun == "progress":
        del world.objects.objects["jobs/1001/1/claim"]
        world.worker_writes_progress(1)
        world.show_progress("1001", 1)
    world.clock.pass_time(age_s)
    world.set_circuit(circuit)
    world.set_record("sagemaker", served_at=world.clock())
    world.look()

    assert verdict_on(world) is verdict
