"""One graph runs and one waits in the engine, and each is tried again where that can help."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from threading import Barrier, Event, Thread
from typing import Any

import pytest

from gpu_container.worker.comfy.client import Comfy, Patience
from gpu_container.worker.comfy.engine import Engine
from gpu_container.worker.comfy.retry import GraphRunner
from gpu_container.worker.comfy.turns import Turns
from gpu_container.worker.comfy.web_socket import Message
from gpu_container.worker.errors import JobFailed, Kind
from gpu_container.worker.job import Job, parse_job
from tests.worker.asked import LONG_S, Asked
from tests.worker.conftest import Bench
from tests.worker.fake_comfy import FakeComfy
from tests.worker.process import wait_for


@pytest.fixture
def runner(comfy: FakeComfy) -> Iterator[GraphRunner]:
    engine = Engine(url=comfy.url)
    patience = Patience(history_every_s=0.1, unreachable_s=0.1, leave_s=0.5)
    made = GraphRunner(Comfy(engine, patience=patience), engine)
    yield made
    made.close()


@pytest.fixture
def ask(runner: GraphRunner, bench: Bench) -> Callable[..., Asked]:
    def make(**more: Any) -> Asked:
        return Asked(runner, parse_job(bench.job()), **more).start()

    return make


def prompt_ids(comfy: FakeComfy) -> list[str]:
    return [prompt["prompt_id"] for prompt in comfy.seen.prompts]


def two(comfy: FakeComfy, ask: Callable[..., Asked]) -> tuple[Asked, Asked]:
    """Have a graph run until it is stopped, and one wait behind it in the engine."""
    comfy.faults.hang_at = 10
    first = ask()
    wait_for(lambda: bool(comfy.seen.prompts))
    second = ask()
    wait_for(lambda: len(comfy.seen.prompts) == 2)
    return first, second


def test_a_third_graph_waits_until_the_first_has_left(
    comfy: FakeComfy, runner: GraphRunner, ask: Callable[..., Asked]
) -> None:
    first, second = two(comfy, ask)
    third = ask()
    assert runner.in_engine == 3
    assert len(comfy.seen.prompts) == 2

    comfy.faults.hang_at = None
    first.stop.set()

    assert second.end().outputs
    assert third.end().outputs
    assert first.end().failure is not None
    assert len(comfy.seen.prompts) == 3
    assert runner.in_engine == 0


def test_each_graph_in_the_engine_has_a_socket_of_its_own_which_later_ones_use_in_turns(
    comfy: FakeComfy, ask: Callable[..., Asked]
) -> None:
    first, second = two(comfy, ask)
    comfy.faults.hang_at = None
    first.stop.set()
    first.end()
    second.end()
    for _ in range(4):
        assert ask().end().outputs

    one, other, *later = [prompt["client_id"] for prompt in comfy.seen.prompts]
    assert one != other
    assert later in ([one, other] * 2, [other, one] * 2)  # what comes over each is read
    assert event_ids(second) <= {prompt_ids(comfy)[1]}  # /history may be quicker


def test_a_job_stopped_while_it_waits_in_the_engine_leaves_its_neighbour_alone(
    comfy: FakeComfy, ask: Callable[..., Asked]
) -> None:
    first, second = two(comfy, ask)

    second.stop.set()

    failure = second.end().failure
    assert failure is not None
    assert failure.kind is Kind.INTERRUPTED
    assert comfy.seen.deletes == prompt_ids(comfy)[1:]
    assert comfy._running == {prompt_ids(comfy)[0]}
    first.stop.set()


class Poisoned:
    """An engine in which one job's graph kills its neighbour's with its own, each time."""

    def __init__(self, killer: str) -> None:
        self.ended_engines = 0
        self._killer = killer
        self._both = Barrier(2, action=self._die)
        self._deaths = 0

    def _die(self) -> None:
        self._deaths += 1

    def run(self, job: Job, *_: Any, **__: Any) -> dict[str, Any]:
        if job.job_id != self._killer and self._deaths == 2:
            return {"9": {}}
        self._both.wait(LONG_S)  # both are in the engine
        raise JobFailed(Kind.ENGINE_UNAVAILABLE, "the engine died during the run")

    def wait_ready(self, *_: object) -> None: ...


def test_a_graph_is_not_blamed_for_an_engine_that_another_one_killed(bench: Bench) -> None:
    engine: Any = Poisoned("killer")
    runner = GraphRunner(engine, engine)

    killer = Asked(runner, parse_job(bench.job(job_id="killer"))).start()
    other = Asked(runner, parse_job(bench.job(job_id="other"))).start()

    failure = killer.end().failure
    assert failure is not None
    assert "tried twice" in failure.message
    assert other.end().outputs == {"9": {}}


class InLine:
    """Somebody who waits for a turn, in a thread of its own, and keeps it until let go."""

    def __init__(self, turns: Turns) -> None:
        self.has_turn, self.may_go = Event(), Event()
        self._turns = turns
        before = len(turns)
        self._thread = Thread(target=self._wait)
        self._thread.start()
        wait_for(lambda: len(turns) > before)

    def _wait(self) -> None:
        with self._turns.take(lambda: None):
            self.has_turn.set()
            self.may_go.wait(LONG_S)

    def leave(self) -> None:
        self.may_go.set()
        self._thread.join(LONG_S)


def test_turns_are_given_in_the_order_of_the_line() -> None:
    turns = Turns(2)
    first, second, third, fourth = (InLine(turns) for _ in range(4))
    assert first.has_turn.wait(LONG_S)
    assert second.has_turn.wait(LONG_S)
    assert not third.has_turn.is_set()

    second.leave()

    assert third.has_turn.wait(LONG_S)
    assert not fourth.has_turn.is_set()
    first.leave()
    assert fourth.has_turn.wait(LONG_S)
    third.leave()
    fourth.leave()


def event_ids(asked: Asked) -> set[str]:
    return {event.data["prompt_id"] for event in asked.events if isinstance(event, Message)}


def test_a_job_told_to_stop_in_line_never_reaches_the_engine_and_holds_up_nobody(
    comfy: FakeComfy, runner: GraphRunner, ask: Callable[..., Asked]
) -> None:
    first, second = two(comfy, ask)
    third, fourth = ask(), ask()

    third.stop.set()
    failure = third.end().failure

    assert failure is not None
    assert failure.kind is Kind.INTERRUPTED
    comfy.faults.hang_at = None
    first.stop.set()
    assert second.end().outputs
    assert fourth.end().outputs
    assert len(comfy.seen.prompts) == 3
    assert comfy.seen.interrupts == prompt_ids(comfy)[:1]


def test_a_full_gpu_is_freed_and_the_graph_runs_once_more(
    comfy: FakeComfy, ask: Callable[..., Asked]
) -> None:
    comfy.faults.full_runs = 1

    asked = ask().end()

    assert asked.outputs
    assert comfy.seen.freed == [{"unload_models": True, "free_memory": True}]
    assert len(set(prompt_ids(comfy))) == 2


def test_each_try_begins_with_the_start_of_a_prompt_of_its_own(
    comfy: FakeComfy, ask: Callable[..., Asked]
) -> None:
    comfy.faults.full_runs = 1

    events = ask().end().events

    starts = [
        event.data["prompt_id"]
        for event in events
        if isinstance(event, Message) and event.type == "execution_start"
    ]
    assert starts == prompt_ids(comfy)


def test_a_gpu_that_is_too_small_is_told_with_what_to_do(
    comfy: FakeComfy, ask: Callable[..., Asked]
) -> None:
    comfy.faults.full_runs = 9

    failure = ask().end().failure

    assert failure is not None
    assert (failure.kind, failure.node.node_id) == (Kind.OUT_OF_MEMORY, "3")
    assert failure.message == (
        "KSampler: the GPU has too little memory for this, also with everything else unloaded; "
        "ask for a smaller size or fewer at once"
    )
    assert len(comfy.seen.prompts) == 2
    assert len(comfy.seen.freed) == 1


def test_a_graph_that_fails_by_itself_is_not_tried_again(
    comfy: FakeComfy, ask: Callable[..., Asked]
) -> None:
    comfy.play("run_execution_error")

    failure = ask().end().failure

    assert failure is not None
    assert failure.kind is Kind.EXECUTION_FAILED
    assert len(comfy.seen.prompts) == 1


def test_an_engine_that_forgot_the_run_is_asked_once_more(
    comfy: FakeComfy, ask: Callable[..., Asked]
) -> None:
    comfy.faults.forget_run = True

    failure = ask().end().failure

    assert failure is not None
    assert failure.kind is Kind.ENGINE_UNAVAILABLE
    assert "tried twice" in failure.message
    assert len(comfy.seen.prompts) == 2


def test_a_job_told_to_stop_ends_while_the_engine_is_given_its_image(
    comfy: FakeComfy, runner: GraphRunner
) -> None:
    comfy.faults.hang_http = "/upload/image"
    stop, failures = Event(), list[JobFailed]()

    def give() -> None:
        with pytest.raises(JobFailed) as caught:
            runner.upload_image("a.png", b"", deadline=time.monotonic() + LONG_S, stop=stop)
        failures.append(caught.value)

    giving = Thread(target=give)
    giving.start()
    assert comfy.seen.hung.wait(LONG_S)

    stop.set()

    giving.join(5)  # far below the time that a hung call is given
    assert [failure.kind for failure in failures] == [Kind.INTERRUPTED]


def test_nothing_is_tried_again_once_the_job_is_to_stop(
    comfy: FakeComfy, ask: Callable[..., Asked]
) -> None:
    comfy.faults.hang_at = 10
    asked = ask()
    wait_for(lambda: bool(comfy.seen.prompts))

    asked.stop.set()

    failure = asked.end().failure
    assert failure is not None
    assert failure.kind is Kind.INTERRUPTED
    assert len(comfy.seen.prompts) == 1
