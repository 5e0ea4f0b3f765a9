"""How far the whole graph is, and the thread that tells it without ever delaying the job."""

from __future__ import annotations

import base64
import json
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from threading import Condition, Thread
from typing import Any

from gpu_container.worker.comfy.web_socket import Message, Preview
from gpu_container.worker.errors import JobFailed
from gpu_container.worker.job import Graph, Job
from gpu_container.worker.progress.preview import small_jpeg
from gpu_container.worker.store.upload import Uploader

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How far a run is. `step` of `steps` belongs to the current node, where it counts."""

    percent: float = 0.0
    step: int | None = None
    steps: int | None = None
    node_id: str | None = None
    preview: bytes | None = None


class Tracker:
    """Adds up the events of a run to one percentage that never falls.

    A node weighs 1, a sampler as much as it has steps; a cached node counts as done. Only what the
    outputs depend on is counted, and any other node once it shows up.
    """

    def __init__(self, job: Job) -> None:
        self._graph = job.graph
        self._weights = {node: _weight(job.graph[node]) for node in _needed(job)}
        self._done: dict[str, float] = {}
        self._current: str | None = None
        self._counter: tuple[int, int] | None = None
        self._preview: bytes | None = None
        self._percent = 0.0

    def see(self, event: Message | Preview) -> None:
        """Take one event of the run into account."""
        if isinstance(event, Preview):
            self._preview = event.image
        elif event.type == "execution_cached":
            self._done.update(dict.fromkeys(self._known(event.data.get("nodes") or ()), 1.0))
        elif event.type == "executing":
            self._start(event.data.get("display_node") or event.data.get("node"))
        elif event.type == "progress":
            self._count(event.data.get("node"), event.data)
        elif event.type == "progress_state":
            for state in (event.data.get("nodes") or {}).values():
                self._count(state.get("display_node_id") or state.get("node_id"), state)
        elif event.type == "execution_success":
            self._done.update(dict.fromkeys(self._weights, 1.0))

    def snapshot(self) -> Snapshot:
        """Return the state after the events so far."""
        total = sum(self._weights.values())
        done = sum(self._weights[node] * part for node, part in self._done.items())
        self._percent = max(self._percent, round(100.0 * done / total, 1))
        step, steps = self._counter or (None, None)
        return Snapshot(self._percent, step, steps, self._current, self._preview)

    def _known(self, nodes: Iterable[str]) -> Iterator[str]:
        for node in nodes:
            if node in self._graph:
                self._weights.setdefault(node, _weight(self._graph[node]))
                yield node

    def _start(self, node: str | None) -> None:
        """A node starts, so the one before it is done."""
        if node == self._current:
            return
        if self._current is not None:
            self._done[self._current] = 1.0
        self._current = next(self._known([node] if node else []), None)
        self._counter = None

    def _count(self, node: str | None, state: Mapping[str, Any]) -> None:
        value, most = state.get("value"), state.get("max")
        if not isinstance(value, int | float) or not isinstance(most, int | float) or most <= 0:
            return
        for known in self._known([node] if node else []):
            self._done[known] = max(self._done.get(known, 0.0), min(1.0, value / most))
            if known == self._current and most > 1:
                self._counter = int(value), int(most)


class Reporter:
    """Sends progress.json from a thread of its own, at most once per interval.

    Once `stop` has returned nothing more is sent, so progress never comes after the result. A
    progress file that cannot be stored is let go: the next one says more.
    """

    def __init__(
        self,
        job: Job,
        uploader: Uploader,
        *,
        started: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._job = job
        self._uploader = uploader
        self._started = started
        self._clock = clock
        self._tracker = Tracker(job)
        self._changed = Condition()
        self._news = False
        self._stopped = False
        self._sequence = 0
        self._thread = Thread(target=self._send_all, name="progress", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def see(self, event: Message | Preview) -> None:
        """Take an event and return at once."""
        with self._changed:
            self._tracker.see(event)
            self._news = True
            self._changed.notify()

    def stop(self) -> None:
        """Send nothing more; returns when a file that is on its way has ended."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join()

    def _send_all(self) -> None:
        while (snapshot := self._next()) is not None:
            self._send(snapshot)
            with self._changed:
                interval = self._job.limits.progress_interval_s
                self._changed.wait_for(lambda: self._stopped, timeout=interval)

    def _next(self) -> Snapshot | None:
        with self._changed:
            self._changed.wait_for(lambda: self._news or self._stopped)
            self._news = False
            return None if self._stopped else self._tracker.snapshot()

    def _send(self, snapshot: Snapshot) -> None:
        self._sequence += 1
        document = json.dumps(self._document(snapshot)).encode()
        try:
            self._uploader.post(
                self._job.upload_progress, "progress.json", document, "application/json"
            )
        except JobFailed as error:
            log.warning("progress was not stored: %s", error)

    def _document(self, snapshot: Snapshot) -> dict[str, Any]:
        jpeg = small_jpeg(snapshot.preview) if snapshot.preview else None
        return {
            "version": 1,
            "job_id": self._job.job_id,
            "attempt": self._job.attempt,
            "sequence": self._sequence,
            "percent": snapshot.percent,
            "step": snapshot.step,
            "steps": snapshot.steps,
            "node_id": snapshot.node_id,
            "node_title": self._job.node(snapshot.node_id).title,
            "preview": jpeg
            and {"content_type": "image/jpeg", "base64": base64.b64encode(jpeg).decode()},
            "elapsed_s": round(self._clock() - self._started, 3),
        }


def _weight(node: Mapping[str, Any]) -> int:
    steps = node["inputs"].get("steps")
    return max(1, steps) if isinstance(steps, int) else 1


def _needed(job: Job) -> set[str]:
    """Return the output nodes and everything that they are linked to."""
    found: set[str] = set()
    waiting = list(job.outputs)
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting.extend(_links(job.graph, node))
    return found


def _links(graph: Graph, node: str) -> Iterator[str]:
    """A link is an input of the form [node id, number of its output]."""
    for value in graph[node]["inputs"].values():
        if isinstance(value, list) and len(value) == 2 and str(value[0]) in graph:  # noqa: PLR2004
            yield str(value[0])
