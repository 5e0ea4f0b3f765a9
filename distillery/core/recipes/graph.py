"""Reads the graph of a recipe: ComfyUI's API export, with its nodes found by title.

Titles are what a person sees and sets in ComfyUI; node ids change with every rearrangement, so no
id is ever written into a manifest or into code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from distillery.core.recipes.recipe import OptionKind, Slot

Graph = Mapping[str, Any]
Problem = Callable[[str, str], None]
"""Takes a field and what is wrong with it."""

NODE_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
"""What the worker takes as the id of a node; the same as in job.schema.json."""
_EXPORT_AGAIN = "in ComfyUI, export with File > Export (API)"
_LITERALS: Mapping[OptionKind, tuple[type, ...]] = {
    OptionKind.STRING: (str,),
    OptionKind.ATTACHMENT: (str,),  # the name of the file
    OptionKind.BOOLEAN: (bool,),
    OptionKind.INTEGER: (int, float),
    OptionKind.NUMBER: (int, float),  # ComfyUI exports 8.0 as 8
}


def within(report: Problem, parent: str) -> Problem:
    """Return a report of problems in a part of what `report` is about."""
    return lambda field, text: report(f"{parent}.{field}" if field else parent, text)


def read_graph(text: str, report: Problem) -> Graph | None:
    """Return the graph, or None after reporting what is wrong with it."""
    try:
        graph = json.loads(text)
    except ValueError as error:
        report("", f"not JSON ({error}); {_EXPORT_AGAIN}")
        return None
    if not isinstance(graph, dict) or not graph:
        report("", f"must be an object of nodes; {_EXPORT_AGAIN}")
        return None
    if isinstance(graph.get("nodes"), list):
        report("", f"this is what ComfyUI saves for its own page; {_EXPORT_AGAIN}")
        return None
    wrong = {node_id: found for node_id in graph if (found := _node_problem(graph, node_id))}
    for node_id, problem in wrong.items():
        report(node_id, f"{problem}; {_EXPORT_AGAIN}")
    return None if wrong else graph


def find_node(graph: Graph, title: str, report: Problem) -> str | None:
    """Return the id of the one node of this title, or None after reporting."""
    ids = [node_id for node_id in graph if _title(graph, node_id) == title]
    if len(ids) == 1:
        return ids[0]
    if ids:
        named = ", ".join(ids)
        report("", f"{len(ids)} nodes are titled '{title}' (ids {named}); rename all but one")
    else:
        titles = ", ".join(sorted({f"'{_title(graph, node_id)}'" for node_id in graph}))
        report("", f"no node titled '{title}'; titles here: {titles}")
    return None


def check_slot(graph: Graph, slot: Slot, kind: OptionKind, report: Problem) -> bool:
    """Tell whether the slot holds a plain value that an option of this kind can replace."""
    inputs = graph[slot.node_id]["inputs"]
    where = f"input '{slot.input}' of node '{_title(graph, slot.node_id)}'"
    if slot.input not in inputs:
        named = ", ".join(name for name in inputs if not isinstance(inputs[name], list)) or "none"
        report("", f"there is no {where}; inputs that can be filled: {named}")
        return False
    held = inputs[slot.input]
    if isinstance(held, list):
        report("", f"{where} is linked to node '{_title(graph, held[0])}'; fill one of that node")
        return False
    if isinstance(held, bool) != (kind is OptionKind.BOOLEAN) or not isinstance(
        held, _LITERALS[kind]
    ):
        report("", f"{where} holds {held!r}, which no option of type {kind} can replace")
        return False
    return True


def _title(graph: Graph, node_id: str) -> str:
    node = graph[node_id]
    return str(node.get("_meta", {}).get("title", node["class_type"]))


def _node_problem(graph: Graph, node_id: str) -> str | None:
    if not NODE_ID.fullmatch(node_id):
        return "an id of a node has A-Z, a-z, 0-9, _ . : and - only (1 to 64)"
    match graph[node_id]:
        case {"class_type": str(), "inputs": dict() as inputs, **rest}:
            if not isinstance(rest.get("_meta", {}), dict):
                return "_meta is no object"
        case _:
            return "not a node with class_type and inputs"
    for name, value in inputs.items():
        if isinstance(value, list) and not _is_link(graph, value):
            return f"input '{name}' is linked to {value}, which is not in this file"
    return None


def _is_link(graph: Graph, value: list[Any]) -> bool:
    match value:
        case [str(source), int(output)]:
            return source in graph and output >= 0
    return False
