"""Whole jobs against an engine over real sockets.

It is the local one, which walks graphs and paints, or the ComfyUI at COMFYUI_URL.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

import pytest
import requests
from PIL import Image

from gpu_container.worker.comfy.engine import Engine
from gpu_container.worker.result import JobResult
from tests.engine_under_test import PATIENCE_S, engine_under_test, with_its_checkpoint
from tests.worker.conftest import Bench, png
from tests.worker.fake_comfy import graph_of
from tests.worker.process import wait_for


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with engine_under_test(0.01) as made:
        made.start()
        yield made


@pytest.fixture
def mortal_engine(engine: Engine) -> Iterator[Engine]:
    """The same one where it is ours."""
    if engine._command is not None:
        yield engine
    else:
        with engine_under_test(0.01, to_kill=True) as made:
            yield made


@pytest.fixture
def bench(make_bench: Callable[..., Bench], engine: Engine) -> Bench:
    return make_bench(_Kept(engine))


class _Kept:
    """The engine of all tests: one bench does not end it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def stop(self) -> None: ...


class Run:
    """A job on a worker of its own."""

    def __init__(self, bench: Bench, job_id: str) -> None:
        self.bench, self.job_id = bench, job_id
        self.results: list[JobResult] = []
        self.graph = graph(seed=23)
        self.thread = Thread(target=self._run)

    def start(self, graph: dict[str, Any]) -> None:
        """Return when the engine knows the prompt."""
        before = prompts(self.bench.deps.engine)
        self.graph = graph
        self.thread.start()
        wait_for(lambda: prompts(self.bench.deps.engine) > before)

    def cancel(self) -> None:
        self.bench.store.objects[f"jobs/{self.job_id}/1/cancel"] = b""

    def kind(self) -> str | None:
        self.thread.join(PATIENCE_S)
        failure = self.results[0].failure
        return failure and failure.kind.value

    def _run(self) -> None:
        marks = self.bench.marks(self.job_id)
        self.results.append(self.bench.run(graph=self.graph, **marks))


def prompts(engine: Engine) -> int:
    """Count the prompts that wait or run in the engine."""
    queue = requests.get(f"{engine.url}/queue", timeout=5).json()
    return len(queue["queue_running"]) + len(queue["queue_pending"])


def history(engine: Engine) -> set[str]:
    return set(requests.get(f"{engine.url}/history", timeout=5).json())


def graph(seed: int = 1, **sampler: Any) -> dict[str, Any]:
    made = with_its_checkpoint(graph_of("run_txt2img"))
    made["3"]["inputs"] |= {"seed": seed, **sampler}
    return made


def test_a_picture_is_made_and_stored(bench: Bench) -> None:
    result = bench.run(graph=graph(seed=11))

    assert result.failure is None
    (picture,) = bench.store.all("/outputs/")
    with Image.open(io.BytesIO(picture.data)) as image:
        assert image.size == (64, 64)
    assert bench.result_document()["status"] == "succeeded"


def test_progress_comes_with_steps_titles_and_previews(bench: Bench) -> None:
    bench.run(graph=graph(seed=12, steps=30))

    documents = [json.loads(item.data) for item in bench.store.all("progress.json")]
    assert len(documents) > 3
    assert any(document["steps"] == 30 for document in documents)
    assert any(document["node_title"] == "KSampler" for document in documents)
    assert any(document["preview"] for document in documents)


def test_the_same_graph_again_is_cached_and_delivers_again(bench: Bench) -> None:
    made = graph(seed=13)

    first, second = bench.run(graph=made), bench.run(graph=made)

    assert first.outputs[0].sha256 == second.outputs[0].sha256


def test_an_input_image_is_used(bench: Bench) -> None:
    bench.store.inputs["photo"] = png(48, 32, "green")
    made = {
        "1": {"class_type": "LoadImage", "inputs": {"image": "replaced"}},
        "2": {"class_type": "SaveImage", "inputs": {"filename_prefix": "x", "images": ["1", 0]}},
    }
    url = bench.store.input_url("photo")
    entry = {"node": "1", "input": "image", "url": url, "max_bytes": 10_000}

    result = bench.run(graph=made, outputs=["2"], inputs=[entry])

    assert result.failure is None
    (picture,) = bench.store.all("/outputs/")
    with Image.open(io.BytesIO(picture.data)) as image:
        assert (image.size, image.convert("RGB").getpixel((5, 5))) == ((48, 32), (0, 128, 0))


def test_an_unknown_node_is_an_invalid_graph(bench: Bench) -> None:
    made = graph()
    made["3"]["class_type"] = "NoSuchNode"

    result = bench.run(graph=made)

    assert result.failure is not None
    assert (result.failure.kind, result.failure.node.node_id) == ("invalid_graph", "3")


def test_a_run_over_its_time_leaves_the_engine_free_for_the_next(bench: Bench) -> None:
    slow = graph(seed=14, steps=10_000)

    result = bench.run_out_of_time(lambda: bool(bench.store.all("progress.json")), graph=slow)

    assert result.failure is not None
    assert result.failure.kind == "timed_out"
    assert bench.run(graph=graph(seed=15)).failure is None


def test_a_cancelled_run_leaves_the_engine_and_its_neighbour_goes_on(
    make_bench: Callable[..., Bench], engine: Engine
) -> None:
    ours, neighbours = Run(make_bench(_Kept(engine)), "A"), Run(make_bench(_Kept(engine)), "B")
    ours.start(graph(seed=18, steps=10_000))
    neighbours.start(graph(seed=19, steps=30))

    ours.cancel()

    assert ours.kind() == "interrupted"
    assert neighbours.kind() is None


def test_a_cancelled_run_that_waits_leaves_the_queue_and_the_running_one_goes_on(
    make_bench: Callable[..., Bench], engine: Engine
) -> None:
    neighbours, ours = Run(make_bench(_Kept(engine)), "A"), Run(make_bench(_Kept(engine)), "B")
    neighbours.start(graph(seed=20, steps=150))
    ours.start(graph(seed=21))

    ours.cancel()

    assert ours.kind() == "interrupted"
    assert neighbours.results == []  # it still runs
    assert neighbours.kind() is None


def test_a_job_cancelled_before_its_start_leaves_no_trace_in_the_engine(
    bench: Bench, engine: Engine
) -> None:
    before = history(engine)
    bench.store.objects["jobs/A/1/cancel"] = b""

    result = bench.run(graph=graph(seed=22), **bench.marks("A"))

    assert result.failure is not None
    assert result.failure.kind == "interrupted"
    assert history(engine) == before


def test_of_two_runs_of_one_attempt_the_engine_sees_one(
    make_bench: Callable[..., Bench], engine: Engine
) -> None:
    before = history(engine)
    one, other = Run(make_bench(_Kept(engine)), "A"), Run(make_bench(_Kept(engine)), "A")
    one.thread.start()
    other.thread.start()

    assert {one.kind(), other.kind()} == {None}

    statuses = [run.results[0].status for run in (one, other)]
    assert sorted(statuses) == ["duplicate", "succeeded"]
    assert len(history(engine)) == len(before) + 1
    assert len(one.bench.store.all("result.json")) == 1


def test_an_engine_killed_in_a_run_is_reported_and_back_for_the_next(
    make_bench: Callable[..., Bench], mortal_engine: Engine
) -> None:
    engine = mortal_engine
    bench = make_bench(_Kept(engine))
    results: list[JobResult] = []
    slow = graph(seed=16, steps=10_000)
    run = Thread(target=lambda: results.append(bench.run(graph=slow)))
    run.start()
    wait_for(lambda: bool(bench.store.all("progress.json")), PATIENCE_S)
    assert engine._process is not None
    engine._process.kill()
    run.join(10)

    assert results[0].failure is not None
    assert results[0].failure.kind == "engine_unavailable"
    assert bench.run(graph=graph(seed=17)).failure is None
