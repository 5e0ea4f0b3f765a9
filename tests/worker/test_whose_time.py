"""A job's time runs from when the worker took it. Who used it up is told from its failure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from gpu_container.worker.comfy.client import Comfy, Patience
from gpu_container.worker.comfy.engine import Engine
from gpu_container.worker.comfy.retry import GraphRunner
from gpu_container.worker.errors import JobFailed, Kind
from gpu_container.worker.job import parse_job
from tests.worker.asked import Asked, Clock
from tests.worker.conftest import Bench
from tests.worker.fake_comfy import FakeComfy
from tests.worker.process import wait_for

LIMIT_S = 100.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def runner(comfy: FakeComfy, clock: Clock) -> Iterator[GraphRunner]:
    engine = Engine(url=comfy.url)
    patience = Patience(history_every_s=1.0, unreachable_s=10.0, leave_s=0.5)
    made = GraphRunner(Comfy(engine, patience=patience, clock=clock), engine, clock=clock)
    yield made
    made.close()


@pytest.fixture
def ask(runner: GraphRunner, bench: Bench, clock: Clock) -> Callable[[], Asked]:
    def make() -> Asked:
        """Let a job ask for the engine that has time until LIMIT_S."""
        job = parse_job(bench.job(limits={"timeout_s": LIMIT_S}))
        return Asked(runner, job, LIMIT_S - clock.now, clock).start()

    return make


@pytest.fixture
def first(comfy: FakeComfy, runner: GraphRunner, bench: Bench) -> Iterator[Asked]:
    """A graph that runs until it is stopped, as all do from then on."""
    comfy.faults.hang_at = 10
    job = parse_job(bench.job())
    asked = Asked(runner, job, timeout_s=1e9, clock=lambda: 0.0).start()
    wait_for(asked.has_begun)
    yield asked
    asked.stop.set()
    asked.end()


def failure_of(asked: Asked) -> JobFailed:
    failure = asked.end().failure
    assert failure is not None
    return failure


@pytest.mark.parametrize(
    ("begins_at", "kind", "words"),
    [
        (40.0, Kind.TIMED_OUT, "longer than its limit of 100 s"),
        (60.0, Kind.ENGINE_UNAVAILABLE, "had 40.0 of its 100 s"),
    ],
)
def test_a_graph_is_to_blame_if_it_had_half_of_its_time(
    comfy: FakeComfy,
    first: Asked,
    ask: Callable[[], Asked],
    clock: Clock,
    begins_at: float,
    kind: Kind,
    words: str,
) -> None:
    second = ask()
    wait_for(lambda: len(comfy.seen.prompts) == 2)

    clock.now = begins_at
    first.stop.set()
    wait_for(second.has_begun)
    clock.now = LIMIT_S

    failure = failure_of(second)
    assert failure.kind is kind
    assert words in failure.message


def test_a_graph_that_never_began_in_the_engine_may_begin_elsewhere(
    comfy: FakeComfy, first: Asked, ask: Callable[[], Asked], clock: Clock
) -> None:
    second = ask()
    wait_for(lambda: len(comfy.seen.prompts) == 2)

    clock.now = LIMIT_S

    failure = failure_of(second)
    assert failure.kind is Kind.ENGINE_UNAVAILABLE
    assert "did not begin in 100 s" in failure.message
    assert comfy.seen.deletes == [comfy.seen.prompts[1]["prompt_id"]]
    assert comfy._running == {comfy.seen.prompts[0]["prompt_id"]}


def test_a_job_whose_turn_never_came_may_begin_elsewhere(
    comfy: FakeComfy, first: Asked, ask: Callable[[], Asked], clock: Clock
) -> None:
    second = ask()
    wait_for(lambda: len(comfy.seen.prompts) == 2)
    third = ask()

    clock.now = LIMIT_S

    failure = failure_of(third)
    assert failure.kind is Kind.ENGINE_UNAVAILABLE
    assert "before its graph could run" in failure.message
    failure_of(second)
    assert len(comfy.seen.prompts) == 2


def test_a_graph_whose_events_are_lost_is_seen_to_run_in_the_queue(
    comfy: FakeComfy, ask: Callable[[], Asked], clock: Clock
) -> None:
    comfy.faults.hang_at, comfy.faults.deaf = 10, True
    only = ask()
    wait_for(lambda: bool(comfy._running))
    asked = comfy.seen.history_asked
    clock.now = 2.0  # time to look at the history
    wait_for(lambda: comfy.seen.history_asked > asked)
    clock.now = 4.0  # by then it has looked at the queue too
    wait_for(lambda: comfy.seen.history_asked > asked + 1)

    clock.now = LIMIT_S

    assert failure_of(only).kind is Kind.TIMED_OUT
