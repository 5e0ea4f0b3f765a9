"""What the worker adds to ComfyUI's own time, side by side in one run.

Every figure is taken job by job in turns: bare ComfyUI, ours, and worker-comfyui's handler where
WORKER_COMFYUI_HANDLER names its handler.py. COMFYUI_COMMAND starts the engine, as in the container;
without it the local stand-in serves. BENCH_CHECKPOINT names the checkpoint to sample with,
BENCH_LONG_RUN how many jobs are run to see whether memory grows.
"""

from __future__ import annotations

import os
import shlex
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial

from benchmarks.figures import ratio, show, show_load, table
from benchmarks.worker.bare import BareComfy
from benchmarks.worker.graphs import Kind, sampled_image, scaled_image
from benchmarks.worker.ready import show_ready
from benchmarks.worker.sides import BARE, OURS, THEIRS, Sides, Took, start

STAND_IN = (
    f"{shlex.quote(sys.executable)} -m local.engine --port {{port}} --base-dir {{dir}}"
    " --step-seconds 0"
)
_RANDOM_WEIGHTS = "tiny_random.safetensors"
_LONG_RUN = int(os.environ.get("BENCH_LONG_RUN", "200"))
_FETCHED = "bare, pictures fetched"
_AT_ONCE = 4  # jobs that the SageMaker door runs side by side, and that bare ComfyUI has queued

Rounds = Sequence[dict[str, Took]]


def measure() -> None:
    """Print the tables."""
    show_load()
    command = os.environ.get("COMFYUI_COMMAND") or STAND_IN
    show_ready(command)
    with ExitStack() as stack:
        sides = start(stack, command)
        kinds = _kinds(sides.bare)
        _show_added(sides, kinds)
        _show_full_envelope(sides, kinds[0])
        _show_throughput(sides, kinds)
        _show_memory(sides, kinds[0])
    show_load()


def _kinds(bare: BareComfy) -> list[Kind]:
    installed = bare.choices("CheckpointLoaderSimple", "ckpt_name")
    checkpoint = os.environ.get("BENCH_CHECKPOINT", _RANDOM_WEIGHTS)
    if checkpoint not in installed:
        raise SystemExit(f"BENCH_CHECKPOINT={checkpoint} is not one of {', '.join(installed)}")
    show("checkpoint", checkpoint)
    sampled = partial(sampled_image, checkpoint)
    return [
        Kind("EmptyImage to SaveImage, 1", 100, 80, 40, partial(scaled_image, 1)),
        Kind("EmptyImage to SaveImage, 4", 60, 60, 20, partial(scaled_image, 4)),
        Kind("4 steps at 64 px, 1", 20, 12, 6, partial(sampled, 1)),
        Kind("4 steps at 64 px, 4", 10, 8, 4, partial(sampled, 4)),
    ]


def _show_added(sides: Sides, kinds: Sequence[Kind]) -> None:
    rounds = {kind.name: list(_rounds(sides, kind)) for kind in kinds}
    print("\nAdded to bare ComfyUI's time for one job, ms: medians of each round's differences")
    _added_table(sides, rounds, lambda took: took.whole)
    print("\nThe same without the time in which ComfyUI ran the graph, which varies by itself")
    _added_table(sides, rounds, lambda took: took.around)


def _rounds(sides: Sides, kind: Kind) -> Iterator[dict[str, Took]]:
    """Run one job each way, again and again; each way is as often the first as the last."""
    for number in range(-len(sides.names), kind.jobs):
        took = {name: sides.one(name, kind) for name in _in_turn(sides.names, number)}
        if number >= 0:  # the first ones load what the others find loaded
            yield took


def _in_turn(names: Sequence[str], number: int) -> Sequence[str]:
    turn = number % len(names)
    return (*names[turn:], *names[:turn])


def _added_table(sides: Sides, rounds: Mapping[str, Rounds], part: Callable[[Took], float]) -> None:
    others = [name for name in sides.names if name != BARE]
    rows = [["graph, images", "rounds", "bare", *others, "ours / theirs"]]
    for kind, taken in rounds.items():
        bare = statistics.median(part(took[BARE]) for took in taken) * 1000
        added = {
            name: statistics.median(part(took[name]) - part(took[BARE]) for took in taken) * 1000
            for name in others
        }
        ratio = f"{added[OURS] / added[THEIRS]:.2f}" if THEIRS in added else "-"
        cells = [f"{added[name]:+.1f}" for name in others]
        rows.append([kind, str(len(taken)), f"{bare:.1f}", *cells, ratio])
    table(rows)


def _show_full_envelope(sides: Sides, kind: Kind) -> None:
    """Print what the fields add that a job need not have and the service's own jobs have."""
    differences = []
    for _ in range(kind.jobs):
        plain, full = (
            sides.ours_run([sides.envelope(graph, full=full)], 1)["seconds"][0]
            for full, graph in zip((False, True), sides.graphs(kind, 2), strict=True)
        )
        differences.append(full - plain)
    added = statistics.median(differences) * 1000
    show("claim, cancel mark and metadata add to a job of ours", f"{added:+.1f} ms")


def _show_throughput(sides: Sides, kinds: Sequence[Kind]) -> None:
    rows = [
        [
            "graph, images",
            "rounds, jobs",
            BARE,
            _FETCHED,
            OURS,
            "ours / bare",
            "ours / fetched",
            THEIRS,
        ]
    ]
    for kind in kinds:
        ways = _ways(sides, kind)
        rates: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(kind.rounds):
            turn = _in_turn(tuple(ways), number)
            for name in (*turn, *reversed(turn)):  # what drifts is in every way alike
                rates[name].append(_a_minute(ways[name]()))
        cells = [f"{statistics.median(rates[name]):.0f}" for name in ways]
        ratios = [ratio(rates[OURS], rates[name]) for name in (BARE, _FETCHED)]
        theirs = f"{_theirs_a_minute(sides, kind):.0f}" if sides.theirs else "-"
        rows.append([kind.name, f"{kind.rounds}, {kind.in_a_row}", *cells, *ratios, theirs])
    print(
        f"\nJobs a minute back to back, {_AT_ONCE} at once or queued: medians of rows in turns. "
        "Ratios: means of\nthe rounds', two rows each way in each, and twice their standard error"
    )
    table(rows)


def _a_minute(ends: Sequence[float]) -> float:
    """Leave out the way of the first job: how long a job takes is another figure."""
    return (len(ends) - 1) / (ends[-1] - ends[0]) * 60


def _ways(sides: Sides, kind: Kind) -> dict[str, Callable[[], Sequence[float]]]:
    """Return what runs all jobs of a kind and says after how many seconds each had ended."""

    def ours() -> Sequence[float]:
        jobs = [sides.envelope(graph) for graph in sides.graphs(kind, kind.in_a_row)]
        ends: Sequence[float] = sides.ours_run(jobs, _AT_ONCE)["ends"]
        return ends

    def bare(*, fetch: bool) -> Sequence[float]:
        return sides.bare.run_all(sides.graphs(kind, kind.in_a_row), _AT_ONCE, fetch=fetch)

    return {BARE: partial(bare, fetch=False), _FETCHED: partial(bare, fetch=True), OURS: ours}


def _theirs_a_minute(sides: Sides, kind: Kind) -> float:
    """Say how many their handler does, one after the other."""
    return kind.in_a_row / sides.theirs_run(sides.graphs(kind, kind.in_a_row)) * 60


def _show_memory(sides: Sides, kind: Kind) -> None:
    figures = []
    for _ in range(max(1, _LONG_RUN // 100)):
        jobs = [sides.envelope(graph) for graph in sides.graphs(kind, 100)]
        figures.append(sides.ours_run(jobs, _AT_ONCE)["rss_mb"])
    show(
        f"our worker's memory after 100 and after {_LONG_RUN} jobs",
        f"{figures[0]:.0f} MB, {figures[-1]:.0f} MB",
    )
    if sides.theirs is not None:
        rss = sides.theirs.ask({"jobs": []})["rss_mb"]
        show("worker-comfyui's memory after its jobs above", f"{rss:.0f} MB")
