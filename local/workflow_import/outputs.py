"""Finds the nodes whose files members get."""

from __future__ import annotations

import re

from local.workflow_import.definitions import Definitions
from local.workflow_import.finding import Notes
from local.workflow_import.graph import Graph, GraphRefused, Node

_SAVES = re.compile(r"save|preview|videocombine|video_combine", re.IGNORECASE)
_PREVIEW = re.compile(r"preview|^show", re.IGNORECASE)
_NOT_FOR_MEMBERS = frozenset(
    {"CheckpointSave", "CLIPSave", "VAESave", "ModelSave", "SaveLatent", "LoraSave", "SaveLoRANode"}
    | {"ImageOnlyCheckpointSave", "LossGraphNode"}
)


def find_outputs(
    graph: Graph, definitions: Definitions, notes: Notes
) -> tuple[tuple[str, ...], frozenset[str]]:
    """Return the ids of the outputs that members get, and those of all nodes that run.

    Raises GraphRefused when nothing is saved.
    """
    ends = [node for node in graph.nodes.values() if _is_output(node, definitions)]
    shown = [node for node in ends if node.kind not in _NOT_FOR_MEMBERS]
    if not shown:
        shown = ends = _unknown_ends(graph, definitions)
        for node in shown:
            notes.settle(
                f"{node} is taken for an output, as nothing follows it",
                f"its class {node.kind} is not known; check with --comfyui-url, or change outputs",
            )
    if not shown:
        raise GraphRefused(
            "No node saves anything: add Save Image (or Save Video) and export again."
        )
    chosen = [node for node in shown if not _PREVIEW.search(node.kind)]
    if chosen and len(chosen) < len(shown):
        left = ", ".join(str(node) for node in shown if node not in chosen)
        notes.decide(f"Members do not get the previews: {left}.")
    if not chosen:
        notes.decide("Only previews show a result, so members get those.")
    chosen = chosen or shown
    if len(chosen) > 1:
        named = ", ".join(str(node) for node in chosen)
        notes.decide(f"Members get the files of {len(chosen)} nodes, in this order: {named}.")
    alive = graph.before(node.id for node in ends)
    if idle := [node for node in graph.nodes.values() if node.id not in alive]:
        named = ", ".join(str(node) for node in idle[:3]) + (", …" if len(idle) > 3 else "")  # noqa: PLR2004
        notes.decide(f"No output needs {named}: not looked at.")
    return tuple(node.id for node in chosen), frozenset(alive)


def _is_output(node: Node, definitions: Definitions) -> bool:
    rule = definitions.nodes.get(node.kind)
    return rule.is_output if rule else bool(_SAVES.search(node.kind))


def _unknown_ends(graph: Graph, definitions: Definitions) -> list[Node]:
    return [
        node
        for node in graph.nodes.values()
        if node.kind not in definitions.nodes and node.links and not graph.uses(node)
    ]
