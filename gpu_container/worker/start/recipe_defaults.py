"""What is left of a recipe's graph when nobody sets an option: a warm-up needs no more.

A recipe is graph.json with manifest.toml beside it; docs/workflows.md says what that may hold. Of
it, only what takes nodes out of the graph is read here, and which recipe members get unasked.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from gpu_container.worker.job import Graph
from gpu_container.worker.progress.weights import links


def left_by_default(recipe: Mapping[str, Any], manifest: Path) -> dict[str, Any]:
    """Return a copy of the graph without the nodes that the options' defaults leave out.

    Without a manifest all of it is returned. Raises ValueError or KeyError for one that is wrong.
    """
    graph = deepcopy(dict(recipe))
    if not manifest.is_file():
        return graph
    said = tomllib.loads(manifest.read_text(encoding="utf-8"))
    by_title = {_title(node): node_id for node_id, node in graph.items()}
    for bypass in _bypasses(said):
        through = {int(number): name for number, name in bypass["through"].items()}
        _take_out(graph, by_title[bypass["node"]], through)
    outputs = [by_title[title] for title in said["outputs"]["nodes"]]
    return _reached(graph, [node_id for node_id in outputs if node_id in graph])


def is_default(manifest: Path) -> bool:
    """Say whether this is the recipe that a member gets who names none; False if it says nothing.

    Raises ValueError for a manifest that is no TOML.
    """
    return manifest.is_file() and tomllib.loads(manifest.read_text("utf-8")).get("default") is True


def _bypasses(said: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for option in said.get("options", {}).values():
        value = option.get("default")
        if value is None and option.get("required"):
            continue  # a member always gives it
        for bypass in option.get("bypass", ()):
            unless = bypass.get("unless")
            if value != unless if unless is not None else value == bypass.get("when"):
                yield bypass


def _take_out(graph: dict[str, Any], taken: str, through: Mapping[int, str]) -> None:
    """Link past a node, as Ctrl+B does in ComfyUI; an optional input may lead to nothing."""
    followers = [
        (node["inputs"], name)
        for node_id, node in graph.items()
        for name, source in links(graph, node_id)
        if source == taken
    ]
    passed = graph.pop(taken, {"inputs": {}})["inputs"]
    for inputs, name in followers:
        _, number = inputs.pop(name)
        if (past := passed.get(through[number])) is not None:
            inputs[name] = past


def _reached(graph: Graph, outputs: list[str]) -> dict[str, Any]:
    reached, waiting = set(), list(outputs)
    while waiting:
        node_id = waiting.pop()
        if node_id not in reached:
            reached.add(node_id)
            waiting += [source for _, source in links(graph, node_id)]
    return {node_id: node for node_id, node in graph.items() if node_id in reached}


def _title(node: Mapping[str, Any]) -> str:
    return str(node.get("_meta", {}).get("title", node["class_type"]))
