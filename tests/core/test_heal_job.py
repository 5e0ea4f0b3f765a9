from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator

import pytest

from distillery.core.circuit import Circuit, CircuitState
from distillery.core.deadlines import ANSWER_WITHIN_S, LOOK_AGAIN_S, NOT_ADMITTED_S, SUBMIT_GRACE_S
from distillery.core.deliver_result import DELIVERY_LEASE_S, MAX_LOSSES, TOO_LATE
from distillery.core.errors import DiscordUnavailable, ProviderUnreachable
from distillery.core.heal_job import LOST, Verdict
from distillery.core.job import JobState
from distillery.core.ports import ProviderJob
from distillery.core.records import WARM_FOR_S
from distillery.core.tier import Tier
from tests.core.conftest import World

PROMISE_S, HEDGE_S, OVERRAN_S = 120.0, 60.0, 660.0
"""As the world is set up: the promise, half of it, and the job's time with a margin."""


def queued_again(world: World) -> bool:
    return world.job().state is JobState.QUEUED and world.queue.sent[-1] == ("1001", 0)


def set_circuit(world: World, state: CircuitState, provider: str = "runpod") -> None:
    """Put a circuit into a state, for as long as the test lasts."""
    circuits = {
        CircuitState.CLOSED: Circuit(),
        CircuitState.OPEN: Circuit(trips=1, open_until=world.clock() + 10_000),
        CircuitState.HALF_OPEN: Circuit(trips=1, open_until=world.clock()),
    }
    world.set_record(provider, circuit=circuits[state])


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
    assert queued_again(world)
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
        world.show("1001", 1)
    world.clock.pass_time(age_s)
    set_circuit(world, circuit)
    world.set_record("sagemaker", served_at=world.clock())
    world.look()

    assert verdict_on(world) is verdict


# Where a job that no worker has begun waits.


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
    set_circuit(waiting, circuit)
    waiting.look(PROMISE_S + 1)
    assert waiting.job().state is JobState.DISPATCHED


@pytest.mark.parametrize("circuit", [CLOSED, OPEN])
def test_a_job_stays_while_everybody_elses_circuit_is_open(
    waiting: World, circuit: CircuitState
) -> None:
    set_circuit(waiting, circuit)
    set_circuit(waiting, OPEN, "sagemaker")
    waiting.look(PROMISE_S + 1)
    assert waiting.job().state is JobState.DISPATCHED


@pytest.mark.parametrize("circuit", [CLOSED, OPEN])
def test_an_only_provider_is_waited_for(circuit: CircuitState) -> None:
    world = World(provider_names=("runpod",))
    world.dispatched()
    world.runpod.jobs["runpod-1"] = ProviderJob.WAITING
    set_circuit(world, circuit)
    world.look(PROMISE_S + 1)
    assert world.job().state is JobState.DISPATCHED


@pytest.mark.parametrize("circuit", [CLOSED, OPEN])
def test_a_canary_waits_at_the_provider_that_it_is_for(world: World, circuit: CircuitState) -> None:
    world.canaries()
    world.run_queue()
    [canary] = [job_id for job_id in world.table.jobs if "runpod" in job_id]
    world.runpod.jobs["runpod-1"] = ProviderJob.WAITING
    set_circuit(world, circuit)
    world.look(PROMISE_S + 1)
    assert world.job(canary).provider == "runpod"


def probing(world: World) -> None:
    """Job 1001 tries out Runpod, where it waits. SageMaker works again since."""
    set_circuit(world, HALF_OPEN)
    set_circuit(world, OPEN, "sagemaker")
    assert world.dispatched().is_probe
    world.runpod.jobs["runpod-1"] = ProviderJob.WAITING
    set_circuit(world, CLOSED, "sagemaker")


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
    set_circuit(waiting, OPEN)
    waiting.look(LOOK_AGAIN_S)
    waiting.run_queue()
    assert waiting.job().provider == "sagemaker"

    waiting.sagemaker.jobs["sagemaker-1"] = ProviderJob.WAITING
    set_circuit(waiting, CLOSED)
    set_circuit(waiting, OPEN, "sagemaker")
    waiting.look(LOOK_AGAIN_S)
    waiting.run_queue()
    assert waiting.job().provider == "runpod"
    assert waiting.job().losses == 0


# What the watchdog does about it.


def test_a_job_that_moves_in_time_is_left_alone(world: World) -> None:
    job = world.dispatched()
    world.queue.sent.clear()
    world.look(LOOK_AGAIN_S - 1)
    world.heal("1001")
    assert world.job() == job
    assert world.queue.sent == []


def test_an_attempt_that_is_fine_is_looked_at_again_later(world: World) -> None:
    world.dispatched()
    world.look(LOOK_AGAIN_S)
    assert world.store.overdue(world.clock() + LOOK_AGAIN_S - 1, 10) == []
    assert world.store.overdue(world.clock() + LOOK_AGAIN_S, 10) == ["1001"]


def test_a_lost_wake_up_of_a_new_job_is_sent_again(world: World) -> None:
    world.accepted()
    world.queue.sent.clear()
    world.look(NOT_ADMITTED_S)
    assert world.queue.sent == [("1001", 0)]

    world.look(1)
    assert len(world.queue.sent) == 1  # not at every look
    world.look(NOT_ADMITTED_S)
    assert len(world.queue.sent) == 2


def test_nobody_looks_for_a_job_that_waits_its_turn(world: World) -> None:
    world.all_slots_taken()
    world.dispatched()
    assert "1001" not in world.store.overdue(world.clock() + ANSWER_WITHIN_S - 1, 100)


def test_a_lost_event_of_a_result_is_made_good(world: World) -> None:
    world.dispatched()
    world.worker_writes_picture()
    world.look(LOOK_AGAIN_S)
    assert world.job().state is JobState.SUCCEEDED
    assert len(world.replies.edits) == 1
    assert world.telemetry.counts["ResultsFound"] == 1


def test_a_result_that_comes_while_the_provider_is_asked_is_told_and_not_thrown_away(
    world: World,
) -> None:
    world.dispatched()

    def ended(provider_job_id: str) -> ProviderJob:
        world.worker_writes_picture()
        return ProviderJob.ENDED

    world.runpod.status = ended  # type: ignore[method-assign]
    world.look(LOOK_AGAIN_S)
    assert world.job().state is JobState.SUCCEEDED


def test_a_job_that_ends_while_it_is_looked_after_is_no_error(world: World) -> None:
    world.dispatched()

    def gone(provider_job_id: str) -> ProviderJob:
        world.finish()
        return ProviderJob.GONE

    world.runpod.status = gone  # type: ignore[method-assign]
    world.look(LOOK_AGAIN_S)
    assert world.job().state is JobState.SUCCEEDED
    assert len(world.replies.edits) == 1


@pytest.mark.parametrize("says", [RUNNING, GONE])
def test_a_job_that_is_cancelled_while_it_is_looked_after_is_no_error(
    world: World, says: ProviderJob
) -> None:
    world.dispatched()

    def cancelled(_: str) -> ProviderJob:
        world.cancel.latest("42")
        return says

    world.runpod.status = cancelled  # type: ignore[method-assign]
    world.look(LOOK_AGAIN_S)
    world.run_queue()
    assert world.job().state is JobState.CANCELLED
    assert world.job().losses == 0


@pytest.mark.parametrize(("age_s", "lost"), [(OVERRAN_S, False), (OVERRAN_S + 1, True)])
def test_a_worker_has_the_jobs_time_and_a_margin(world: World, age_s: float, lost: bool) -> None:
    world.dispatched()
    world.look(age_s)
    assert bool(world.job().losses) is lost


def test_a_late_job_that_is_well_at_its_provider_is_called_off_there(world: World) -> None:
    world.dispatched()
    world.look(ANSWER_WITHIN_S)
    assert world.words() == TOO_LATE
    assert world.runpod.cancelled == ["runpod-1"]
    assert world.objects.exists("jobs/1001/1/cancel")


def test_a_lost_attempt_is_called_off_and_its_late_result_is_not_shown(world: World) -> None:
    world.dispatched()
    world.runpod.jobs["runpod-1"] = ProviderJob.GONE
    world.look(LOOK_AGAIN_S)
    world.run_queue()

    assert world.runpod.cancelled == ["runpod-1"]
    assert (world.job().provider, world.job().attempt) == ("sagemaker", 2)

    world.worker_writes_picture(attempt=1)
    world.deliver("1001", 1)
    assert world.replies.edits == []


def test_attempts_that_are_lost_open_the_circuit(world: World) -> None:
    for number in range(3):
        world.dispatched(str(number), user=str(number))
        if world.job(str(number)).provider == "sagemaker":
            world.sagemaker.jobs[str(world.job(str(number)).provider_job_id)] = ProviderJob.GONE
            continue
        world.runpod.jobs[str(world.job(str(number)).provider_job_id)] = ProviderJob.GONE
    world.look(LOOK_AGAIN_S)
    assert world.record("runpod").circuit.failures == 2
    assert world.record("sagemaker").circuit.failures == 1


def test_a_provider_that_cannot_be_told_to_stop_does_not_stop_us(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silence(_: str) -> None:
        raise ProviderUnreachable("silence")

    monkeypatch.setattr(world.runpod, "cancel", silence)
    world.dispatched()
    world.runpod.jobs["runpod-1"] = ProviderJob.GONE
    world.look(LOOK_AGAIN_S)
    assert queued_again(world)


def test_a_job_that_is_lost_again_and_again_ends_with_words_and_costs_nothing() -> None:
    world = World(tiers=(Tier(credits=5),))
    world.dispatched()
    for attempt in range(1, MAX_LOSSES + 1):
        job = world.job()
        assert (job.state, job.attempt) == (JobState.DISPATCHED, attempt)
        world.providers[str(job.provider)].jobs[str(job.provider_job_id)] = ProviderJob.GONE
        world.look(LOOK_AGAIN_S)
        world.run_queue()

    assert world.job().state is JobState.FAILED
    assert world.words() == LOST
    assert len(world.replies.edits) == 1
    assert world.objects.exists(f"jobs/1001/{MAX_LOSSES}/cancel")
    assert world.account().balance == 5


def test_a_member_whose_job_is_still_at_a_provider_is_told_in_time_and_it_is_called_off(
    world: World,
) -> None:
    world.dispatched()
    while world.job().is_open:
        world.look(LOOK_AGAIN_S)
    assert world.job().state is JobState.FAILED
    assert world.words() == TOO_LATE
    assert ANSWER_WITHIN_S <= world.clock() - world.job().created_at < ANSWER_WITHIN_S + 15
    assert world.runpod.cancelled == ["runpod-1"]
    assert world.record("runpod").holders == frozenset()


def test_a_result_that_lies_ready_is_told_however_late_it_is(world: World) -> None:
    world.dispatched()
    world.worker_writes_picture()
    world.look(ANSWER_WITHIN_S + 1)
    assert world.job().state is JobState.SUCCEEDED


@pytest.mark.parametrize("where", ["new", "in the line", "held back"])
def test_a_job_that_waits_here_is_answered_in_time_too(where: str) -> None:
    world = World(tiers=(Tier(role_id="42", jobs_at_once=1), Tier(jobs_at_once=10)))
    world.all_slots_taken()
    if where == "held back":
        world.dispatched("first")
    job = world.accepted() if where == "new" else world.dispatched()
    assert (job.is_held, job.is_in_flight) == (where == "held back", where == "in the line")

    world.look(ANSWER_WITHIN_S)
    assert world.words() == TOO_LATE


@pytest.mark.parametrize("says", [RUNNING, UNKNOWN])
def test_a_job_at_a_provider_that_the_operator_took_away_is_answered_in_time(
    world: World, says: ProviderJob
) -> None:
    world.dispatched()
    world.runpod.jobs["runpod-1"] = says
    del world.providers["runpod"]
    del world.heal.providers["runpod"]  # type: ignore[attr-defined]
    world.clock.pass_time(LOOK_AGAIN_S)
    world.heal("1001")
    world.look(ANSWER_WITHIN_S)
    assert world.words() == TOO_LATE


def test_a_delivery_whose_room_died_is_made_good(world: World) -> None:
    world.dispatched()
    world.worker_writes_picture()
    world.replies.error = SystemExit()
    with pytest.raises(SystemExit):
        world.deliver("1001", 1)
    world.replies.error = None

    world.look(DELIVERY_LEASE_S - 1)
    assert world.replies.edits == []  # that room may still be at it
    world.look(1)
    assert world.job().state is JobState.SUCCEEDED
    assert len(world.replies.edits) == 1


def test_an_answer_that_discord_did_not_take_is_tried_again_until_it_does(world: World) -> None:
    world.dispatched()
    world.worker_writes_picture()
    world.replies.error = DiscordUnavailable("503")
    with pytest.raises(DiscordUnavailable):
        world.deliver("1001", 1)
    with pytest.raises(DiscordUnavailable):
        world.look(LOOK_AGAIN_S)
    world.replies.error = None
    world.look(LOOK_AGAIN_S)
    assert world.job().state is JobState.SUCCEEDED


def test_pictures_that_are_not_there_become_words_though_no_event_came(world: World) -> None:
    """A worker is not trusted: it may name a file that it never stored."""
    world.dispatched()
    world.worker_writes_picture()
    del world.objects.objects["jobs/1001/1/outputs/0_9.png"]
    for _ in range(5):
        with contextlib.suppress(FileNotFoundError):
            world.look(DELIVERY_LEASE_S)
    assert world.job().is_final
    assert world.words()


def test_a_cancelled_job_whose_message_was_lost_is_called_off_and_told(world: World) -> None:
    world.dispatched()
    world.cancel.latest("42")
    world.queue.sent.clear()
    world.look()
    assert world.runpod.cancelled == ["runpod-1"]
    assert world.job().state is JobState.CANCELLED


def test_an_unknown_or_final_job_is_harmless(world: World) -> None:
    world.heal("9999")
    world.dispatched()
    world.finish()
    world.clock.pass_time(10_000)
    world.heal("1001")
    assert len(world.replies.edits) == 1
