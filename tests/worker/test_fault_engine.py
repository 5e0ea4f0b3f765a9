"""The fault run on an engine over real sockets: the local one, or the ComfyUI at COMFYUI_URL."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any, get_args

import pytest

from gpu_container.worker.comfy import http_api
from gpu_container.worker.comfy.client import Comfy, Patience
from gpu_container.worker.comfy.engine import Engine
from gpu_container.worker.comfy.retry import GraphRunner
from gpu_container.worker.outputs import locate
from gpu_container.worker.result import JobResult
from gpu_container.worker.store.access import StoreAccess
from gpu_container.worker.store.upload import Uploader
from tests.engine_under_test import PATIENCE_S, engine_under_test
from tests.worker.conftest import Bench
from tests.worker.faulty_link import Break, Fate, FaultyLink, faulty_link
from tests.worker.loop_thread import LoopThread
from tests.worker.store import Store

PATIENT = Patience(history_every_s=0.3, unreachable_s=5.0)
UPLOAD_S = 0.5
CALL_S = 3.0  # for a call that drips
CALLS = [(http_api, "_QUICK_S"), (http_api, "_SLOW_S"), (locate, "_PATIENCE_S")]
SEEDS = count(1)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with engine_under_test(0.001) as made:
        made.start()
        yield made


class Run:
    """Runs jobs and counts how they ended."""

    def __init__(self, make_bench: Callable[..., Bench], counts: Counter[tuple[str, str]]) -> None:
        self._make_bench = make_bench
        self._counts = counts

    def job(self, fault: str, url: str, link: FaultyLink | None = None, **parts: Any) -> JobResult:
        """Return how the job ended: in time, with one result, or none where none can be stored.

        It counts if the link broke, or if there is none.
        """
        engine = Engine(url=url)
        bench = self._make_bench(engine)
        runner = GraphRunner(Comfy(engine, patience=PATIENT), engine)
        bench.deps = replace(bench.deps, comfy=runner, **parts)
        bench.store.stored.clear()
        begun = time.monotonic()

        result = bench.run(graph=graph())

        assert time.monotonic() - begun < PATIENCE_S
        assert result.failure is None or result.failure.message
        assert len({item.data for item in bench.store.all("result.json")}) == 1
        if result.failure is None:
            assert bench.store.document("result.json") == result.document()
            assert len({item.data for item in bench.store.all("/outputs/")}) == 1
        if link is None or link.broke:
            self._counts[fault, "right" if result.failure is None else "reason"] += 1
        return result


@pytest.fixture
def run(make_bench: Callable[..., Bench], counts: Counter[tuple[str, str]]) -> Run:
    return Run(make_bench, counts)


LAST_FRAMES = 6  # of a socket that has brought no output yet


def graph() -> dict[str, Any]:
    """Make a picture that no engine has cached."""
    size = {"width": 32, "height": 32, "batch_size": 1, "color": next(SEEDS)}
    scale = {"upscale_method": "nearest-exact", "width": 64, "height": 64, "crop": "disabled"}
    return {
        "1": {"class_type": "EmptyImage", "inputs": size},
        "2": {"class_type": "ImageScale", "inputs": {"image": ["1", 0], **scale}},
        "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "x", "images": ["2", 0]}},
    }


FRAME = {
    "the WebSocket cut before a frame, at each frame of a job": {},
    "the WebSocket cut inside a frame, at each frame of a job": {"mid_frame": True},
    "a frame of the WebSocket that drips, at each frame of a job": {"drips": True},
}
CALL = {
    "cut": "a call of ComfyUI cut",
    "answer lost": "a call of ComfyUI answered, and the answer lost",
    "head drips": "an answer of ComfyUI that drips",
    "body drips": "an answer of ComfyUI that drips",
}


@pytest.mark.parametrize("fault", FRAME)
def test_a_socket_that_breaks_at_any_frame_of_a_job_does_not_lose_it(
    run: Run, engine: Engine, loop_thread: LoopThread, fault: str
) -> None:
    for frame in count():
        with faulty_link(loop_thread, engine.url) as link:
            link.breaks = Break(frame, **FRAME[fault])

            result = run.job(fault, link.url, link)

            assert result.failure is None, f"frame {frame}: {result.failure}"
            if not link.broke:  # a job has no such frame
                break
    assert frame >= 8


@pytest.mark.parametrize("word", [b"POST /prompt", b"GET /history", b"GET /view"])
@pytest.mark.parametrize("fate", CALL)
def test_a_call_to_the_engine_that_breaks_does_not_lose_the_job(
    run: Run,
    engine: Engine,
    loop_thread: LoopThread,
    word: bytes,
    fate: Fate,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module, name in CALLS:
        monkeypatch.setattr(module, name, CALL_S)
    with faulty_link(loop_thread, engine.url) as link:
        link.breaks = Break(about=word, fate=fate)
        if word == b"GET /history":  # what a socket that was never cut makes needless
            link.breaks.at_frame = LAST_FRAMES

        result = run.job(CALL[fate], link.url, link)

        assert link.broke
    assert result.failure is None, result.failure


@pytest.mark.parametrize(("status", "right"), [(403, False), (500, True)])
def test_a_store_that_refuses_the_picture_ends_no_job_without_a_reason(
    run: Run, engine: Engine, store: Store, status: int, right: bool
) -> None:
    store.answers.queue = {"/outputs/": [status]}

    result = run.job(f"an upload answered {status}", engine.url)

    assert (result.failure is None) == right


@pytest.mark.parametrize("fate", get_args(Fate))
def test_an_upload_that_breaks_once_is_made_good(
    run: Run, engine: Engine, store: Store, loop_thread: LoopThread, fate: Fate
) -> None:
    with faulty_link(loop_thread, store.origin) as link:
        store.url = store.url.replace(store.origin, link.url)
        access = StoreAccess(frozenset({link.url}))
        link.breaks = Break(about=b"/outputs/", fate=fate)
        uploader = Uploader(access, timeout_s=UPLOAD_S, sleep=lambda _: None)

        fault = "an upload cut, held or dripping, or its answer lost"
        result = run.job(fault, engine.url, link, uploader=uploader)

        assert link.broke
    assert result.failure is None
