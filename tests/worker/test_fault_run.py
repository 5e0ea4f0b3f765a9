"""The fault run: every job ends right, or with a reason before its deadline, and exactly once.

`pytest -s` prints how many faults were tried and how their jobs ended.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import get_args

import pytest

from gpu_container.worker.comfy.engine import Engine
from gpu_container.worker.inputs.fetch import Fetcher
from gpu_container.worker.store.access import StoreAccess
from gpu_container.worker.store.upload import Uploader
from tests.worker.conftest import Bench, png
from tests.worker.fake_comfy import FakeComfy, recording
from tests.worker.fault_run import ON_THE_WIRE, FaultRun
from tests.worker.faulty_link import Break, Fate, faulty_link
from tests.worker.loop_thread import LoopThread
from tests.worker.mortal_comfy import Mortal, MortalComfy
from tests.worker.store import Store

FRAMES = len(recording("run_txt2img")["websocket"])
SHORT_RUN = "run_img_no_model"
EVENTS = len(recording(SHORT_RUN)["websocket"]) - 1  # without the greeting of a new socket
UPLOAD_S = 0.25
MOMENTS = [
    "the socket connects",
    "an input is given",
    "the prompt comes",
    "the prompt was taken",
    *[f"event {index}" for index in range(EVENTS)],
    "the history is asked",
]


@pytest.fixture
def fault_run(make_bench: Callable[..., Bench], counts: Counter[tuple[str, str]]) -> FaultRun:
    return FaultRun(make_bench, counts)


@pytest.mark.parametrize("may_return", [True, False], ids=["back", "gone"])
@pytest.mark.parametrize("mid_frame", [False, True], ids=["before", "inside"])
@pytest.mark.parametrize("frame", range(FRAMES))
def test_a_socket_cut_at_any_frame_does_not_lose_the_job(
    fault_run: FaultRun,
    comfy: FakeComfy,
    loop_thread: LoopThread,
    frame: int,
    mid_frame: bool,
    may_return: bool,
) -> None:
    with faulty_link(loop_thread, comfy.url) as link:
        link.breaks = Break(frame, mid_frame, may_return)
        where = "inside" if mid_frame else "before"
        after = "and is back" if may_return else "for good"

        result = fault_run.job(
            f"socket cut {where} a frame {after}",
            Engine(url=link.url),
            comfy,
            patience=ON_THE_WIRE,
        )

        assert link.broke
    if frame or may_return:
        assert result.status == "succeeded"
        assert len(comfy.seen.prompts) == 1
        assert len(set(comfy.seen.connections)) == 1  # the client id survives
    elif result.failure is not None:  # the break may come before the job is handed in
        assert result.failure.kind == "engine_unavailable"


@pytest.fixture
def mortal(loop_thread: LoopThread) -> Iterator[Callable[..., Mortal]]:
    """Make an engine that dies at a moment, in as many of its lives as `deaths`."""
    engines: list[Mortal] = []

    def make(moment: str, *, deaths: int = 1, lives: int = 2) -> Mortal:
        def life(number: int) -> MortalComfy:
            def dies(now: str) -> bool:
                return now == moment and number < deaths

            made = MortalComfy(loop_thread, SHORT_RUN, dies)
            made.files["output//scaled_00001_.png"] = png()
            if moment == "the history is asked":
                made.lose_the_outputs()
            return made

        engines.append(Mortal(loop_thread, life, lives=lives))
        return engines[-1]

    yield make
    for engine in engines:
        engine.close()


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_job_whose_engine_is_killed_ends_right_on_the_engine_that_comes_back(
    fault_run: FaultRun, mortal: Callable[..., Mortal], moment: str
) -> None:
    engine = mortal(moment)

    result = fault_run.job("ComfyUI killed, comes back", engine, engine.lives[0])

    assert len(engine.lives) == 2
    assert result.status == "succeeded"


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_job_that_kills_its_engine_twice_ends_with_a_reason(
    fault_run: FaultRun, mortal: Callable[..., Mortal], moment: str
) -> None:
    engine = mortal(moment, deaths=9, lives=9)

    result = fault_run.job("ComfyUI killed again and again", engine, engine.lives[0])

    assert result.failure is not None
    assert result.failure.kind == "engine_unavailable"
    assert len(engine.lives) == 3  # the last is for the next job


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_job_whose_engine_stays_dead_ends_with_a_reason(
    fault_run: FaultRun, mortal: Callable[..., Mortal], moment: str
) -> None:
    engine = mortal(moment, lives=1)

    result = fault_run.job("ComfyUI killed, stays dead", engine, engine.lives[0])

    assert result.failure is not None
    assert result.failure.kind == "engine_unavailable"


@pytest.mark.parametrize("moment", [*MOMENTS, "a file is read"])
def test_a_job_whose_engine_of_somebody_else_goes_away_ends_with_a_reason(
    fault_run: FaultRun, mortal: Callable[..., Mortal], moment: str
) -> None:
    engine = mortal(moment, lives=1)
    theirs = Engine(url=engine.url, start_s=0.05)

    result = fault_run.job("somebody else's ComfyUI gone", theirs, engine.lives[0])

    assert result.failure is not None
    assert result.failure.kind == "engine_unavailable"


FILES = {"the picture": "/outputs/", "the progress": "progress.json", "the result": "result.json"}


def ends_right(file: str, *, for_good: bool, final: bool = False) -> bool:
    """Progress is a courtesy; all else is tried again where that can help."""
    return file == "the progress" or not (for_good or final)


@pytest.mark.parametrize("for_good", [False, True], ids=["once", "for good"])
@pytest.mark.parametrize("status", [403, 500, 503, 429])
@pytest.mark.parametrize("file", FILES)
def test_a_store_that_refuses_a_file_ends_no_job_without_a_reason(
    fault_run: FaultRun, comfy: FakeComfy, store: Store, file: str, status: int, for_good: bool
) -> None:
    store.answers.queue = {FILES[file]: [status] * (1000 if for_good else 1)}
    often = "always" if for_good else "once"

    result = fault_run.job(f"upload answered {status} {often}", Engine(url=comfy.url), comfy)

    right = ends_right(file, for_good=for_good, final=status == 403)
    assert (result.status == "succeeded") == right


@pytest.mark.parametrize("for_good", [False, True], ids=["once", "for good"])
@pytest.mark.parametrize("fate", get_args(Fate))
@pytest.mark.parametrize("file", FILES)
def test_an_upload_that_breaks_ends_no_job_without_a_reason(
    fault_run: FaultRun,
    comfy: FakeComfy,
    store: Store,
    loop_thread: LoopThread,
    file: str,
    fate: Fate,
    for_good: bool,
) -> None:
    with faulty_link(loop_thread, store.origin) as link:
        store.url = store.url.replace(store.origin, link.url)
        access = StoreAccess(frozenset({link.url}))
        times = 1000 if for_good else 1
        link.breaks = Break(about=FILES[file].encode(), fate=fate, times=times)
        if file == "the progress":  # a job that is over sends none
            comfy.hold_until(link.has_broken)

        result = fault_run.job(
            f"upload {fate} {'always' if for_good else 'once'}",
            Engine(url=comfy.url),
            comfy,
            fetcher=Fetcher(access),
            uploader=Uploader(access, timeout_s=UPLOAD_S, sleep=lambda _: None),
            progress_uploader=Uploader(access, attempts=1, timeout_s=UPLOAD_S),
        )

        assert link.broke
    assert (result.status == "succeeded") == ends_right(file, for_good=for_good)
