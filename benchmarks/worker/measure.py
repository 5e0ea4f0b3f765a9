"""What the worker adds to ComfyUI's own time, side by side in one run.

Every figure is taken job by job in turns: bare ComfyUI, ours, and worker-comfyui's handler where
WORKER_COMFYUI_HANDLER names its handler.py. COMFYUI_COMMAND starts the engine, as in the container;
without it the local stand-in serves. BENCH_CHECKPOINT names the checkpoint to sample with,
BENCH_LONG_RUN how many jobs are run to see whether memory grows.
"""

from __future__ import annotations

import itertools
import json
import os
import shlex
import statistics
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from benchmarks.figures import show, show_load, table
from benchmarks.worker.bare import BareComfy
from benchmarks.worker.graphs import SAVE, Graph, Kind, sampled_image, scaled_image
from benchmarks.worker.process import Program, program
from benchmarks.worker.ready import show_ready

STAND_IN = (
    f"{shlex.quote(sys.executable)} -m local.engine --port {{port}} --base-dir {{dir}}"
    " --step-seconds 0"
)
_RANDOM_WEIGHTS = "tiny_random.safetensors"
_LONG_RUN = int(os.environ.get("BENCH_LONG_RUN", "200"))
_IN_A_ROW = 20


@dataclass(frozen=True, slots=True)
class Sides:
    """The three ways to run a graph in one and the same ComfyUI."""

    bare: BareComfy
    ours: Program
    theirs: Program | None
    store: str
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def envelope(self, graph: Graph) -> dict[str, Any]:
        """Return a job for our worker, whose files go to the sink."""
        target = {"url": self.store, "fields": {"key": "jobs/1/1/${filename}"}}
        return {
            "version": 1,
            "job_id": "1",
            "attempt": 1,
            "graph": graph,
            "outputs": [SAVE],
            "inputs": [],
            "upload": dict.fromkeys(("outputs", "progress", "result"), target),
            "limits": {
                "timeout_s": 600,
                "progress_interval_s": 1,
                "max_outputs": 16,
                "max_output_bytes": 1 << 26,
            },
        }


def measure() -> None:
    """Print the tables."""
    show_load()
    command = os.environ.get("COMFYUI_COMMAND") or STAND_IN
    show_ready(command)
    with ExitStack() as stack:
        sides = _start(stack, command)
        kinds = _kinds(sides.bare)
        _show_added(sides, kinds)
        _show_throughput(sides, kinds)
        _show_memory(sides, kinds[0])


def _start(stack: ExitStack, command: str) -> Sides:
    store = stack.enter_context(program("benchmarks.worker.store")).line()
    worker = {"COMFYUI_COMMAND": command, "STORE_ORIGINS": store, "LOG_LEVEL": "WARNING"}
    ours = stack.enter_context(program("benchmarks.worker.ours", environment=worker))
    url = json.loads(ours.line())["url"]
    theirs = None
    if handler := os.environ.get("WORKER_COMFYUI_HANDLER"):
        host = url.partition("://")[2]
        theirs = stack.enter_context(program("benchmarks.worker.theirs", handler, host))
    else:
        show("worker-comfyui", "not measured: WORKER_COMFYUI_HANDLER names no handler.py")
    bare = BareComfy(url)
    stack.callback(bare.close)
    return Sides(bare, ours, theirs, store)


def _kinds(bare: BareComfy) -> list[Kind]:
    installed = bare.choices("CheckpointLoaderSimple", "ckpt_name")
    checkpoint = os.environ.get("BENCH_CHECKPOINT", _RANDOM_WEIGHTS)
    if checkpoint not in installed:
        raise SystemExit(f"BENCH_CHECKPOINT={checkpoint} is not one of {', '.join(installed)}")
    show("checkpoint", checkpoint)
    return [
        Kind(f"{name}, {images}", jobs, partial(make, images))
        for name, jobs, make in (
            ("EmptyImage to SaveImage", 30, scaled_image),
            ("4 steps at 64 px", 10, partial(sampled_image, checkpoint)),
        )
        for images in (1, 4)
    ]


def _show_added(sides: Sides, kinds: Sequence[Kind]) -> None:
    rows = [["graph, images", "bare ms", "ours adds ms", "theirs add ms", "ours / theirs"]]
    for kind in kinds:
        taken: dict[str, list[float]] = {"bare": [], "ours": [], "theirs": []}
        for job in range(kind.jobs + 1):
            times = _one_each(sides, kind)
            if job:  # the first run of a kind loads what the others find loaded
                for side, seconds in times.items():
                    taken[side].append(seconds)
        bare, ours, theirs = (
            statistics.median(taken[side]) * 1000 if taken[side] else None
            for side in ("bare", "ours", "theirs")
        )
        rows.append([kind.name, *_added(bare or 0.0, ours or 0.0, theirs)])
    print("\nAdded to ComfyUI's own time for one job, medians")
    table(rows)


def _added(bare: float, ours: float, theirs: float | None) -> list[str]:
    cells = [f"{bare:.1f}", f"{ours - bare:.1f}"]
    if theirs is None:
        return [*cells, "-", "-"]
    return [*cells, f"{theirs - bare:.1f}", f"{(ours - bare) / (theirs - bare):.2f}"]


def _one_each(sides: Sides, kind: Kind) -> dict[str, float]:
    """Run one job on each side; every one gets a graph of its own, so that none is answered cold
    and another from the cache.
    """
    times = {"bare": sides.bare.run(kind.make(next(sides.numbers)))}
    order = {"jobs": [sides.envelope(kind.make(next(sides.numbers)))], "at_once": 1}
    times["ours"] = sides.ours.ask(order)["seconds"][0]
    if sides.theirs is not None:
        theirs = sides.theirs.ask({"jobs": [kind.make(next(sides.numbers))]})
        times["theirs"] = theirs["seconds"][0]
    return times


def _show_throughput(sides: Sides, kinds: Sequence[Kind]) -> None:
    rows = [["graph, images", "bare jobs/min", "ours", "ours / bare", "theirs"]]
    for kind in kinds:
        many = max(kind.jobs, _IN_A_ROW)
        graphs = [[kind.make(next(sides.numbers)) for _ in range(many)] for _ in range(3)]
        bare = many / sides.bare.run_all(graphs[0]) * 60
        # Two at once: the next job's way in and this one's way out lie beside the engine's work.
        jobs = [sides.envelope(graph) for graph in graphs[1]]
        ours = many / sides.ours.ask({"jobs": jobs, "at_once": 2})["total_s"] * 60
        theirs = "-"
        if sides.theirs is not None:
            theirs = f"{many / sum(sides.theirs.ask({'jobs': graphs[2]})['seconds']) * 60:.0f}"
        rows.append([kind.name, f"{bare:.0f}", f"{ours:.0f}", f"{ours / bare:.2f}", theirs])
    print("\nJobs back to back")
    table(rows)


def _show_memory(sides: Sides, kind: Kind) -> None:
    figures = []
    for _ in range(max(1, _LONG_RUN // 100)):
        jobs = [sides.envelope(kind.make(next(sides.numbers))) for _ in range(100)]
        figures.append(sides.ours.ask({"jobs": jobs, "at_once": 2})["rss_mb"])
    show(
        f"our worker's memory after 100 and after {_LONG_RUN} jobs",
        f"{figures[0]:.0f} MB, {figures[-1]:.0f} MB",
    )
    if sides.theirs is not None:
        rss = sides.theirs.ask({"jobs": []})["rss_mb"]
        show("worker-comfyui's memory after its jobs above", f"{rss:.0f} MB")
