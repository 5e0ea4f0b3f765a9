"""The words of this folder: what can be found in a graph, and what an operator is told about it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeGuard

from distillery.core.recipes.recipe import OptionKind, Scalar, Slot
from local.workflow_import.definitions import Definitions, InputRule
from local.workflow_import.graph import Graph, Node


class Role(StrEnum):
    """What a value in a graph is for. The names are those of the options, in their order."""

    PROMPT = "prompt"
    IMAGE = "image"
    MASK = "mask"
    NEGATIVE = "negative"
    STRENGTH = "strength"
    WIDTH = "width"
    HEIGHT = "height"
    FRAMES = "frames"
    SECONDS = "seconds"
    STEPS = "steps"
    CFG = "cfg"
    GUIDANCE = "guidance"
    SEED = "seed"
    SAMPLER = "sampler"
    SCHEDULER = "scheduler"
    CONTROL_STRENGTH = "control_strength"
    IMAGES = "batch"


KINDS: Mapping[Role, OptionKind] = {
    **dict.fromkeys(Role, OptionKind.INTEGER),
    **dict.fromkeys(
        (Role.PROMPT, Role.NEGATIVE, Role.SAMPLER, Role.SCHEDULER),
        OptionKind.STRING,
    ),
    **dict.fromkeys(
        (Role.STRENGTH, Role.SECONDS, Role.CFG, Role.GUIDANCE, Role.CONTROL_STRENGTH),
        OptionKind.NUMBER,
    ),
    Role.IMAGE: OptionKind.ATTACHMENT,
    Role.MASK: OptionKind.ATTACHMENT,
}


@dataclass(frozen=True, slots=True)
class Found:
    """A value that members may set: what it is now, and every place where it goes."""

    role: Role
    value: Scalar
    slots: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class ModelName:
    """A model file that the graph loads. `folder` is None where the node does not say it."""

    name: str
    folder: str | None
    node: str  # for people


@dataclass(slots=True)
class Notes:
    """What to tell: what was decided and might be wrong, and what the operator must settle."""

    decided: list[str] = field(default_factory=list)
    to_settle: list[str] = field(default_factory=list)

    def decide(self, text: str) -> None:
        """Tell what was decided, once."""
        if text not in self.decided:
            self.decided.append(text)

    def settle(self, what: str, how: str) -> None:
        """Tell what could not be decided, and how to settle it."""
        text = f"{what}: {how}"
        if text not in self.to_settle:
            self.to_settle.append(text)


@dataclass(frozen=True, slots=True)
class Reading:
    """A graph being looked at. Only `alive` nodes run: those that an output needs."""

    graph: Graph
    definitions: Definitions
    outputs: tuple[str, ...]
    alive: frozenset[str]
    notes: Notes

    def nodes(self) -> list[Node]:
        """Return the nodes that run, in the order in which they can."""
        return [node for node in self.graph.nodes.values() if node.id in self.alive]

    def rule(self, slot: Slot) -> InputRule | None:
        """Return what is known of the input of a slot."""
        return self.definitions.input(self.graph.nodes[slot.node_id].kind, slot.input)

    def value(self, slot: Slot) -> object:
        """Return what the slot holds."""
        return self.graph.nodes[slot.node_id].inputs[slot.input]

    def named(self, slot: Slot) -> str:
        """Name a slot for people."""
        return f"'{slot.input}' of {self.graph.nodes[slot.node_id]}"


def is_number(value: object) -> TypeGuard[int | float]:
    """Tell whether a value is a number that a manifest can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isinstance(value, int) or math.isfinite(value)
