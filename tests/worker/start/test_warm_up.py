"""The warm-up: which graphs are run, how short, and what stops none of the others."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from distillery.core.recipes.recipe import Attachment, OptionKind, Value, fill_graph
from distillery.recipe_files import load_recipes
from gpu_container.worker.errors import JobFailed, Kind
from gpu_container.worker.start.recipe_defaults import left_by_default
from gpu_container.worker.start.warm_up import shortened
from tests.worker.fake_comfy import graph_of
from tests.worker.start.conftest import Built, Clock, FakeEngine, FakeRunner, recipes

ROOT = Path(__file__).parents[3]
RECIPES = load_recipes(ROOT / "workflows")
PICTURE = Attachment("a.png", "https://example.com/a.png", "image/png", 1)


def test_a_recipe_is_run_with_few_steps_at_its_own_size_and_with_a_picture_that_is_there(
    built: Callable[..., Built], runner: FakeRunner
) -> None:
    built(ROOT / "workflows").warm_up.run(Event())

    files = sorted((ROOT / "workflows").glob("*/graph.json"))
    files.sort(key=lambda file: file.parent.name != "sdxl_text_to_image")  # which is the default
    assert len(runner.graphs) == len(files) >= 2
    assert runner.pictures
    for graph, file in zip(runner.graphs, files, strict=True):
        own = json.loads(file.read_text())
        for number, node in graph.items():
            if node["class_type"] == "KSampler":
                assert node["inputs"]["steps"] == 2
            if node["class_type"] == "LoadImage":
                assert node["inputs"]["image"] == "uploaded-warm_up.png"
            if node["class_type"] == "EmptyLatentImage":
                assert node["inputs"]["width"] == own[number]["inputs"]["width"] >= 512


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_a_warm_up_runs_the_nodes_that_a_job_without_any_option_would_run(name: str) -> None:
    recipe = RECIPES[name]
    given: dict[str, Value] = {
        option.name: "a fox" if option.kind is OptionKind.STRING else PICTURE
        for option in recipe.options
        if option.required
    }
    defaults = {
        option.name: option.default for option in recipe.options if option.default is not None
    }
    job = fill_graph(recipe, {**defaults, **given})

    left = left_by_default(recipe.graph, ROOT / "workflows" / name / "manifest.toml")

    assert wiring(left) == wiring(job)
    assert len(left) < len(recipe.graph) or not any(o.bypasses for o in recipe.options)


def wiring(graph: Any) -> dict[str, dict[str, Any]]:
    return {
        node: {name: to for name, to in it["inputs"].items() if isinstance(to, list)}
        for node, it in graph.items()
    }


def test_a_recipe_without_a_manifest_is_run_whole(tmp_path: Path) -> None:
    graph = graph_of("run_txt2img")
    assert left_by_default(graph, tmp_path / "manifest.toml") == graph


def test_a_link_for_steps_stays_a_link() -> None:
    graph = {"1": {"class_type": "KSampler", "inputs": {"steps": ["2", 0]}}}
    assert shortened(graph) == graph


def test_a_warm_up_that_fails_is_logged_and_the_next_recipe_runs(
    built: Callable[..., Built],
    runner: FakeRunner,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "editor.json").write_text('{"nodes": []}')
    runner.failures = [JobFailed(Kind.INVALID_GRAPH, "no such model")]
    nowhere = tmp_path / "nowhere"

    built(nowhere, recipes(tmp_path, "x", "y")).warm_up.run(Event())

    assert len(runner.graphs) == 2
    for text in ("with broken failed", "with editor failed", "with x failed: no such model"):
        assert text in caplog.text
    assert f"no warm-up with {nowhere}: there is no such file or folder" in caplog.text


def test_a_recipe_whose_models_are_not_here_is_passed_over_in_no_time(
    built: Callable[..., Built],
    engine: FakeEngine,
    runner: FakeRunner,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    worker = built(ROOT / "workflows")
    worker.shelf.lacks = {"sd_xl_base_1.0.safetensors", "flux1-schnell-fp8.safetensors"}
    caplog.set_level("INFO")
    engine.may_answer.set()

    worker.start.begin()
    worker.start.wait_ready()

    told = [line for line in caplog.messages if line.startswith("no warm-up with sdxl_text_to_")]
    assert told == ["no warm-up with sdxl_text_to_image: sd_xl_base_1.0.safetensors is not here"]
    run = len(runner.graphs)
    assert 0 < run < len(RECIPES)
    assert worker.timeline.document()["models_s"] == run * 1.0
    assert worker.timeline.document()["warm_up_s"] == run * 4.0


def test_graphs_are_run_in_the_order_in_which_they_are_named(
    built: Callable[..., Built], runner: FakeRunner
) -> None:
    folder = ROOT / "workflows"

    built(folder / "upscale", folder / "sd15_text_to_image" / "graph.json").warm_up.run(Event())

    first, second = runner.graphs
    assert "UpscaleModelLoader" in {node["class_type"] for node in first.values()}
    assert "UpscaleModelLoader" not in {node["class_type"] for node in second.values()}


def test_the_warm_up_ends_with_its_time_or_the_worker(
    built: Callable[..., Built], runner: FakeRunner, tmp_path: Path
) -> None:
    folder = recipes(tmp_path, "a", "b", "c")

    built(folder, limit_s=6).warm_up.run(Event())
    assert len(runner.graphs) == 2  # after four seconds there was still time, after eight none

    stop = Event()
    stop.set()
    built(folder, limit_s=6).warm_up.run(stop)
    assert len(runner.graphs) == 2


def test_a_volume_that_answers_nothing_does_not_hold_up_the_start(
    built: Callable[..., Built], runner: FakeRunner, clock: Clock, tmp_path: Path
) -> None:
    made, answers = built(recipes(tmp_path, "one", "two"), limit_s=6), Event()

    def look(_: object) -> tuple[str, ...]:
        clock.now += 7
        assert answers.wait(60)
        return ()

    made.shelf.missing = look  # type: ignore[method-assign]
    made.warm_up.run(Event())  # returns
    answers.set()

    assert runner.graphs == []


def test_a_recipe_whose_models_are_wrong_is_not_run(
    built: Callable[..., Built], runner: FakeRunner, clock: Clock, tmp_path: Path
) -> None:
    worker = built(recipes(tmp_path, "a") / "a.json")
    worker.shelf.failure = JobFailed(Kind.ENGINE_UNAVAILABLE, "another SHA-256")
    begun = clock.now

    worker.warm_up.run(Event())

    assert worker.shelf.deadlines == [begun + 60]
    assert runner.graphs == []
