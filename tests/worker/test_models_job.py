"""A job and the models that it names: no graph is queued before they are here."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gpu_container.worker.models.ensure import Models
from gpu_container.worker.worker_comfyui.run import run_request
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


@pytest.fixture
def shelf(bench: Bench, server: ModelServer, tmp_path: Path) -> ModelServer:
    """Give the worker one declared model, a.safetensors, and return where it would fetch it."""
    models = Models([server.model()], [tmp_path], fetch_into=tmp_path)
    bench.deps = dataclasses.replace(bench.deps, models=models)
    return server


def graph_with(bench: Bench, kind: str, **inputs: str) -> dict[str, Any]:
    return {**bench.comfy.graph, "20": {"class_type": kind, "inputs": inputs}}


def test_a_prompt_that_is_called_as_a_model_fetches_none(bench: Bench, shelf: ModelServer) -> None:
    graph = graph_with(bench, "CLIPTextEncode", text="a.safetensors")

    bench.run(graph=graph)

    assert shelf.seen == []


def test_what_a_member_wrote_fetches_no_model_wherever_it_stands(
    bench: Bench, shelf: ModelServer
) -> None:
    graph = graph_with(bench, "Custom", said="a.safetensors")

    bench.run(graph=graph, words=[{"node": "20", "input": "said"}])
    assert shelf.seen == []

    bench.run(graph=graph)  # who does not say what a member wrote is taken at their word
    assert len(shelf.seen) == 1


@pytest.mark.parametrize(
    ("kind", "name", "fetched"),
    [("CLIPTextEncode", "text", 0), ("CheckpointLoaderSimple", "ckpt_name", 1)],
)
def test_a_request_of_worker_comfyui_fetches_what_it_loads_but_not_its_prompt(
    bench: Bench, shelf: ModelServer, kind: str, name: str, fetched: int
) -> None:
    payload = {"workflow": graph_with(bench, kind, **{name: "a.safetensors"})}

    run_request(payload, "job-1", bench.deps, bench.stop, timeout_s=20.0)

    assert len(shelf.seen) == fetched
