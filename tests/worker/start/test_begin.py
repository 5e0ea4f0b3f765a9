"""The start of a worker: its order, and its figures."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gpu_container.worker.errors import JobFailed, Kind
from gpu_container.worker.start.timeline import StartTimeline, process_age
from tests.worker.start.conftest import Built, Clock, FakeEngine, FakeRunner, recipes


def test_a_worker_is_ready_once_its_engine_is_and_its_warm_up_has_ended(
    engine: FakeEngine, runner: FakeRunner, clock: Clock, tmp_path: Path
) -> None:
    runner.may_end.clear()
    built = Built(engine, runner, clock, recipes(tmp_path, "one"))

    built.start.begin()
    assert not built.start.is_ready()
    engine.may_answer.set()
    with pytest.raises(JobFailed, match="did not get ready in time"):
        built.start.wait_ready(clock.now + 0.01)
    assert not built.start.is_ready()
    runner.may_end.set()
    built.start.wait_ready()

    assert built.start.is_ready()
    assert len(runner.graphs) == 1
    engine.may_answer.clear()
    assert not built.start.is_ready()  # it died since


@pytest.mark.parametrize("door", ["serve_sagemaker", "serve_runpod"])
def test_nothing_slow_is_imported_before_the_engine_is_started(door: str) -> None:
    """All that a door's module imports comes before the first line of its main."""
    slow = {"requests", "urllib3", "PIL", "runpod", "websocket", "gpu_container.worker.run_job"}
    line = (
        f"import sys, gpu_container.worker.{door}; print([m for m in {slow} if m in sys.modules])"
    )

    found = subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"


def test_the_figures_of_the_start_are_logged_once_and_given_to_every_job(
    engine: FakeEngine,
    runner: FakeRunner,
    clock: Clock,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    built = Built(engine, runner, clock, recipes(tmp_path, "one", "two"))
    assert built.timeline.document()["ready_s"] is None
    engine.may_answer.set()

    with caplog.at_level("INFO"):
        built.start.begin()
        built.start.wait_ready()

    figures = {
        "process_s": 2.0,
        "engine_s": 9.0,
        "models_s": 2.0,
        "warm_up_s": 8.0,
        "ready_s": 19.0,
    }
    assert built.timeline.document() == {**figures, "jobs_before": 1}
    assert built.timeline.document() == {**figures, "jobs_before": 2}
    lines = [line for line in caplog.messages if line.startswith("ready ")]
    assert [json.loads(line.removeprefix("ready ")) for line in lines] == [figures]


def test_without_a_warm_up_there_is_no_figure_for_one(
    engine: FakeEngine, runner: FakeRunner, clock: Clock
) -> None:
    built = Built(engine, runner, clock)
    engine.may_answer.set()
    built.start.begin()
    built.start.wait_ready()

    assert built.timeline.document()["warm_up_s"] is None
    assert runner.graphs == []


def test_an_engine_that_does_not_get_ready_is_told_to_whoever_waits(
    engine: FakeEngine, runner: FakeRunner, clock: Clock
) -> None:
    engine.failure = JobFailed(Kind.ENGINE_UNAVAILABLE, "no GPU found")
    built = Built(engine, runner, clock)
    engine.may_answer.set()
    built.start.begin()

    with pytest.raises(JobFailed, match="no GPU found"):
        built.start.wait_ready()
    assert built.timeline.document()["ready_s"] is None


def test_the_age_of_the_process_is_read_from_the_system(tmp_path: Path) -> None:
    assert 0 < process_age() < 3600
    (tmp_path / "self").mkdir()
    fields = " ".join(["0"] * 19 + ["5000", "0"])
    (tmp_path / "self" / "stat").write_text(f"1 (a (strange) name) {fields}")
    (tmp_path / "uptime").write_text("80.5 1.0")
    assert process_age(tmp_path) == pytest.approx(80.5 - 50.0)  # 100 ticks a second
    assert process_age(tmp_path / "none") == 0


def test_a_stage_in_several_parts_is_added_up(clock: Clock) -> None:
    timeline = StartTimeline(age_s=0, clock=clock)
    for seconds in (1.0, 2.5):
        with timeline.timed("models_s"):
            clock.now += seconds

    assert timeline.document()["models_s"] == 3.5
