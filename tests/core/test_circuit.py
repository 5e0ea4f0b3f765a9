from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from distillery.core.circuit import (
    FAILURES_TO_OPEN,
    LONGEST_S,
    PROBE_S,
    SHORTEST_S,
    WINDOW_S,
    Circuit,
    CircuitState,
)
from distillery.core.errors import JobRefused, ProviderRefused, StoreConflict
from distillery.core.ports import Envelope, ProviderCondition
from tests.core.world import World

CLOSED, OPEN, HALF_OPEN = CircuitState
NOW = 1_790_000_000.0


def failed(*times: float) -> Circuit:
    """A circuit after failures so many seconds from now."""
    circuit = Circuit()
    for time in times:
        circuit = circuit.failed(NOW + time, "why")
    return circuit


def test_three_failures_within_the_window_open_it() -> None:
    assert FAILURES_TO_OPEN == 3
    assert failed(0, 1).state(NOW + 1) is CLOSED
    assert failed(0, 1, 2).state(NOW + 2) is OPEN
    assert failed(0, 1, WINDOW_S).state(NOW + WINDOW_S) is OPEN
    assert failed(0, 1, 2).reason == "why"


def test_failures_further_apart_are_bad_luck() -> None:
    assert failed(0, 1, WINDOW_S + 1).state(NOW + WINDOW_S + 1) is CLOSED
    assert failed(0, 1, WINDOW_S + 1, WINDOW_S + 2).state(NOW + WINDOW_S + 2) is CLOSED
    late = (WINDOW_S + 1, WINDOW_S + 2, WINDOW_S + 3)
    assert failed(0, *late).state(NOW + late[-1]) is OPEN


def test_failures_with_a_success_between_them_are_not_in_a_row() -> None:
    circuit = failed(0, 1).succeeded()
    assert circuit.failed(NOW + 2, "why").state(NOW + 2) is CLOSED
    assert failed(0, 1, 2).succeeded() == failed(0, 1, 2)  # it may be a job from before


def test_after_a_while_it_is_half_open() -> None:
    circuit = failed(0, 0, 0)
    assert circuit.state(NOW + SHORTEST_S - 1) is OPEN
    assert circuit.state(NOW + SHORTEST_S) is HALF_OPEN


def test_each_probe_that_fails_opens_it_for_twice_as_long_up_to_a_minute() -> None:
    circuit, now, waits = failed(0, 0, 0), NOW, []
    for _ in range(5):
        waits.append(circuit.open_until - now)
        now = circuit.open_until
        circuit = circuit.probing(now, "1#1").failed(now, "the probe failed", "1#1")
    assert waits == [15.0, 30.0, 60.0, 60.0, 60.0]
    assert LONGEST_S == 60.0


def test_an_outage_of_days_is_borne_though_it_opens_every_minute() -> None:
    circuit, now = Circuit(), NOW
    for _ in range(3 * 24 * 60):
        circuit = circuit.opened(now, "no-capacity")
        now = circuit.open_until
    assert circuit.opened(now, "no-capacity").open_until == now + LONGEST_S


def test_the_failures_of_what_it_was_given_before_it_opened_are_no_news() -> None:
    circuit = failed(0, 0, 0)
    assert circuit.failed(NOW + 1, "later") == circuit
    assert circuit.opened(NOW + 1, "later") == circuit


def test_while_a_probe_is_on_its_way_nobody_may_send_another() -> None:
    circuit = failed(0, 0, 0).probing(NOW + SHORTEST_S, "1#1")
    assert circuit.is_probing
    assert circuit.state(NOW + SHORTEST_S) is OPEN
    assert circuit.state(NOW + SHORTEST_S + PROBE_S - 1) is OPEN
    assert circuit.state(NOW + SHORTEST_S + PROBE_S) is HALF_OPEN  # it has not begun: the next


def test_whatever_opened_it_may_be_over_before_the_time_is() -> None:
    circuit = failed(0, 0, 0)
    assert circuit.eased(NOW + 1).state(NOW + 1) is HALF_OPEN
    assert circuit.eased(NOW + SHORTEST_S + 5).open_until == circuit.open_until
    probing = circuit.probing(NOW + SHORTEST_S, "1#1")
    assert probing.eased(NOW + SHORTEST_S + 1) == probing
    assert Circuit().eased(NOW).state(NOW) is CLOSED


def test_a_circuit_opens_at_once_when_its_provider_says_so() -> None:
    circuit = Circuit().opened(NOW, "no-capacity")
    assert (circuit.state(NOW), circuit.open_until) == (OPEN, NOW + SHORTEST_S)


# As it is recorded, for all rooms.


def trip(world: World, reason: str = "why") -> None:
    """Open the circuit of Runpod."""
    for _ in range(FAILURES_TO_OPEN):
        world.circuits.failed("runpod", reason)


def state(world: World) -> CircuitState:
    return world.record("runpod").circuit.state(world.clock())


def test_an_operator_is_told_once_when_a_circuit_opens_and_once_when_it_closes(
    world: World,
) -> None:
    trip(world)
    world.circuits.failed("runpod", "why")
    world.clock.pass_time(SHORTEST_S)
    assert world.circuits.claim_probe("runpod", world.record("runpod").circuit, "1#1")
    world.circuits.failed("runpod", "the probe failed", "1#1")
    assert world.record("runpod").circuit.trips == 2
    world.clock.pass_time(2 * SHORTEST_S)
    assert world.circuits.claim_probe("runpod", world.record("runpod").circuit, "2#1")
    world.circuits.begun("runpod", "2#1")
    world.circuits.begun("runpod", "2#1")
    assert world.telemetry.counts == {"CircuitsOpened": 1, "CircuitsClosed": 1}
    assert world.record("runpod").circuit == Circuit()
    assert world.record("sagemaker").circuit == Circuit()


@pytest.mark.parametrize("condition", [ProviderCondition.NO_CAPACITY, ProviderCondition.CRASHING])
def test_a_provider_that_says_it_cannot_work_is_believed(
    world: World, condition: ProviderCondition
) -> None:
    world.circuits.heard("runpod", condition)
    assert state(world) is OPEN
    assert world.record("runpod").circuit.reason == condition.value

    world.circuits.heard("runpod", ProviderCondition.READY)
    assert state(world) is HALF_OPEN  # it is tried out at once


def test_one_silence_is_not_enough_and_three_are(world: World) -> None:
    for expected in (CLOSED, CLOSED, OPEN):
        world.circuits.heard("runpod", ProviderCondition.DOWN)
        assert state(world) is expected
    world.circuits.heard("runpod", ProviderCondition.READY)
    assert state(world) is HALF_OPEN


def test_a_provider_that_loses_jobs_is_not_believed_when_it_says_that_all_is_well(
    world: World,
) -> None:
    trip(world, "its workers lose jobs")
    world.circuits.heard("runpod", ProviderCondition.READY)
    assert state(world) is OPEN


def test_only_one_room_wins_the_right_to_send_the_probe(world: World) -> None:
    trip(world)
    world.clock.pass_time(SHORTEST_S)
    as_both_read_it = world.record("runpod").circuit
    assert world.circuits.claim_probe("runpod", as_both_read_it, "1#1")
    assert not world.circuits.claim_probe("runpod", as_both_read_it, "1#1")


def test_a_change_that_another_room_made_first_is_not_repeated(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: object) -> None:
        raise StoreConflict("runpod")

    monkeypatch.setattr(world.records, "set_circuit", lost)
    trip(world)
    assert world.telemetry.counts == {}


@pytest.fixture
def probing() -> World:
    """Runpod alone, whose circuit is half-open, and job 1001 on its way to try it out."""
    world = World(provider_names=("runpod",))
    trip(world)
    world.clock.pass_time(SHORTEST_S)
    assert world.dispatched().is_probe
    return world


def test_the_first_progress_of_the_probe_closes_the_circuit(probing: World) -> None:
    assert probing.dispatched("2").state == "QUEUED"
    probing.worker_writes_progress(1)
    probing.show_progress("1001", 1)
    assert state(probing) is CLOSED
    assert probing.dispatched("2").state == "DISPATCHED"


def test_the_pictures_of_the_probe_close_the_circuit(probing: World) -> None:
    probing.finish()
    assert state(probing) is CLOSED


def test_the_watchdog_closes_the_circuit_if_the_event_of_the_progress_was_lost(
    probing: World,
) -> None:
    probing.look(20)
    assert state(probing) is OPEN
    probing.worker_begins()
    probing.look(20)
    assert state(probing) is CLOSED


def test_the_pictures_of_a_job_from_before_close_nothing() -> None:
    world = World(provider_names=("runpod",))
    world.dispatched()
    trip(world)
    world.worker_writes_progress(1)
    world.show_progress("1001", 1)
    world.look(20)
    world.finish()
    assert world.record("runpod").circuit.trips == 1


def test_a_probe_that_is_lost_opens_the_circuit_for_longer(probing: World) -> None:
    probing.runpod.jobs["runpod-1"] = "gone"  # type: ignore[assignment]
    probing.look(20)
    circuit = probing.record("runpod").circuit
    assert (circuit.trips, circuit.is_probing) == (2, False)
    assert circuit.open_until == probing.clock() + 2 * SHORTEST_S


def test_a_probe_whose_engine_does_not_start_opens_the_circuit_for_longer(probing: World) -> None:
    probing.worker_writes_error("engine_unavailable")
    probing.deliver("1001", 1)
    assert probing.record("runpod").circuit.trips == 2


def test_workers_whose_engines_do_not_start_open_the_circuit() -> None:
    world = World(slots=5)
    for number in range(FAILURES_TO_OPEN):
        assert world.dispatched(str(number)).provider == "runpod"
        world.worker_writes_error("engine_unavailable", str(number))
        world.deliver(str(number), 1)
        world.run_queue()
        assert world.job(str(number)).provider == "sagemaker"
    assert state(world) is OPEN


def test_a_job_that_fails_by_itself_is_no_failure_of_the_provider() -> None:
    world = World(slots=5)
    for number in range(FAILURES_TO_OPEN):
        world.dispatched(str(number))
        world.worker_writes_error("execution_failed", str(number))
        world.deliver(str(number), 1)
    assert world.record("runpod").circuit == Circuit()


def test_a_probe_that_began_long_ago_does_not_close_a_circuit_that_opened_since(
    probing: World,
) -> None:
    probing.worker_writes_progress(1)
    probing.show_progress("1001", 1)
    assert state(probing) is CLOSED

    trip(probing, "its workers lose jobs")
    probing.look(14.9)  # not yet half-open
    probing.look(0.2)
    probing.finish()
    assert probing.record("runpod").circuit.trips == 1


def test_a_running_probe_does_not_hide_the_failures_of_a_closed_circuit(probing: World) -> None:
    probing.worker_writes_progress(1)
    probing.show_progress("1001", 1)
    probing.circuits.failed("runpod", "why")
    probing.circuits.failed("runpod", "why")
    probing.look(20)
    probing.circuits.failed("runpod", "why")
    assert state(probing) is OPEN


@pytest.mark.parametrize("by", ["its pictures", "the watchdog"])
def test_a_probe_of_an_earlier_outage_does_not_close_the_circuit_for_the_next_one(
    probing: World, by: str
) -> None:
    probing.worker_writes_progress(1)
    probing.show_progress("1001", 1)
    trip(probing, "its workers lose jobs")
    probing.clock.pass_time(SHORTEST_S)
    assert probing.dispatched("2").is_probe
    if by == "its pictures":
        probing.finish("1001")
    else:
        probing.look()

    assert probing.record("runpod").circuit.trips == 1
    assert probing.dispatched("3").state == "QUEUED"


class Breaker(RuleBasedStateMachine):
    """One provider and its circuit, under anything that jobs and rooms may do, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(provider_names=("runpod",), slots=5)
        self.asked = 0
        self.begun: set[str] = set()  # probes, by the name of their slot
        self.probes: list[float] = []  # when they were sent, since the circuit opened
        self.write = self.world.records.set_circuit
        self.world.records.set_circuit = self.set_circuit  # type: ignore[method-assign]
        self.world.runpod.on_submit = self.an_open_circuit_gets_nothing_but_one_probe

    def job_ids(self) -> list[str]:
        return [j.job_id for j in self.world.table.jobs.values() if j.holds_slot]

    @rule(error=st.sampled_from([None, None, ProviderRefused("no"), JobRefused("large")]))
    def a_job_comes(self, error: Any) -> None:
        self.world.runpod.error = error
        self.asked += 1
        self.world.dispatched(str(self.asked), user=str(self.asked))

    @rule(condition=st.sampled_from(ProviderCondition))
    def the_provider_says(self, condition: ProviderCondition) -> None:
        self.world.runpod.state = condition
        self.world.heal_line()
        self.world.run_queue()

    @rule(seconds=st.sampled_from([1.0, 5.0, 20.0, 100.0]))
    def time_passes(self, seconds: float) -> None:
        self.world.clock.pass_time(seconds)

    @rule()
    def the_watchdog_looks(self) -> None:
        self.world.look()

    @precondition(lambda self: self.job_ids())
    @rule(data=st.data())
    def a_worker_begins(self, data: st.DataObject) -> None:
        job = self.world.job(data.draw(st.sampled_from(self.job_ids())))
        if job.is_probe:
            self.begun.add(job.slot_holder)
        self.world.worker_begins(job.job_id, job.attempt)
        self.world.worker_writes_progress(1, job_id=job.job_id, attempt=job.attempt)
        self.world.show_progress(job.job_id, job.attempt)

    @precondition(lambda self: self.job_ids())
    @rule(data=st.data(), kind=st.sampled_from([None, "execution_failed", "engine_unavailable"]))
    def a_worker_ends(self, data: st.DataObject, kind: str | None) -> None:
        job = self.world.job(data.draw(st.sampled_from(self.job_ids())))
        if job.is_probe:
            self.begun.add(job.slot_holder)
        if kind is None:
            self.world.finish(job.job_id)
        else:
            self.world.worker_writes_error(kind, job.job_id, job.attempt)
            self.world.deliver(job.job_id, job.attempt)

    def an_open_circuit_gets_nothing_but_one_probe(self, envelope: Envelope) -> None:
        circuit = self.world.record("runpod").circuit
        is_probe = self.world.job(str(envelope["job_id"])).is_probe
        assert circuit.trips == 0 or (is_probe and circuit.is_probing)
        if is_probe:
            now = self.world.clock()
            assert all(now - sent >= PROBE_S for sent in self.probes)
            self.probes.append(now)

    def set_circuit(self, provider: str, before: Circuit, after: Circuit) -> None:
        """Nothing but the probe that is out closes a circuit, once a worker has begun it."""
        if before.trips and not after.trips:
            assert before.probe in self.begun
        self.write(provider, before, after)
        if after.trips != before.trips:
            self.probes.clear()


TestBreaker = Breaker.TestCase
TestBreaker.settings = settings(max_examples=80, stateful_step_count=30, deadline=None)
