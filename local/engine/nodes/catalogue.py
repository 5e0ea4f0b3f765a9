"""Every node class this engine offers, with the bounds that ComfyUI 0.3.64 puts on its inputs.

Data instead of code: `catalogue.json` holds what `GET /object_info` of that version says of its own
nodes and of those pinned in custom_nodes.lock.toml. `@name` there stands for a list that many
inputs share, or for the model files of a folder. What a class does when it runs is in
`behaviour.py`, `pictures.py`, `films.py`, `sampling.py` and `saving.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.engine.nodes.model_files import model_files
from local.engine.nodes.node_type import Input, NodeType

_INPUT_FOLDER = "@input"
_EXAMPLE = ("example.png",)  # stands for the files of the input folder


def _read() -> dict[str, NodeType]:
    document = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
    lists = {name: tuple(values) for name, values in document["lists"].items()} | model_files()
    return {name: _node(table, lists) for name, table in document["nodes"].items()}


def _node(table: Mapping[str, Any], lists: Mapping[str, tuple[str, ...]]) -> NodeType:
    groups = {
        group: {name: _input(spec, lists) for name, spec in table.get(group, {}).items()}
        for group in ("required", "optional")
    }
    return NodeType(
        title=table["title"],
        category=table["category"],
        required=groups["required"],
        optional=groups["optional"],
        outputs=tuple(table["outputs"]),
        output_names=tuple(table.get("output_names", ())),
        output_node=table.get("output_node", False),
        module=table.get("module", "nodes"),
    )


def _input(spec: list[Any], lists: Mapping[str, tuple[str, ...]]) -> Input:
    kind, options = spec[0], spec[1] if len(spec) > 1 else {}
    if kind == _INPUT_FOLDER:
        return Input(_EXAMPLE, options)
    if isinstance(kind, list):
        return Input(tuple(kind), options)
    return Input(lists[kind[1:]] if kind.startswith("@") else kind, options)


NODE_TYPES = _read()
