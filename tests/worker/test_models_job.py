"""A job and the models that it names: no graph is queued before they are here."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import pytest

from gpu_container.worker.models.ensure import Models
from tests.worker.conftest import Bench
from tests.worker.model_server import CONTENT, ModelServer, Turn, model_server


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server() as place:
        yield place


@pytest.fixture
def named(bench: Bench, server: ModelServer, tmp_path: Path) -> str:
    """Declare the one checkpoint that the job's graph names, and return its place."""
    (name,) = (
        node["inputs"]["ckpt_name"]
        for node in bench.comfy.graph.values()
        if "ckpt_name" in node["inputs"]
    )
    models = Models([server.model(f"checkpoints/{name}")], [tmp_path], fetch_into=tmp_path)
    bench.deps = dataclasses.replace(bench.deps, models=models)
    return f"checkpoints/{name}"


def test_a_job_brings_what_it_names_and_runs(bench: Bench, named: str, tmp_path: Path) -> None:
    result = bench.run()

    assert result.failure is None
    assert (tmp_path / named).read_bytes() == CONTENT
    assert bench.result_document()["timings"]["models_s"] >= 0


def test_a_job_whose_model_cannot_be_had_is_never_queued(
    bench: Bench, named: str, server: ModelServer
) -> None:
    server.always = Turn(status=403)

    bench.run()

    error = bench.result_document()["error"]
    assert error["kind"] == "engine_unavailable"
    assert error["message"].startswith(f"{named} from {server.origin}")
    assert not bench.comfy.seen.prompts


def test_a_prompt_that_is_called_as_a_model_fetches_none(
    bench: Bench, server: ModelServer, tmp_path: Path
) -> None:
    models = Models([server.model()], [tmp_path], fetch_into=tmp_path)
    bench.deps = dataclasses.replace(bench.deps, models=models)
    graph = deepcopy(bench.comfy.graph)
    graph["6"]["inputs"]["text"] = "a.safetensors"

    bench.run(graph=graph, words=[{"node": "6", "input": "text"}])
    assert server.seen == []

    bench.run(graph=graph)  # who does not say what a member wrote is taken at their word
    assert len(server.seen) == 1
