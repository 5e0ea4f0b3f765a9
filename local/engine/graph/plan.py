"""Which nodes a prompt must run, in which order, and which earlier results still hold.

A node's signature is made of its class, its values and the signatures of what feeds it: equal
signatures mean an equal result, whatever the node ids are.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from local.engine.nodes.catalogue import NODE_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from local.engine.prompt_queue import Graph

LINK_LENGTH = 2  # a link is [node id, output slot]
FAR = 3  # beyond two links an output's distance no longer counts


def is_link(value: object) -> bool:
    """Return whether an input is a link to another node's output."""
    return isinstance(value, list) and len(value) == LINK_LENGTH and isinstance(value[0], str)


def linked_nodes(graph: Graph, node_id: str) -> list[str]:
    """Return the ids of the nodes that feed a node, in the order of its inputs."""
    return [value[0] for value in graph[node_id]["inputs"].values() if is_link(value)]


def signatures(
    graph: Graph, outputs: Iterable[str], changed: Callable[[str, dict[str, Any]], str]
) -> dict[str, str]:
    """Return the signature of every node that `outputs` need.

    `changed` gives what else a node depends on, such as the content of a file that it reads.
    """
    known: dict[str, str] = {}

    def sign(node_id: str) -> str:
        if node_id not in known:
            node = graph[node_id]
            inputs = {
                name: [sign(value[0]), value[1]] if is_link(value) else value
                for name, value in node["inputs"].items()
            }
            facts = [node["class_type"], changed(node["class_type"], node["inputs"]), inputs]
            text = json.dumps(facts, sort_keys=True)
            known[node_id] = hashlib.sha256(text.encode()).hexdigest()
        return known[node_id]

    for output in outputs:
        sign(output)
    return known


class Plan:
    """The nodes left to run. `take` gives the next and `done` frees those that waited for it."""

    def __init__(
        self, graph: Graph, outputs: Iterable[str], is_cached: Callable[[str], bool]
    ) -> None:
        self._waits_for: dict[str, set[str]] = {}
        self._distance: dict[str, int] = {}
        for output in outputs:
            self._add(graph, output, is_cached)
        for node_id in self._waits_for:
            if NODE_TYPES[graph[node_id]["class_type"]].output_node:
                self._measure(node_id, 0)

    def take(self) -> str | None:
        """Return the next node to run, or None when none is left.

        Outputs come first, then what stands directly before one, then one further back, then the
        order in which the nodes were met: so a picture appears as early as it can.
        """
        ready = [node_id for node_id, waits in self._waits_for.items() if not waits]
        return min(ready, key=lambda node_id: self._distance.get(node_id, FAR), default=None)

    def done(self, node_id: str) -> None:
        """Take a node off the plan."""
        del self._waits_for[node_id]
        for waits in self._waits_for.values():
            waits.discard(node_id)

    def _add(self, graph: Graph, output: str, is_cached: Callable[[str], bool]) -> None:
        stack = [output]
        while stack:
            node_id = stack.pop()
            if node_id in self._waits_for:
                continue
            needed = [each for each in linked_nodes(graph, node_id) if not is_cached(each)]
            self._waits_for[node_id] = set(needed)
            stack.extend(needed)

    def _measure(self, node_id: str, distance: int) -> None:
        if distance >= self._distance.get(node_id, FAR):
            return
        self._distance[node_id] = distance
        for each in self._waits_for[node_id]:
            self._measure(each, distance + 1)
