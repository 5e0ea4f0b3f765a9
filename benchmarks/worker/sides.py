"""The ways to run one graph in one and the same ComfyUI, and how long each takes."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from benchmarks.figures import show
from benchmarks.worker.bare import BareComfy
from benchmarks.worker.graphs import SAVE, Graph, Kind
from benchmarks.worker.process import Program, program

BARE, OURS, OURS_LIKE_THEIRS, THEIRS = "bare", "ours", "ours like theirs", "theirs"


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds of one job: all of it, and the part of it in which ComfyUI ran the graph."""

    whole: float
    inside: float

    @property
    def around(self) -> float:
        """What is not the graph's own time."""
        return self.whole - self.inside


@dataclass(frozen=True, slots=True)
class Sides:
    """Bare ComfyUI, our worker, and worker-comfyui's handler if there is one."""

    bare: BareComfy
    ours: Program
    theirs: Program | None
    store: str
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def names(self) -> tuple[str, ...]:
        """Return the ways there are."""
        return (BARE, OURS, OURS_LIKE_THEIRS, *([THEIRS] if self.theirs else []))

    def graphs(self, kind: Kind, count: int) -> list[Graph]:
        """Make graphs that are like no other, so that none is answered from the cache."""
        return [kind.make(next(self.numbers)) for _ in range(count)]

    def one(self, name: str, kind: Kind) -> Took:
        """Run one job in one of the ways."""
        (graph,) = self.graphs(kind, 1)
        whole = self._run(name, graph)
        return Took(whole, self.bare.inside_last())

    def envelope(self, graph: Graph, *, full: bool = False) -> dict[str, Any]:
        """Return a job for our worker, whose files go to the sink.

        `full`: with all that the service itself puts in.
        """
        target = {"url": self.store, "fields": {"key": "jobs/1/1/${filename}"}}
        more = {
            "cancel_url": f"{self.store}/jobs/1/1/cancel",
            "claim": {"url": f"{self.store}/jobs/1/1/claim", "headers": {"If-None-Match": "*"}},
            "metadata": {"job_id": "1", "workflow": "bench", "options": {"prompt": "a red fox"}},
        }
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
            **(more if full else {}),
        }

    def ours_run(self, jobs: list[dict[str, Any]], at_once: int) -> dict[str, Any]:
        """Run jobs in our worker, so many of them side by side."""
        return self.ours.ask({"jobs": jobs, "at_once": at_once})

    def theirs_run(self, graphs: list[Graph]) -> float:
        """Run graphs in worker-comfyui's handler, one after the other; return the seconds."""
        if self.theirs is None:
            raise ValueError("WORKER_COMFYUI_HANDLER names no handler.py")
        return float(sum(self.theirs.ask({"jobs": graphs})["seconds"]))

    def _run(self, name: str, graph: Graph) -> float:
        if name == BARE:
            return self.bare.run(graph)
        if name == THEIRS:
            return self.theirs_run([graph])
        job = self.envelope(graph) if name == OURS else {"workflow": graph}
        return float(self.ours_run([job], 1)["seconds"][0])


def start(stack: ExitStack, command: str) -> Sides:
    """Start everything; `stack` ends it."""
    store = stack.enter_context(program("benchmarks.worker.store")).line()
    worker = {"COMFYUI_COMMAND": command, "STORE_ORIGINS": store}
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
