"""The start of a worker: its order, its end, its figures, and what it makes of a bad GPU."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any, cast

import pytest

from distillery.core.recipes.recipe import Attachment, OptionKind, Value, fill_graph
from distillery.recipe_files import load_recipes
from gpu_container.worker.comfy.client import Comfy
from gpu_container.worker.comfy.engine import Engine
from gpu_container.worker.comfy.retry import GraphRunner
from gpu_container.worker.errors import JobFailed, Kind, Node
from gpu_container.worker.start.begin import Start
from gpu_container.worker.start.gpu import GpuHealth, missing_gpu
from gpu_container.worker.start.last_call import LastCall
from gpu_container.worker.start.recipe_defaults import left_by_default
from gpu_container.worker.start.timeline import StartTimeline, process_age
from gpu_container.worker.start.warm_up import WarmUp, shortened
from gpu_container.worker.start.watched_runner import WatchedRunner
from tests.worker.fake_comfy import graph_of
from tests.worker.test_job_schema import JOB
from tests.worker.test_progress import job_of

ROOT = Path(__file__).parents[2]
RECIPES = load_recipes(ROOT / "workflows")
PICTURE = Attachment("a.png", "https://example.com/a.png", "image/png", 1)
CUDA = {"type": "cuda", "name": "cuda:0 NVIDIA L4", "vram_total": 24 << 30}


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class FakeEngine:
    """Ready when the test says so."""

    url = "http://127.0.0.1:9"

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.may_answer = Event()
        self.failure: JobFailed | None = None
        self.done: list[str] = []

    def start(self) -> None:
        self.done.append("started")

    def wait_ready(self, deadline: float, stop: Event) -> None:
        assert self.may_answer.wait(5)
        if self.failure:
            raise self.failure
        self._clock.now += 9.0
        self.done.append("ready")

    def is_ready(self) -> bool:
        return self.may_answer.is_set()


class FakeRunner:
    """Notes the graphs it is given; each takes three seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.graphs: list[dict[str, Any]] = []
        self.pictures: list[bytes] = []
        self.may_end = Event()
        self.may_end.set()
        self.failures: list[Exception] = []

    def run(self, job: Any, graph: Any, *, deadline: float, stop: Event, watch: Any) -> Any:
        assert self.may_end.wait(5)
        self.graphs.append(dict(graph))
        self._clock.now += 3.0
        if self.failures:
            raise self.failures.pop(0)
        return {}

    def upload_image(self, name: str, png: bytes) -> str:
        self.pictures.append(png)
        return f"uploaded-{name}"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine(clock: Clock) -> FakeEngine:
    return FakeEngine(clock)


@pytest.fixture
def runner(clock: Clock) -> FakeRunner:
    return FakeRunner(clock)


class FakeShelf:
    """Has all models but those it is told to lack; a look at those of a recipe takes a second."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.lacks: set[str] = set()
        self.failure: JobFailed | None = None
        self.deadlines: list[float] = []

    def missing(self, graph: Any) -> tuple[str, ...]:
        named = {str(value) for node in graph.values() for value in node["inputs"].values()}
        return tuple(sorted(named & self.lacks))

    def ensure(self, graph: Any, deadline: float, stop: Event) -> None:
        self._clock.now += 1.0
        self.deadlines.append(deadline)
        if self.failure:
            raise self.failure


class Built:
    """A start whose warm-up has these graphs."""

    def __init__(
        self,
        engine: FakeEngine,
        runner: FakeRunner,
        clock: Clock,
        *paths: Path,
        limit_s: float = 60,
        **more: Any,
    ) -> None:
        self.timeline = StartTimeline(age_s=2.0, clock=clock)
        self.health = GpuHealth()
        self.shelf = FakeShelf(clock)
        self.warm_up = WarmUp(
            paths, runner, self.shelf, self.timeline, limit_s=limit_s, clock=clock
        )
        self.start = Start(
            cast("Engine", engine), self.health, self.timeline, self.warm_up, clock=clock, **more
        )


def recipes(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / f"{name}.json").write_text(json.dumps(graph_of("run_txt2img")))
    return folder


def test_a_worker_is_ready_once_its_engine_is_and_its_warm_up_has_ended(
    engine: FakeEngine, runner: FakeRunner, clock: Clock, tmp_path: Path
) -> None:
    runner.may_end.clear()
    built = Built(engine, runner, clock, recipes(tmp_path, "one"))

    built.start.begin()
    assert engine.done == ["started"]  # before anything is waited for
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


# The warm-up


@pytest.fixture
def built(engine: FakeEngine, runner: FakeRunner, clock: Clock) -> Callable[..., Built]:
    return lambda *paths, **more: Built(engine, runner, clock, *paths, **more)


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


def test_a_recipe_whose_models_are_wrong_is_not_run(
    built: Callable[..., Built], runner: FakeRunner, clock: Clock, tmp_path: Path
) -> None:
    worker = built(recipes(tmp_path, "a") / "a.json")
    worker.shelf.failure = JobFailed(Kind.ENGINE_UNAVAILABLE, "another SHA-256")
    begun = clock.now

    worker.warm_up.run(Event())

    assert worker.shelf.deadlines == [begun + 60]
    assert runner.graphs == []


# The GPU


@pytest.fixture
def stats() -> Iterator[tuple[str, list[Any]]]:
    """An engine that answers /system_stats with what the list holds."""
    answer: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if answer[0] is not None else 500)
            self.end_headers()
            if self.path == "/system_stats":
                self.wfile.write(json.dumps(answer[0]).encode())

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", answer
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ({"devices": [CUDA]}, None),
        ({"devices": [{"type": "cpu", "vram_total": 8 << 30}]}, "no NVIDIA GPU, only: cpu"),
        ({"devices": [{"type": "cuda", "vram_total": 0}]}, "no NVIDIA GPU, only: cuda"),
        ({"devices": []}, "only: none"),
        ({}, "cannot say"),
        (None, "cannot say"),
    ],
)
def test_the_engine_is_asked_for_its_gpu(
    stats: tuple[str, list[Any]], answer: Any, problem: str | None
) -> None:
    stats[1].append(answer)

    found = missing_gpu(stats[0])

    assert (found is None) if problem is None else (problem in str(found))


@pytest.mark.parametrize(("require", "healthy"), [(True, False), (False, True)])
def test_a_worker_that_needs_a_gpu_and_has_none_never_gets_ready(
    engine: FakeEngine,
    runner: FakeRunner,
    clock: Clock,
    stats: tuple[str, list[Any]],
    require: bool,
    healthy: bool,
) -> None:
    engine.url = stats[0]
    stats[1].append({"devices": [{"type": "cpu", "vram_total": 1}]})
    built = Built(engine, runner, clock, require_gpu=require)
    engine.may_answer.set()
    built.start.begin()

    if healthy:
        built.start.wait_ready()
    else:
        with pytest.raises(JobFailed, match="sees no NVIDIA GPU"):
            built.start.wait_ready()
    assert built.health.is_healthy() is healthy
    assert bool(built.health.reason()) is not healthy


def failed(cause: str, kind: Kind = Kind.EXECUTION_FAILED) -> JobFailed:
    return JobFailed(kind, f"KSampler: {cause}", Node("3", "KSampler", "KSampler"))


@pytest.mark.parametrize(
    "cause",
    [
        "RuntimeError: CUDA error: device-side assert triggered",
        "AcceleratorError: CUDA error: unspecified launch failure",
        "RuntimeError: CUDA error: an illegal memory access was encountered",
        "RuntimeError: cuDNN error: CUDNN_STATUS_EXECUTION_FAILED",
        "RuntimeError: No CUDA GPUs are available",
    ],
)
def test_a_broken_gpu_shows_in_how_a_job_failed(cause: str) -> None:
    health = GpuHealth()
    told = health.note(failed(cause))
    health.give_up("something later")

    assert not health.is_healthy()
    assert cause in health.reason()
    assert told.kind is Kind.ENGINE_UNAVAILABLE  # so another worker gets the job
    assert (told.message, told.node) == (failed(cause).message, failed(cause).node)


@pytest.mark.parametrize(
    "failure",
    [
        failed("ValueError: the prompt 'RuntimeError: CUDA error: x' is too long"),
        failed("RuntimeError: shapes do not fit"),
        failed("RuntimeError: CUDA error: out of memory", Kind.OUT_OF_MEMORY),
    ],
)
def test_what_a_job_causes_or_says_breaks_no_gpu(failure: JobFailed) -> None:
    health = GpuHealth()
    assert health.note(failure) is failure
    assert health.is_healthy()


def test_every_failed_run_is_looked_at_and_still_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise failed("RuntimeError: CUDA error: unspecified launch failure")

    monkeypatch.setattr(GraphRunner, "run", fail)
    health, own = GpuHealth(), Engine(url="http://127.0.0.1:9")
    runner = WatchedRunner(Comfy(own), own, on_failure=health.note)

    with pytest.raises(JobFailed, match="unspecified launch failure") as told:
        runner.run(job_of(JOB["graph"]), {}, deadline=1, stop=Event(), watch=lambda _: None)
    assert told.value.kind is Kind.ENGINE_UNAVAILABLE
    assert not health.is_healthy()


# The end


def test_a_worker_that_hangs_after_sigterm_is_ended_with_its_engine() -> None:
    done: list[object] = []
    left = Event()

    class Hanging:
        def kill(self) -> None:
            done.append("killed")

    def leave(code: int) -> None:
        done.append(code)
        left.set()

    call = LastCall(cast("Engine", Hanging()), after_s=0.001, leave=leave)
    call.ring()
    call.ring()

    assert left.wait(5)
    assert done == ["killed", 143]


def test_a_worker_that_is_told_to_end_still_has_its_time() -> None:
    call = LastCall(Engine(url="http://127.0.0.1:9"), leave=lambda _: pytest.fail("too early"))
    call.ring()

    assert call._timer is not None
    assert call._timer.daemon  # so it keeps no worker that has ended
    assert 0 < call._timer.interval < 30
    call._timer.cancel()
