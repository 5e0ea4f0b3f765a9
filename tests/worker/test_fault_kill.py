"""kill -9 of a real engine process, while it starts and at the events of a run."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from subprocess import Popen
from threading import Event
from typing import Any

import pytest

from gpu_container.worker.comfy.client import Comfy
from gpu_container.worker.comfy.engine import Engine
from gpu_container.worker.comfy.retry import GraphRunner
from gpu_container.worker.comfy.web_socket import Message, Preview
from gpu_container.worker.job import Job, parse_job
from gpu_container.worker.result import JobResult
from tests.engine_under_test import IS_REAL, PATIENCE_S, engine_under_test
from tests.worker.conftest import IMPATIENT, Bench

SEEDS = count(1)
PATIENCE = replace(IMPATIENT, leave_s=0.2, stuck_s=1.0)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with engine_under_test(0.001, to_kill=True) as made:
        yield made


def kill(engine: Engine) -> None:
    """End the process with SIGKILL. Nobody waits for it here: the worker has to notice."""
    assert engine._process is not None
    engine._process.kill()


class DeadlyRuns:
    """A client during one of whose runs the engine is killed at an event, once."""

    def __init__(self, comfy: Comfy, deadly: Callable[[int, Message], bool], engine: Engine):
        self._comfy, self._deadly, self._engine = comfy, deadly, engine
        self.runs = 0
        self.killed: Popen[str] | None = None

    def run(self, job: Job, graph: Any, *, watch: Callable[..., None], **more: Any) -> Any:
        self.runs += 1
        index = count()

        def see(event: Message | Preview) -> None:
            watch(event)
            if isinstance(event, Message) and self._deadly(next(index), event) and not self.killed:
                self.killed = self._engine._process
                kill(self._engine)

        return self._comfy.run(job, graph, watch=see, **more)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._comfy, name)


class Kept:
    """The engine of all tests: one bench does not end it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def stop(self) -> None: ...


def graph() -> dict[str, Any]:
    """Make a picture that no engine has cached."""
    color = next(SEEDS)
    size = {"width": 32, "height": 32, "batch_size": 1, "color": color}
    return {
        "1": {"class_type": "EmptyImage", "inputs": size},
        "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "x", "images": ["1", 0]}},
    }


def run(
    bench: Bench,
    engine: Engine,
    deadly: Callable[[int, Message], bool],
    wanted: dict[str, Any] | None = None,
) -> tuple[JobResult, DeadlyRuns]:
    """Run a job on the engine; return its result, and what was seen of its graph."""
    comfy: Any = DeadlyRuns(Comfy(engine, patience=PATIENCE), deadly, engine)
    bench.deps = replace(bench.deps, comfy=GraphRunner(comfy, engine))
    return bench.run(graph=wanted or graph()), comfy


def test_a_job_whose_engine_process_is_killed_at_an_event_ends_right_on_a_new_one(
    make_bench: Callable[..., Bench], engine: Engine, counts: Counter[tuple[str, str]]
) -> None:
    """At every event of a real ComfyUI; MortalComfy dies at every one of the stand-in's."""
    for number in count(0, 1 if IS_REAL else 4):
        bench = make_bench(Kept(engine))
        result, comfy = run(bench, engine, lambda index, _, number=number: index == number)
        assert result.failure is None, f"event {number}"
        if comfy.killed is None:  # a job has no such event
            break
        comfy.killed.wait(PATIENCE_S)  # it may have been over before it felt the kill
        assert bench.result_document()["status"] == "succeeded"
        bench.store.stored.clear()
        counts["ComfyUI killed at each event of a job", "right"] += 1
    assert number >= 5


def test_a_job_whose_engine_process_is_killed_once_the_graph_has_succeeded_needs_no_new_one(
    make_bench: Callable[..., Bench], engine: Engine
) -> None:
    bench = make_bench(Kept(engine))

    result, comfy = run(bench, engine, lambda _, event: event.type == "execution_success")

    assert result.failure is None
    assert comfy.runs == 1


def test_a_killed_engine_leaves_what_was_made_within_reach(
    make_bench: Callable[..., Bench], engine: Engine
) -> None:
    """Between the last event and the reading of the file the engine is killed for good."""
    bench = make_bench(Kept(engine))
    comfy = Comfy(engine, patience=IMPATIENT)
    whole = comfy.run

    def run_and_die(*args: Any, **more: Any) -> dict[str, Any]:
        outputs = whole(*args, **more)
        kill(engine)
        return outputs

    comfy.run = run_and_die  # type: ignore[method-assign]
    bench.deps = replace(bench.deps, comfy=GraphRunner(comfy, engine))

    assert bench.run(graph=graph()).failure is None


def ends_with_its_run(
    bench: Bench, engine: Engine, graph_: dict[str, Any], stuck: Callable[[Message], bool]
) -> None:
    """Stop a job once it is `stuck`: the engine is ended with it, and the next job runs."""
    lives: list[int] = []

    def stop(_: int, event: Message) -> bool:
        if not lives and stuck(event):
            lives.append(engine.life)
            bench.stop.set()
        return False

    result, _ = run(bench, engine, stop, graph_)
    assert result.failure is not None
    assert result.failure.kind == "interrupted"
    bench.stop.clear()
    bench.store.stored.clear()
    assert bench.run(graph=graph()).failure is None
    assert [engine.life - 1] == lives


def test_an_engine_process_that_hangs_is_ended_with_its_run_so_that_the_next_job_runs(
    make_bench: Callable[..., Bench], engine: Engine, counts: Counter[tuple[str, str]]
) -> None:
    """Stopped by a signal it heeds nothing, as under a node that keeps the interpreter's lock."""

    def hang(event: Message) -> bool:
        if event.type == "execution_start":
            engine._process.send_signal(signal.SIGSTOP)  # type: ignore[union-attr]
        return event.type == "execution_start"

    ends_with_its_run(make_bench(Kept(engine)), engine, graph(), hang)

    counts["the job after a ComfyUI that hung (SIGSTOP)", "right"] += 1


@pytest.mark.skipif(not IS_REAL, reason="the stand-in's nodes are quick")
def test_a_node_that_heeds_no_interrupt_is_ended_with_its_engine_so_that_the_next_job_runs(
    make_bench: Callable[..., Bench], engine: Engine, counts: Counter[tuple[str, str]]
) -> None:
    """ComfyUI looks for an interrupt between nodes and steps, and this is one long node."""
    size = {"width": 8192, "height": 8192, "batch_size": 1, "color": next(SEEDS)}
    blur = {"image": ["1", 0], "blur_radius": 31, "sigma": 10.0}
    save = {"filename_prefix": "x", "images": ["blur", 0]}
    long = {
        "1": {"class_type": "EmptyImage", "inputs": size},
        "blur": {"class_type": "ImageBlur", "inputs": blur},
        "9": {"class_type": "SaveImage", "inputs": save},
    }

    def blurs(event: Message) -> bool:
        return event.type == "executing" and event.data.get("node") == "blur"

    ends_with_its_run(make_bench(Kept(engine)), engine, long, blurs)

    counts["the job after a node that heeds no interrupt (one long blur)", "right"] += 1


def test_an_engine_process_that_is_killed_while_it_starts_is_started_again(
    bench: Bench, engine: Engine
) -> None:
    engine.start()
    runner = GraphRunner(Comfy(engine, patience=IMPATIENT), engine)
    kill(engine)
    engine._process.wait()  # type: ignore[union-attr]
    engine.start()
    kill(engine)

    job = parse_job(bench.job(graph=graph()))
    deadline = time.monotonic() + PATIENCE_S
    outputs = runner.run(job, job.graph, deadline=deadline, stop=Event(), watch=lambda _: None)
    runner.close()

    assert "9" in outputs
