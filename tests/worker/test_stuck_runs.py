"""A node that heeds no interrupt holds the engine: ours is ended, somebody else's given up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from threading import Event
from typing import Any

import pytest

from gpu_container.worker.comfy.client import Comfy, Patience
from gpu_container.worker.comfy.engine import Engine
from gpu_container.worker.comfy.retry import GraphRunner
from gpu_container.worker.comfy.stuck import StuckRuns
from gpu_container.worker.errors import JobFailed, Kind
from gpu_container.worker.job import parse_job
from gpu_container.worker.wire import ConnectionLost, Wire
from tests.worker.asked import LONG_S, Asked, Clock
from tests.worker.conftest import Bench
from tests.worker.fake_comfy import FakeComfy
from tests.worker.mortal_comfy import Mortal
from tests.worker.process import wait_for

STUCK_S = 30.0
NEVER = float("inf")
RUN = "00000000-0000-0000-0000-000000000001"


class Ours:
    """An engine process that is only watched."""

    def __init__(self, url: str, *, mortal: bool = True) -> None:
        self.url, self.life, self.mortal = url, 1, mortal
        self.put_down_lives: list[int] = []
        self.was_put_down = Event()

    def is_alive(self) -> bool:
        return True

    def put_down(self, life: int) -> bool:
        self.put_down_lives.append(life)
        self.was_put_down.set()
        return self.mortal


class Watched:
    """A run that has stayed in the engine, and who looks after it."""

    def __init__(self, comfy: FakeComfy, engine: Ours) -> None:
        self.clock, self.engine, self.comfy = Clock(), engine, comfy
        self.told: list[str] = []
        self.has_told = Event()
        self._wire = Wire(lambda: engine.url)
        self.stuck = StuckRuns(
            engine, self._wire, after_s=STUCK_S, give_up=self._tell, clock=self.clock
        )
        comfy.faults.interrupts_lost = NEVER
        comfy._running.add(RUN)
        self.stuck.watch(RUN, engine.life)
        wait_for(lambda: len(comfy.seen.interrupts) >= 2)  # it is told again and again

    def _tell(self, reason: str) -> None:
        self.told.append(reason)
        self.has_told.set()

    def close(self) -> None:
        self.stuck.close()
        self._wire.close()


@pytest.fixture
def watch(comfy: FakeComfy) -> Iterator[Callable[[Ours], Watched]]:
    made: list[Watched] = []

    def begin(engine: Ours) -> Watched:
        made.append(Watched(comfy, engine))
        return made[-1]

    yield begin
    for each in made:
        each.close()
    wait_for(lambda: not is_watching())


def is_watching() -> bool:
    return any(thread.name == "stuck run" for thread in threading.enumerate())


def test_an_engine_of_ours_is_ended_with_a_run_that_stays(
    comfy: FakeComfy, watch: Callable[[Ours], Watched]
) -> None:
    engine = Ours(comfy.url)
    watched = watch(engine)
    watched.clock.now = STUCK_S - 0.1
    seen = len(comfy.seen.interrupts)
    wait_for(lambda: len(comfy.seen.interrupts) > seen)
    assert engine.put_down_lives == []

    watched.clock.now = STUCK_S

    assert engine.was_put_down.wait(LONG_S)
    assert engine.put_down_lives == [1]
    assert watched.stuck.ended_engines == 1
    watched.stuck.check()
    assert watched.told == []


def test_an_engine_that_lets_go_of_its_run_in_the_end_lives_on(
    comfy: FakeComfy, watch: Callable[[Ours], Watched]
) -> None:
    watched = watch(Ours(comfy.url))

    comfy._running.clear()
    wait_for(lambda: not is_watching())

    assert watched.engine.put_down_lives == []


def test_the_engine_that_came_after_a_dead_one_is_not_ended_for_its_run(
    comfy: FakeComfy, watch: Callable[[Ours], Watched]
) -> None:
    watched = watch(Ours(comfy.url))

    watched.engine.life = 2
    watched.clock.now = STUCK_S
    wait_for(lambda: not is_watching())

    assert watched.engine.put_down_lives == []


def test_an_engine_that_does_not_even_answer_is_ended_too(
    comfy: FakeComfy, watch: Callable[[Ours], Watched]
) -> None:
    watched = watch(Ours(comfy.url))
    comfy.faults.hang_http = "/queue"
    assert comfy.seen.hung.wait(LONG_S)

    watched.clock.now = STUCK_S

    assert watched.engine.was_put_down.wait(LONG_S)


def test_somebody_elses_engine_that_holds_a_run_is_given_up(
    comfy: FakeComfy, watch: Callable[[Ours], Watched]
) -> None:
    watched = watch(Ours(comfy.url, mortal=False))

    watched.clock.now = STUCK_S

    assert watched.has_told.wait(LONG_S)
    assert "must restart it" in watched.told[0]
    with pytest.raises(JobFailed) as caught:
        watched.stuck.check()
    assert caught.value.kind is Kind.ENGINE_UNAVAILABLE


def test_somebody_elses_engine_that_is_away_may_come_back_without_the_run(
    comfy: FakeComfy, watch: Callable[[Ours], Watched]
) -> None:
    watched = watch(Ours(comfy.url, mortal=False))
    lost = Event()
    ask = watched.stuck._wires.ask

    def noting(*args: Any) -> Any:
        try:
            return ask(*args)
        except ConnectionLost:
            lost.set()
            raise

    watched.stuck._wires.ask = noting  # type: ignore[method-assign]
    comfy.close()
    assert lost.wait(LONG_S)

    watched.clock.now = STUCK_S

    wait_for(lambda: not is_watching())
    watched.stuck.check()
    assert watched.told == []


def test_nobody_is_watched_once_the_worker_ends(
    comfy: FakeComfy, watch: Callable[[Ours], Watched]
) -> None:
    watched = watch(Ours(comfy.url))

    watched.close()
    watched.clock.now = STUCK_S

    wait_for(lambda: not is_watching())
    assert watched.engine.put_down_lives == []


def test_after_a_run_that_would_not_leave_its_neighbour_and_the_next_job_run(
    two_lives: Mortal, bench: Bench
) -> None:
    patience = Patience(history_every_s=0.1, unreachable_s=0.1, leave_s=0.1, stuck_s=0.3)
    comfy = Comfy(two_lives, patience=patience)
    runner = GraphRunner(comfy, two_lives)
    job = parse_job(bench.job())
    stuck = Asked(runner, job).start()
    wait_for(stuck.has_begun)
    neighbour = Asked(runner, job).start()
    wait_for(lambda: len(two_lives.lives[0].seen.prompts) == 2)
    third = Asked(runner, job).start()

    stuck.stop.set()

    failure = stuck.end().failure
    assert failure is not None
    assert failure.kind is Kind.INTERRUPTED
    assert neighbour.end().outputs
    assert third.end().outputs
    assert two_lives.life == 2
    assert comfy.ended_engines == 1
    runner.close()


class Ended:
    """An engine that is ended so many times because of another's run while ours is in it."""

    def __init__(self, times: int) -> None:
        self.ended_engines, self._times = 0, times

    def run(self, *_: Any, **__: Any) -> dict[str, Any]:
        if self.ended_engines == self._times:
            return {"9": {}}
        self.ended_engines += 1
        raise JobFailed(Kind.ENGINE_UNAVAILABLE, "the engine died during the run")

    def wait_ready(self, *_: object) -> None: ...


def test_a_graph_is_not_blamed_for_an_engine_that_was_ended_for_another(bench: Bench) -> None:
    engine: Any = Ended(times=4)

    asked = Asked(GraphRunner(engine, engine), parse_job(bench.job())).start().end()

    assert asked.outputs == {"9": {}}


def test_the_next_job_on_somebody_elses_engine_that_is_held_goes_to_another_worker(
    comfy: FakeComfy, bench: Bench
) -> None:
    engine = Engine(url=comfy.url)
    told: list[str] = []
    patience = Patience(history_every_s=0.1, leave_s=0.1, stuck_s=0.1)
    client = Comfy(engine, patience=patience, give_up=told.append)
    runner = GraphRunner(client, engine)
    comfy.faults.hang_at, comfy.faults.interrupts_lost = 10, NEVER
    job = parse_job(bench.job())
    stuck = Asked(runner, job).start()
    wait_for(stuck.has_begun)
    waiting = Asked(runner, job).start()

    stuck.stop.set()

    for asked in (waiting.end(), Asked(runner, job).start().end()):
        assert asked.failure is not None
        assert asked.failure.kind is Kind.ENGINE_UNAVAILABLE
        assert "must restart it" in asked.failure.message
    assert len(told) == 1
    runner.close()
