"""What nodes take, in the words of ComfyUI's GET /object_info.

From a running ComfyUI, which knows its custom nodes and models, or else from core_nodes.json: what
ComfyUI 0.3.64 says of its own nodes, cut to what is used here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

CORE_VERSION = "0.3.64"
_CORE_NODES = Path(__file__).with_name("core_nodes.json")
_UPLOADS = {"image_upload": "image", "video_upload": "video", "audio_upload": "audio"}


@dataclass(frozen=True, slots=True)
class InputRule:
    """What one input takes. None: not said."""

    kind: str  # INT, FLOAT, STRING, COMBO, or what may be linked
    minimum: int | float | None = None
    maximum: int | float | None = None
    step: int | float | None = None
    choices: tuple[str, ...] | None = None
    upload: str | None = None  # "image", "video", "audio": a file that was uploaded


@dataclass(frozen=True, slots=True)
class NodeRule:
    """What one class of nodes takes, and whether its files are a result."""

    inputs: Mapping[str, InputRule] = field(default_factory=dict)
    is_output: bool = False


@dataclass(frozen=True, slots=True)
class Definitions:
    """The classes known, by name. `source` is told to the operator."""

    source: str
    nodes: Mapping[str, NodeRule]

    def input(self, kind: str, name: str) -> InputRule | None:
        """Return the rule of one input, or None if it is not known."""
        node = self.nodes.get(kind)
        return node.inputs.get(name) if node else None


@cache
def core_definitions() -> Definitions:
    """Return what is known without a ComfyUI."""
    document = json.loads(_CORE_NODES.read_text(encoding="utf-8"))
    return read_definitions(document, f"the table of ComfyUI {CORE_VERSION}'s own nodes")


def read_definitions(document: object, source: str) -> Definitions:
    """Read an answer of GET /object_info. What is not of its shape is left out, not refused."""
    entries = document.items() if isinstance(document, dict) else ()
    nodes = {str(kind): _node(entry) for kind, entry in entries if isinstance(entry, dict)}
    return Definitions(source, nodes)


def _node(entry: Mapping[str, Any]) -> NodeRule:
    groups = entry.get("input")
    inputs: dict[str, InputRule] = {}
    for group in ("required", "optional"):
        named = groups.get(group) if isinstance(groups, dict) else None
        for name, spec in named.items() if isinstance(named, dict) else ():
            if isinstance(spec, list) and spec:
                inputs[str(name)] = _input(spec)
    return NodeRule(inputs, entry.get("output_node") is True)


def _input(spec: list[Any]) -> InputRule:
    said = spec[1] if len(spec) > 1 and isinstance(spec[1], dict) else {}
    choices = spec[0] if isinstance(spec[0], list) else said.get("options")
    offered = tuple(map(str, choices)) if isinstance(choices, list) else None
    return InputRule(
        kind=str(spec[0]) if offered is None else "COMBO",
        minimum=_number(said.get("min")),
        maximum=_number(said.get("max")),
        step=_number(said.get("step")),
        choices=offered,
        upload=next((kind for key, kind in _UPLOADS.items() if said.get(key)), None),
    )


def _number(value: object) -> int | float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return value
