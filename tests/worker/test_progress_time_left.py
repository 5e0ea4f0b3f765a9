"""The time left: from measured speeds only, never negative, never leaping up."""

from __future__ import annotations

import random
from typing import Any

import pytest

from gpu_container.worker.comfy.web_socket import Message
from gpu_container.worker.progress.tracker import Tracker
from gpu_container.worker.progress.weights import Rates, guess
from tests.worker.fake_comfy import graph_of, recording
from tests.worker.test_progress import job_of

RUNS = ["run_txt2img", "run_cached", "run_img2img", "run_animated_webp", "run_execution_error"]
SECONDS = {"CheckpointLoaderSimple": 4.0, "KSampler": 0.5, "VAEDecode": 0.2}  # KSampler: a step


def text_events(name: str) -> list[Message]:
    events = [event["text"] for event in recording(name)["websocket"] if "text" in event]
    return [Message(event["type"], event["data"]) for event in events]


def timed(name: str) -> list[tuple[float, Message]]:
    """The events of a recorded run, at times that a steady engine would have sent them."""
    graph, now, current, step, events = graph_of(name), 0.0, "", 0.0, []
    for event in text_events(name):
        kind = graph[current]["class_type"] if current else ""
        if event.type == "progress_state" and kind == "KSampler":
            state = event.data["nodes"][current]
            if state["max"] > 1 and state["value"] > step:
                step, now = state["value"], now + SECONDS[kind]
        elif event.type == "executing":
            now += 0.0 if kind == "KSampler" else SECONDS.get(kind, 0.02)
            current = event.data["node"] or ""
        events.append((now, event))
    return events


def etas(tracker: Tracker, events: list[tuple[float, Message]]) -> list[tuple[float, float]]:
    """When a time was told, and which."""
    told = []
    for now, event in events:
        tracker.see(event, now)
        left = tracker.snapshot(now).eta_s
        if left is not None:
            told.append((now, left))
    return told


def test_on_the_first_job_nothing_is_told_before_half_of_what_is_left_is_measured() -> None:
    graph = graph_of("run_txt2img")
    graph["5"]["inputs"] |= {"width": 1024, "height": 1024}
    graph["3"]["inputs"]["steps"] = 20
    tracker = Tracker(job_of(graph))

    tracker.see(Message("execution_start", {}), 0.0)
    for now, node in enumerate(("4", "6", "7", "5", "3")):
        tracker.see(Message("executing", {"node": node}), float(now))
        assert tracker.snapshot(float(now)).eta_s is None
    tracker.see(Message("progress", {"node": "3", "value": 1, "max": 20}), 30.0)
    assert tracker.snapshot(30.0).eta_s is None
    tracker.see(Message("progress", {"node": "3", "value": 2, "max": 20}), 30.5)

    assert tracker.snapshot(30.5).eta_s is not None


def test_the_first_job_learns_from_its_own_steps() -> None:
    graph = graph_of("run_txt2img")
    graph["3"]["inputs"]["steps"] = 1000
    tracker = Tracker(job_of(graph))
    tracker.see(Message("execution_cached", {"nodes": ["4", "5", "6", "7"]}), 0.0)
    tracker.see(Message("executing", {"node": "3"}), 0.0)
    tracker.see(Message("progress", {"node": "3", "value": 1, "max": 1000}), 30.0)
    tracker.see(Message("progress", {"node": "3", "value": 2, "max": 1000}), 30.5)

    left = tracker.snapshot(30.5).eta_s

    assert left is not None
    assert 998 * 0.5 <= left < 1010 * 0.5
    assert tracker.snapshot(31.0).eta_s == pytest.approx(left - 0.5)  # falls with the clock
    assert tracker.snapshot(1e6).eta_s == 0  # and no further than this


@pytest.mark.parametrize("name", ["run_txt2img", "run_img2img", "run_animated_webp"])
def test_on_a_steady_engine_the_second_job_knows_its_end_from_the_beginning(name: str) -> None:
    rates, events = Rates(), timed(name)
    etas(Tracker(job_of(graph_of(name)), rates), events)

    told = etas(Tracker(job_of(graph_of(name)), rates), events)

    assert len(told) > 20
    ends = [now + left for now, left in told]
    assert ends == pytest.approx([events[-1][0]] * len(ends), abs=0.05)


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("seed", range(10))
def test_at_any_timing_it_is_never_negative_and_rises_no_faster_than_the_clock(
    name: str, seed: int
) -> None:
    chance, rates = random.Random(seed), Rates()
    for _ in range(3):  # three jobs on an engine that keeps changing its speed
        now, tracker = 0.0, Tracker(job_of(graph_of(name)), rates)
        last: tuple[float, float] | None = None  # what was measured last, and when
        for event in text_events(name):
            now += chance.choice([0.0, 0.01, 0.3, 5.0])
            tracker.see(event, now)
            left = tracker.snapshot(now).eta_s
            if left is None:
                assert last is None  # once told, it is told to the end
                continue
            assert left >= 0
            assert tracker.snapshot(now + 1).eta_s == pytest.approx(max(0, left - 1))
            measured, at = last or (left, now)
            assert left <= measured + now - at + 1e-9
            if abs(left - max(0.0, measured - (now - at))) > 1e-9 or last is None:
                last = left, now


def test_a_wrong_guess_is_mended_no_faster_than_the_clock() -> None:
    rates, graph = Rates(), graph_of("run_txt2img")
    rates.learn("KSampler", 1.0, 1.0)
    for node in graph:
        rates.learn(graph[node]["class_type"], 1.0, 1.0)
    tracker = Tracker(job_of(graph), rates)
    tracker.see(Message("executing", {"node": "3"}), 0.0)
    first = tracker.snapshot(0.0).eta_s
    assert first is not None

    tracker.see(Message("progress", {"node": "3", "value": 1, "max": 4}), 0.0)
    tracker.see(Message("progress", {"node": "3", "value": 2, "max": 4}), 10.0)

    assert tracker.snapshot(10.0).eta_s == pytest.approx(first + 10.0, abs=1.0)


@pytest.mark.parametrize(
    ("small", "large"),
    [
        ({"width": 512, "height": 512}, {"width": 1024, "height": 1024}),
        ({"width": 512, "batch_size": 1}, {"width": 512, "batch_size": 4}),
    ],
)
def test_the_size_and_the_batch_of_the_latent_weigh(
    small: dict[str, Any], large: dict[str, Any]
) -> None:
    graph, larger = graph_of("run_txt2img"), graph_of("run_txt2img")
    graph["5"]["inputs"] |= small
    larger["5"]["inputs"] |= large

    for node in ("3", "8", "9"):  # sampler, decoder, and the one that saves
        assert guess(larger, node) == pytest.approx(4 * guess(graph, node))


def test_steps_are_found_where_they_are() -> None:
    graph: dict[str, Any] = {
        "1": {"class_type": "SamplerCustomAdvanced", "inputs": {"sigmas": ["2", 0]}},
        "2": {"class_type": "BasicScheduler", "inputs": {"steps": ["3", 0]}},
        "3": {"class_type": "PrimitiveInt", "inputs": {"value": 20}},
        "4": {"class_type": "KSamplerAdvanced", "inputs": {"steps": 20}},
        "5": {
            "class_type": "KSamplerAdvanced",
            "inputs": {"steps": 20, "start_at_step": 15, "end_at_step": 10000},
        },
    }

    assert guess(graph, "1") == pytest.approx(guess(graph, "4"))
    assert guess(graph, "5") == pytest.approx(guess(graph, "4") / 4)
    assert guess(graph, "2") < guess(graph, "1") / 10


def test_a_circle_in_the_graph_does_no_harm() -> None:
    graph: dict[str, Any] = {
        "1": {"class_type": "VAEDecode", "inputs": {"samples": ["2", 0]}},
        "2": {"class_type": "VAEEncode", "inputs": {"pixels": ["1", 0]}},
    }

    assert guess(graph, "1") > 0


def test_what_earlier_jobs_took_is_the_weight_of_the_percentage() -> None:
    rates, graph = Rates(), graph_of("run_txt2img")
    for node in graph:
        class_type = graph[node]["class_type"]
        rates.learn(class_type, guess(graph, node), 90.0 if class_type == "VAEDecode" else 1.0)
    tracker = Tracker(job_of(graph), rates)

    for node in ("4", "6", "7", "5", "3", "8"):
        tracker.see(Message("executing", {"node": node}), 0.0)
    before = tracker.snapshot(0.0).percent
    tracker.see(Message("executing", {"node": "9"}), 0.0)

    assert before < 10
    assert tracker.snapshot(0.0).percent > 90
