"""Before a graph is queued, the models that it names are here: those, and no others."""

from __future__ import annotations

import time as real_time
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from gpu_container.worker.errors import JobFailed, Kind
from gpu_container.worker.models import http_source, verified
from gpu_container.worker.models.declared import S3, Model
from gpu_container.worker.models.ensure import Models
from tests.worker.model_server import CONTENT, ModelServer, Turn, files_in, model_server

NEVER = Event()
FINAL = "checkpoints/a.safetensors"


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server() as place:
        yield place


def graph(**inputs: Any) -> dict[str, Any]:
    return {"4": {"class_type": "Loader", "inputs": inputs, "_meta": {"title": "other.bin"}}}


def soon() -> float:
    return real_time.monotonic() + 60


def failure_of(models: Models, *, deadline: float | None = None, stop: Event = NEVER) -> JobFailed:
    with pytest.raises(JobFailed) as caught:
        models.ensure(graph(name="a.safetensors"), deadline or soon(), stop)
    return caught.value


def test_a_model_that_the_graph_names_is_brought_before_it_runs(
    server: ModelServer, tmp_path: Path
) -> None:
    models = Models([server.model()], [tmp_path], fetch_into=tmp_path)

    models.ensure(graph(ckpt_name="a.safetensors"), soon(), NEVER)
    models.ensure(graph(ckpt_name="a.safetensors"), soon(), NEVER)

    assert (tmp_path / FINAL).read_bytes() == CONTENT
    assert len(server.seen) == 1


def test_a_model_that_no_graph_names_is_not_brought(server: ModelServer, tmp_path: Path) -> None:
    models = Models([server.model()], [tmp_path], fetch_into=tmp_path)

    models.ensure(graph(ckpt_name="b.safetensors", text="a.safetensors, please"), soon(), NEVER)

    assert server.seen == []


def test_a_model_in_any_folder_is_not_brought_again(server: ModelServer, tmp_path: Path) -> None:
    own, mounted = tmp_path / "own", tmp_path / "mounted"
    (mounted / "checkpoints").mkdir(parents=True)
    (mounted / FINAL).write_bytes(CONTENT)

    models = Models([server.model()], [own, mounted], fetch_into=own)
    models.ensure(graph(name="a.safetensors"), soon(), NEVER)

    assert server.seen == []


def test_half_a_file_in_the_own_folder_is_replaced(server: ModelServer, tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / FINAL).write_bytes(CONTENT[:9])

    models = Models([server.model()], [tmp_path], fetch_into=tmp_path)
    models.ensure(graph(name="a.safetensors"), soon(), NEVER)

    assert (tmp_path / FINAL).read_bytes() == CONTENT


@pytest.mark.parametrize("own", [True, False])
def test_half_a_file_that_is_not_ours_to_replace_is_never_loaded(
    server: ModelServer, tmp_path: Path, own: bool
) -> None:
    mounted = tmp_path / "mounted"
    (mounted / "checkpoints").mkdir(parents=True)
    (mounted / FINAL).write_bytes(CONTENT[:9])
    into = tmp_path / "own" if own else None

    failure = failure_of(Models([server.model()], [mounted], fetch_into=into))

    assert failure.kind is Kind.ENGINE_UNAVAILABLE
    assert f"{mounted / FINAL} is not what models.toml declares: 5127 bytes" in failure.message
    assert "distillery models sync" in failure.message
    assert server.seen == []


@pytest.mark.parametrize("own", [True, False])
def test_a_file_of_the_right_size_with_another_content_is_never_loaded(
    server: ModelServer, tmp_path: Path, own: bool
) -> None:
    """In the worker's own folder it is brought anew, elsewhere somebody else has to."""
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / FINAL).write_bytes(CONTENT[::-1])
    models = Models([server.model()], [tmp_path], fetch_into=tmp_path if own else None)

    if own:
        models.ensure(graph(name="a.safetensors"), soon(), NEVER)
        assert (tmp_path / FINAL).read_bytes() == CONTENT
    else:
        for _ in range(2):
            failure = failure_of(models)
            assert failure.kind is Kind.ENGINE_UNAVAILABLE
            assert "is not what models.toml declares: 5127 bytes, SHA-256" in failure.message


def test_which_models_are_missing_is_told_without_bringing_any(
    server: ModelServer, tmp_path: Path
) -> None:
    models = Models([server.model()], [tmp_path], fetch_into=tmp_path)
    (tmp_path / "checkpoints").mkdir()

    assert models.missing(graph(name="a.safetensors")) == (FINAL,)
    (tmp_path / FINAL).write_bytes(CONTENT[:9])
    assert models.missing(graph(name="a.safetensors")) == (FINAL,)
    (tmp_path / FINAL).write_bytes(CONTENT)
    assert models.missing(graph(name="a.safetensors")) == models.missing(graph(name="b")) == ()
    assert server.seen == []


def test_a_prompt_that_is_called_as_a_model_is_neither_brought_nor_missed(
    server: ModelServer, tmp_path: Path
) -> None:
    models = Models([server.model()], [tmp_path], fetch_into=tmp_path)

    models.ensure(graph(text="a.safetensors"), soon(), NEVER)

    assert models.missing(graph(text="a.safetensors")) == ()
    assert server.seen == []


def test_where_no_folder_is_known_no_model_is_missing(server: ModelServer) -> None:
    assert Models([server.model()], []).missing(graph(name="a.safetensors")) == ()


def test_where_nothing_is_brought_a_missing_model_is_comfyui_s_to_name(
    server: ModelServer, tmp_path: Path
) -> None:
    Models([server.model()], [tmp_path]).ensure(graph(name="a.safetensors"), soon(), NEVER)

    assert server.seen == []


def test_a_model_in_a_bucket_is_another_s_to_bring(tmp_path: Path) -> None:
    model = Model("a.safetensors", "checkpoints", S3("models", "a"), "0" * 64, 5, "MIT")

    failure = failure_of(Models([model], [tmp_path], fetch_into=tmp_path))

    assert failure.kind is Kind.ENGINE_UNAVAILABLE
    assert "s3://models/a" in failure.message


def test_a_source_that_refuses_leaves_the_job_to_another_worker(
    server: ModelServer, tmp_path: Path
) -> None:
    server.always = Turn(status=404)

    failure = failure_of(Models([server.model()], [tmp_path], fetch_into=tmp_path))

    assert failure.kind is Kind.ENGINE_UNAVAILABLE
    assert "HTTP 404" in failure.message


def test_a_stop_ends_it_within_one_piece(server: ModelServer, tmp_path: Path) -> None:
    stop = Event()
    stop.set()

    failure = failure_of(Models([server.model()], [tmp_path], fetch_into=tmp_path), stop=stop)

    assert failure.kind is Kind.INTERRUPTED
    assert not (tmp_path / FINAL).exists()


def test_the_deadline_ends_it_and_what_has_arrived_is_kept(
    server: ModelServer, tmp_path: Path
) -> None:
    def clock() -> float:
        return 100.0 if server.seen else 0.0

    late = Models([server.model()], [tmp_path], fetch_into=tmp_path, clock=clock)
    failure = failure_of(late, deadline=50.0)

    assert failure.kind is Kind.ENGINE_UNAVAILABLE  # another worker may have it
    assert any(name.endswith(".part") for name in files_in(tmp_path))
    assert not (tmp_path / FINAL).exists()
    assert not any(name.endswith(".lock") for name in files_in(tmp_path))


@pytest.mark.parametrize("stopped", [True, False])
def test_a_volume_that_answers_nothing_holds_no_job(
    server: ModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stopped: bool
) -> None:
    """A read from it neither ends nor fails, so that nothing can be asked in between."""
    stalled, over, stop = Event(), Event(), Event()

    def stall(*_: object) -> str:
        stalled.set()
        if stopped:
            stop.set()
        over.wait(20)
        return "0" * 64

    def clock() -> float:
        return 100.0 if stalled.is_set() and not stopped else 0.0

    monkeypatch.setattr(verified, "sha256_of", stall)
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / FINAL).write_bytes(CONTENT)
    models = Models([server.model()], [tmp_path], clock=clock)
    begun = real_time.monotonic()

    failure = failure_of(models, deadline=50.0, stop=stop)
    took_s = real_time.monotonic() - begun
    over.set()

    assert failure.kind is (Kind.INTERRUPTED if stopped else Kind.ENGINE_UNAVAILABLE)
    assert took_s < 5


def test_a_pause_between_two_tries_ends_with_the_job(server: ModelServer, tmp_path: Path) -> None:
    server.always = Turn(status=503, headers={"Retry-After": "50"})
    stop = Event()

    def asked_and_stopped() -> float:
        if server.seen:
            stop.set()
        return real_time.monotonic()

    models = Models([server.model()], [tmp_path], fetch_into=tmp_path, clock=asked_and_stopped)

    assert failure_of(models, stop=stop).kind is Kind.INTERRUPTED


def test_a_pause_is_as_long_as_asked_for_and_never_beyond_the_deadline(
    server: ModelServer, tmp_path: Path
) -> None:
    class Recording(Event):
        def wait(self, timeout: float | None = None) -> bool:
            waited.append(timeout)
            return False

    waited: list[float | None] = []
    server.turns = [Turn(status=503, headers={"Retry-After": f"{s}"}) for s in (7, 50)]
    models = Models([server.model()], [tmp_path], fetch_into=tmp_path, clock=lambda: 100.0)

    models.ensure(graph(name="a.safetensors"), 120.0, Recording())

    assert waited == [7.0, 20.0]


def test_the_token_is_shown_to_hugging_face_when_a_worker_asks_there(
    server: ModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_source, "HUGGING_FACE", server.origin)

    models = Models([server.model()], [tmp_path], fetch_into=tmp_path, token="made-up")
    models.ensure(graph(ckpt_name="a.safetensors"), soon(), NEVER)

    assert server.seen[0].headers["Authorization"] == "Bearer made-up"
