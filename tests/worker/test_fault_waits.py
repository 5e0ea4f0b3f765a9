"""The fault run, of what only takes long: dripping answers, nodes that never end, neighbours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import get_args

import pytest

from gpu_container.worker.attempt import Attempts
from gpu_container.worker.comfy import http_api
from gpu_container.worker.comfy.client import Comfy
from gpu_container.worker.comfy.engine import Engine
from gpu_container.worker.comfy.retry import GraphRunner
from gpu_container.worker.job import parse_job
from gpu_container.worker.outputs import locate
from gpu_container.worker.store.access import StoreAccess
from tests.worker.asked import Asked
from tests.worker.conftest import Bench
from tests.worker.fake_comfy import EXECUTED, FakeComfy, recording
from tests.worker.fault_run import ON_THE_WIRE, QUICK, FaultRun
from tests.worker.faulty_link import DRIPS, Break, Fate, faulty_link
from tests.worker.loop_thread import LoopThread
from tests.worker.mortal_comfy import Mortal
from tests.worker.process import wait_for
from tests.worker.store import Store

FRAMES = len(recording("run_txt2img")["websocket"])
WORDS = ["POST /upload/image", "POST /prompt", "GET /history", "GET /view"]
FATES = [fate for fate in get_args(Fate) if fate in DRIPS]


@pytest.fixture
def fault_run(make_bench: Callable[..., Bench], counts: Counter[tuple[str, str]]) -> FaultRun:
    return FaultRun(make_bench, counts)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the worker gives a question to the engine, for which no test waits."""
    for module, name in (
        (http_api, "_QUICK_S"),
        (http_api, "_SLOW_S"),
        (locate, "_PATIENCE_S"),
    ):
        monkeypatch.setattr(module, name, 1.0)


@pytest.mark.parametrize("times", [1, 1000], ids=["once", "for good"])
@pytest.mark.parametrize("fate", FATES)
@pytest.mark.parametrize("word", WORDS)
def test_an_engine_whose_answer_drips_does_not_hold_the_job(
    fault_run: FaultRun,
    comfy: FakeComfy,
    loop_thread: LoopThread,
    word: str,
    fate: Fate,
    times: int,
) -> None:
    if word == "GET /history":  # which is asked where the socket did not tell all
        told = [it for it in comfy.events if it.get("text", {}).get("type") != EXECUTED]
        comfy.events = told
    with faulty_link(loop_thread, comfy.url) as link:
        link.breaks = Break(about=word.encode(), fate=fate, times=times)

        result = fault_run.job(
            f"an answer of ComfyUI drips {'once' if times == 1 else 'always'}",
            Engine(url=link.url),
            comfy,
            patience=ON_THE_WIRE,
            timeout_s=9.0 if times == 1 else 2.0,
        )

        assert link.broke
    if times == 1:
        assert result.status == "succeeded"
    elif result.failure is not None:
        assert result.failure.kind in ("engine_unavailable", "timed_out")


@pytest.mark.parametrize("frame", range(FRAMES))
def test_a_frame_that_drips_does_not_hold_the_job(
    fault_run: FaultRun, comfy: FakeComfy, loop_thread: LoopThread, frame: int
) -> None:
    with faulty_link(loop_thread, comfy.url) as link:
        link.breaks = Break(frame, drips=True)

        result = fault_run.job(
            "a frame of the WebSocket drips", Engine(url=link.url), comfy, patience=ON_THE_WIRE
        )

        assert link.broke
    assert result.status == "succeeded"
    assert len(comfy.seen.prompts) == 1


@pytest.mark.parametrize("fate", FATES)
@pytest.mark.parametrize("word", ["/cancel", "/claim"])
def test_a_store_that_drips_when_it_is_asked_whether_a_run_is_wanted_stops_no_job(
    make_bench: Callable[..., Bench],
    store: Store,
    loop_thread: LoopThread,
    counts: Counter[tuple[str, str]],
    word: str,
    fate: Fate,
) -> None:
    bench = make_bench()
    with faulty_link(loop_thread, store.origin) as link:
        access = StoreAccess(frozenset({link.url}))
        attempts = Attempts(access, poll_s=3600, timeout_s=0.2)
        bench.deps = replace(bench.deps, attempts=attempts)
        link.breaks = Break(about=word.encode(), fate=fate, times=1000)
        asked = bench.marks()
        asked["cancel_url"] = asked["cancel_url"].replace(store.origin, link.url)
        asked["claim"]["url"] = asked["claim"]["url"].replace(store.origin, link.url)

        result = bench.run(**asked)

        assert link.broke
    assert result.status == "succeeded"
    counts["the store drips when asked of the attempt", "right"] += 1


def test_a_node_that_heeds_no_interrupt_ends_its_own_job_and_no_other(
    fault_run: FaultRun, two_lives: Mortal, store: Store
) -> None:
    first = two_lives.lives[0]
    fault = "a node heeds no interrupt"

    stuck = fault_run.job(f"{fault}: its job", two_lives, first, timeout_s=1.0)
    assert stuck.failure is not None
    wait_for(lambda: two_lives.life == 2)
    store.stored.clear()
    after = fault_run.job(f"{fault}: the next job", two_lives, two_lives.lives[1])

    assert after.status == "succeeded"


def test_a_job_that_waits_behind_a_neighbour_until_its_time_is_over_may_go_elsewhere(
    fault_run: FaultRun, bench: Bench, comfy: FakeComfy
) -> None:
    engine = Engine(url=comfy.url)
    comfy.faults.hang_at = 10
    neighbours = GraphRunner(Comfy(engine, patience=QUICK), engine)
    neighbour = Asked(neighbours, parse_job(bench.job())).start()
    wait_for(neighbour.has_begun)

    result = fault_run.job("a neighbour has the engine", engine, comfy, timeout_s=1.0)
    neighbour.stop.set()
    neighbour.end()
    neighbours.close()

    assert result.failure is not None
    assert result.failure.kind == "engine_unavailable"
