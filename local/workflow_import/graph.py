"""Reads an API export of ComfyUI from anywhere, and refuses in one sentence what is none.

A graph that gets through has whole nodes, links that lead somewhere, and no circle: all other
modules of this folder rely on that.
"""

from __future__ import annotations

import heapq
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from distillery.core.recipes.graph import NODE_ID

MAX_BYTES = 8_000_000
MAX_NODES = 2_000
EXPORT = "In ComfyUI, open it and choose File > Export (API), then add that file."
_SHOWN = 60
_PICTURE = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF", b"GIF8")
_WRAPPERS = ("prompt", "workflow", "output", "input")
_LONGEST_NUMBER = 18  # digits; a longer one is a name


class GraphRefused(ValueError):
    """No workflow can be made of this file. The text is one sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Link:
    """An input that another node fills."""

    node_id: str
    output: int


@dataclass(frozen=True, slots=True)
class Node:
    """One node. `title` is what a person sees in ComfyUI, its class where none is set."""

    id: str
    kind: str  # its class_type
    title: str
    inputs: Mapping[str, Any]  # a Link, or the value itself

    @property
    def links(self) -> dict[str, Link]:
        """The inputs that other nodes fill."""
        return {name: held for name, held in self.inputs.items() if isinstance(held, Link)}

    def __str__(self) -> str:
        return f"'{shown(self.title)}' (node {shown(self.id)})"


@dataclass(frozen=True, slots=True)
class Use:
    """One place where a node's output goes."""

    node: Node
    input: str
    output: int


class Graph:
    """The nodes by id, each after all that it needs."""

    def __init__(self, nodes: Mapping[str, Node]) -> None:
        self.nodes = nodes
        self._uses: dict[str, list[Use]] = {node_id: [] for node_id in nodes}
        for node in nodes.values():
            for name, link in node.links.items():
                self._uses[link.node_id].append(Use(node, name, link.output))

    def uses(self, node: Node) -> list[Use]:
        """Return where the node's outputs go."""
        return self._uses[node.id]

    def before(self, starts: Iterable[str]) -> set[str]:
        """Return these ids and those of all nodes that they need."""
        found: set[str] = set()
        waiting = list(starts)
        while waiting:
            node_id = waiting.pop()
            if node_id not in found:
                found.add(node_id)
                waiting += [link.node_id for link in self.nodes[node_id].links.values()]
        return found


def shown(text: str) -> str:
    """Return text from a file as it may be printed: one line, no control characters, not long."""
    line = "".join(char if char.isprintable() else "?" for char in text)
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"


def read_graph(data: bytes) -> tuple[Graph, dict[str, Any]]:
    """Return the graph and the document it was read from. Raises GraphRefused."""
    if len(data) > MAX_BYTES:
        raise GraphRefused(
            f"The file has {len(data) / 1e6:.1f} MB; a graph has at most {MAX_BYTES / 1e6:.0f} MB."
        )
    if data.startswith(_PICTURE):
        raise GraphRefused(f"This is a picture; its graph may be inside. {EXPORT}")
    try:
        text = data.decode("utf-8-sig")
        document = json.loads(
            text, parse_constant=_no_number, parse_int=_whole, parse_float=_decimal
        )
    except UnicodeDecodeError as error:
        raise GraphRefused(f"The file is not JSON: it is not UTF-8 text. {EXPORT}") from error
    except RecursionError as error:
        raise GraphRefused(f"The file is nested too deeply to be a graph. {EXPORT}") from error
    except ValueError as error:
        raise GraphRefused(f"The file is not JSON: {shown(str(error))}. {EXPORT}") from error
    return graph_of(document), document


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number")


def _whole(text: str) -> int:
    _decimal(text)
    return int(text)


def _decimal(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"too great a number, {text}")
    return value


def graph_of(document: object) -> Graph:
    """Return the graph that a JSON document describes. Raises GraphRefused."""
    if not isinstance(document, dict) or not document:
        raise GraphRefused(f"The file holds no nodes: a graph is an object of them. {EXPORT}")
    _refuse_other_formats(document)
    if len(document) > MAX_NODES:
        raise GraphRefused(
            f"The graph has {len(document):,} nodes; at most {MAX_NODES:,} are read."
        )
    nodes = {node_id: _node(node_id, entry) for node_id, entry in document.items()}
    for node in nodes.values():
        _refuse_lost_links(node, nodes)
    return Graph({node_id: nodes[node_id] for node_id in _in_order(nodes)})


def _refuse_other_formats(document: Mapping[str, Any]) -> None:
    if isinstance(document.get("nodes"), list):
        raise GraphRefused(
            f"This is what ComfyUI's page saves for itself, with the places of its boxes. {EXPORT}"
        )
    for key in _WRAPPERS:
        inner = document.get(key)
        if isinstance(inner, dict) and not isinstance(inner.get("class_type"), str):
            raise GraphRefused(
                f"The graph is not the whole file but lies under '{key}'; save only what stands "
                "there as a file of its own, or export it again with File > Export (API)."
            )


def _node(node_id: str, entry: object) -> Node:
    name = f"Node {shown(node_id)}"
    if not NODE_ID.fullmatch(node_id):
        raise GraphRefused(f"{name} has an id that no worker takes. {EXPORT}")
    match entry:
        case {"class_type": str(kind), "inputs": dict(inputs), **rest} if kind:
            pass
        case {"inputs": dict(), **rest} if not rest.get("class_type"):
            raise GraphRefused(f"{name} has no class_type: its custom node was missing. {EXPORT}")
        case _:
            raise GraphRefused(f"{name} is not a node with class_type and inputs. {EXPORT}")
    meta = rest.get("_meta", {})
    if not isinstance(meta, dict):
        raise GraphRefused(f"{name} has a _meta that is no object. {EXPORT}")
    held = {key: _held(name, key, value) for key, value in inputs.items()}
    return Node(node_id, kind, str(meta.get("title", kind)), held)


def _held(name: str, key: str, value: object) -> object:
    if not isinstance(value, list):
        return value
    match value:
        case [str(source), int(output)] if output >= 0 and not isinstance(output, bool):
            return Link(source, output)
    raise GraphRefused(
        f"{name}: input '{shown(key)}' holds {shown(json.dumps(value))}, which is no link such as "
        f'["4", 0]. {EXPORT}'
    )


def _refuse_lost_links(node: Node, nodes: Mapping[str, Node]) -> None:
    for name, link in node.links.items():
        if link.node_id not in nodes:
            raise GraphRefused(
                f"Input '{shown(name)}' of {node} is linked to node {shown(link.node_id)}, which "
                f"is not in the file. {EXPORT}"
            )


def _in_order(nodes: Mapping[str, Node]) -> list[str]:
    """Return the ids, each after those it needs. Raises GraphRefused for a circle."""
    needs = {node_id: {x.node_id for x in node.links.values()} for node_id, node in nodes.items()}
    needed_by: dict[str, list[str]] = {node_id: [] for node_id in nodes}
    for node_id, sources in needs.items():
        for source in sources:
            needed_by[source].append(node_id)
    ready = [(_by_number(node_id), node_id) for node_id in nodes if not needs[node_id]]
    heapq.heapify(ready)
    order: list[str] = []
    while ready:
        _, node_id = heapq.heappop(ready)
        order.append(node_id)
        for user in needed_by[node_id]:
            needs[user].discard(node_id)
            if not needs[user]:
                heapq.heappush(ready, (_by_number(user), user))
    if len(order) < len(nodes):
        raise GraphRefused(
            _circle(nodes, {node_id: sources for node_id, sources in needs.items() if sources})
        )
    return order


def _circle(nodes: Mapping[str, Node], needs: Mapping[str, set[str]]) -> str:
    path = [min(needs, key=_by_number)]
    while path.count(path[-1]) == 1:
        path.append(min((x for x in needs[path[-1]] if x in needs), key=_by_number))
    circle = [str(nodes[node_id]) for node_id in path[path.index(path[-1]) :]]
    named = " from ".join(circle if len(circle) <= 4 else [*circle[:3], "…", circle[-1]])  # noqa: PLR2004
    return f"These nodes need each other in a circle: {named}. Break one of the links in ComfyUI."


def _by_number(node_id: str) -> list[tuple[int, int, str]]:
    """Sort 9 before 10, and the parts of an id of a subgraph ("57:8") one by one."""
    return [
        (0, int(part), "")
        if part.isascii() and part.isdecimal() and len(part) <= _LONGEST_NUMBER
        else (1, 0, part)
        for part in node_id.split(":")
    ]
