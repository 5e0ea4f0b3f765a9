"""What a node class is: its inputs with their bounds, its outputs, and how ComfyUI describes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Input:
    """One input of a class: a type name, or the values to choose from, and its options."""

    kind: str | tuple[str, ...]
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def choices(self) -> tuple[str, ...] | None:
        """Return the values to choose from; ComfyUI's newer nodes hold them in the options."""
        if self.kind == "COMBO":
            return tuple(self.options["options"])
        return self.kind if isinstance(self.kind, tuple) else None

    @property
    def is_upload(self) -> bool:
        """Return whether the value names a file of the input folder."""
        return "image_upload" in self.options

    def described(self) -> list[Any]:
        """Return the shape of ComfyUI: `[type or list of values, options]`."""
        kind = self.kind if isinstance(self.kind, str) else list(self.kind)
        return [kind, dict(self.options)]


@dataclass(frozen=True, slots=True)
class NodeType:
    """One node class. `outputs` are type names; `output_names` default to them."""

    title: str
    category: str
    required: dict[str, Input]
    outputs: tuple[str, ...] = ()
    output_names: tuple[str, ...] = ()
    optional: dict[str, Input] = field(default_factory=dict)
    output_node: bool = False
    module: str = "nodes"

    @property
    def inputs(self) -> dict[str, Input]:
        """Return every input that a prompt may set."""
        return self.required | self.optional


def described(name: str, node: NodeType, input_files: list[str]) -> dict[str, Any]:
    """Return a class as `GET /object_info` does; inputs that take an upload offer `input_files`."""
    groups = {"required": node.required, "optional": node.optional}
    inputs: dict[str, dict[str, Any]] = {
        group: {key: _described_input(each, input_files) for key, each in members.items()}
        for group, members in groups.items()
        if members
    }
    if node.output_node:
        inputs["hidden"] = {"prompt": "PROMPT", "extra_pnginfo": "EXTRA_PNGINFO"}
    return {
        "input": inputs,
        "input_order": {group: list(members) for group, members in inputs.items()},
        "output": list(node.outputs),
        "output_is_list": [False] * len(node.outputs),
        "output_name": list(node.output_names or node.outputs),
        "name": name,
        "display_name": node.title,
        "description": "",
        "python_module": node.module,
        "category": node.category,
        "output_node": node.output_node,
    }


def _described_input(each: Input, input_files: list[str]) -> list[Any]:
    if each.is_upload:
        return [input_files, dict(each.options)]
    return each.described()
