"""How far the whole graph is and how long it will take: events in, a snapshot out.

Asks no clock and does no I/O: whoever has an event says when it came.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from gpu_container.worker.comfy.web_socket import Message, Preview
from gpu_container.worker.job import Job
from gpu_container.worker.progress.time_left import Countdown, Pace
from gpu_container.worker.progress.weights import Rates, guess, links


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How far a run is. `step` of `steps` belongs to the current node, where it counts.

    `eta_s` is the time until the graph has ended, None while less than
    half of what is left has been measured.
    """

    percent: float = 0.0
    step: int | None = None
    steps: int | None = None
    node_id: str | None = None
    preview: bytes | None = None
    eta_s: float | None = None


@dataclass(slots=True)
class _Node:
    """One node that counts. `guessed` seconds are by class, `known` ones from earlier jobs."""

    class_type: str
    guessed: float
    known: float | None
    done: float = 0.0
    cached: bool = False
    measured: float | None = None  # seconds of it in this run


class Tracker:
    """Adds up the events of a run to one percentage that never falls, and a time left.

    Only what the outputs depend on is counted, and any other node once it shows up; a cached node
    counts as done.
    """

    def __init__(self, job: Job, rates: Rates | None = None) -> None:
        self._graph = job.graph
        self._rates = rates or Rates()
        self._nodes = {node: self._new(node) for node in _needed(job)}
        self._current: str | None = None
        self._since = 0.0  # when the current node began
        self._pace = Pace()
        self._preview: bytes | None = None
        self._percent = 0.0
        self._countdown = Countdown()
        self._takes: dict[str, Callable[[Mapping[str, Any], float], None]] = {
            "execution_start": self._begin_anew,
            "execution_cached": self._take_cached,
            "executing": self._take_executing,
            "progress": self._take_progress,
            "progress_state": self._take_states,
            "execution_success": self._finish,
        }

    def see(self, event: Message | Preview, now: float) -> None:
        """Take one event of the run into account, which came at `now` seconds."""
        if isinstance(event, Preview):
            self._preview = event.image
        elif (take := self._takes.get(event.type)) is not None:
            take(event.data, now)

    def snapshot(self, now: float) -> Snapshot:
        """Return the state after the events so far."""
        weights = self._weights()
        done = sum(weights[node] * each.done for node, each in self._nodes.items())
        self._percent = max(self._percent, round(100.0 * done / sum(weights.values()), 1))
        step, steps = self._pace.counter
        left = self._countdown.left(now)
        return Snapshot(self._percent, step, steps, self._current, self._preview, left)

    def _begin_anew(self, _: Mapping[str, Any], __: float) -> None:
        """The engine begins the graph: for the first time, or again after it died."""
        for each in self._nodes.values():
            each.done, each.cached = 0.0, False
        self._current, self._pace = None, Pace()

    def _take_cached(self, data: Mapping[str, Any], _: float) -> None:
        for node in self._known(data.get("nodes") or ()):
            self._nodes[node].done, self._nodes[node].cached = 1.0, True

    def _take_executing(self, data: Mapping[str, Any], now: float) -> None:
        self._move_on(data.get("display_node") or data.get("node"), now)

    def _take_progress(self, data: Mapping[str, Any], now: float) -> None:
        self._count(data.get("node"), data, now)

    def _take_states(self, data: Mapping[str, Any], now: float) -> None:
        states = data.get("nodes")
        for state in states.values() if isinstance(states, dict) else ():
            self._count(state.get("display_node_id") or state.get("node_id"), state, now)

    def _finish(self, _: Mapping[str, Any], now: float) -> None:
        self._move_on(None, now)
        for each in self._nodes.values():
            each.done = 1.0

    def _known(self, nodes: Iterable[str]) -> Iterator[str]:
        for node in nodes:
            if isinstance(node, str) and node in self._graph:
                if node not in self._nodes:
                    self._nodes[node] = self._new(node)
                yield node

    def _new(self, node: str) -> _Node:
        class_type, guessed = str(self._graph[node]["class_type"]), guess(self._graph, node)
        return _Node(class_type, guessed, self._rates.seconds(class_type, guessed))

    def _move_on(self, node: str | None, now: float) -> None:
        """A node starts, so the one before it is done."""
        if node == self._current:
            return
        if self._current is not None:
            self._measure(self._nodes[self._current], now)
        self._current = next(self._known([node] if node else []), None)
        self._since, self._pace = now, Pace()
        self._countdown.measure(self._left(), now)

    def _measure(self, ended: _Node, now: float) -> None:
        """Learn from a node that has ended; where it counted, without the time before it did."""
        ended.done = 1.0
        counted = self._pace.whole
        ended.measured = now - self._since if counted is None else counted
        self._rates.learn(ended.class_type, ended.guessed, ended.measured)

    def _count(self, node: str | None, state: Mapping[str, Any], now: float) -> None:
        value, most = state.get("value"), state.get("max")
        if not isinstance(value, int | float) or not isinstance(most, int | float):
            return
        if not 0 <= value < inf or not 0 < most < inf:  # a custom node may say anything
            return
        for known in self._known([node] if node else []):
            each = self._nodes[known]
            each.done = max(each.done, min(1.0, value / most))
            if known == self._current and most > 1 and self._pace.count(value, most, now):
                self._countdown.measure(self._left(), now)

    def _weights(self) -> dict[str, float]:
        """Return what each node counts: the seconds it took before, else in proportion to them."""
        known = [(each.known, each.guessed) for each in self._nodes.values() if each.known]
        took, guessed = sum(pair[0] for pair in known), sum(pair[1] for pair in known)
        scale = took / guessed if known else 1.0
        return {node: each.known or each.guessed * scale for node, each in self._nodes.items()}

    def _left(self) -> float | None:
        """Return the seconds until the end of the graph, if enough of them are measured to say."""
        left = work_left = unmeasured_left = seconds_measured = work_measured = 0.0
        for node, each in self._nodes.items():
            part, seconds = 1.0 - each.done, self._seconds(node, each)
            if seconds is None:
                unmeasured_left += each.guessed * part
            elif not each.cached:
                left += seconds * part
                work_left += each.guessed * part
                work_measured += each.guessed
                seconds_measured += seconds
        if work_measured == 0 or unmeasured_left > work_left:
            return None
        return left + unmeasured_left * seconds_measured / work_measured

    def _seconds(self, node: str, each: _Node) -> float | None:
        """Return what all of a node takes: by its speed now, by this run, or by earlier ones."""
        pace = self._pace.whole if node == self._current else None
        return next((s for s in (pace, each.measured, each.known) if s is not None), None)


def _needed(job: Job) -> set[str]:
    """Return the output nodes and everything that they are linked to."""
    found: set[str] = set()
    waiting = list(job.outputs)
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting.extend(to for _, to in links(job.graph, node))
    return found
