"""A recipe: a ComfyUI graph, and the options with which a member may change it.

The graph stays as it was exported. Each option names its slots, and only the value of a slot is
ever replaced: whatever a member writes, it stays one value and never becomes a node or a link.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Scalar = str | int | float | bool


class OptionKind(StrEnum):
    """What an option holds. The names are those of the manifest's `type`."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    ATTACHMENT = "attachment"

    def fits(self, value: object) -> bool:
        """Tell whether a value is of this kind. A whole number is a number; a bool is neither."""
        match self:
            case OptionKind.STRING:
                return isinstance(value, str)
            case OptionKind.BOOLEAN:
                return isinstance(value, bool)
            case OptionKind.ATTACHMENT:
                return isinstance(value, Attachment)
            case OptionKind.INTEGER:
                return isinstance(value, int) and not isinstance(value, bool)
            case OptionKind.NUMBER:
                whole = isinstance(value, int) and not isinstance(value, bool)
                return whole or (isinstance(value, float) and math.isfinite(value))


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file a member attached, as Discord describes it. Nothing in it has been verified."""

    filename: str
    url: str
    content_type: str  # "" when Discord could not tell
    size: int  # bytes


Value = Scalar | Attachment


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the values an option may have, and what a member sees instead of it."""

    name: str
    value: str | int | float


@dataclass(frozen=True, slots=True)
class Slot:
    """One input of one node of the graph, into which an option's value goes."""

    node_id: str
    input: str


@dataclass(frozen=True, slots=True)
class Option:
    """Something a member may choose. `None` and `()` mean: not limited, or not of this kind.

    Without a value, `default` is used; without a default, `random` draws one; failing both, the
    graph keeps what it was exported with.
    """

    name: str
    kind: OptionKind
    description: str
    required: bool = False
    default: Scalar | None = None
    minimum: int | float | None = None
    maximum: int | float | None = None
    min_length: int | None = None  # characters
    max_length: int | None = None  # characters
    choices: tuple[Choice, ...] = ()
    content_types: tuple[str, ...] = ()
    max_bytes: int | None = None
    random: bool = False
    slots: tuple[Slot, ...] = ()


@dataclass(frozen=True, slots=True)
class Recipe:
    """One way to make pictures. `name` is its folder, `title` what members see."""

    name: str
    title: str
    description: str
    default: bool
    graph: Mapping[str, Any]
    options: tuple[Option, ...]
    outputs: tuple[str, ...]  # ids of the nodes whose files are the result, in this order


def default_recipe(recipes: Mapping[str, Recipe]) -> Recipe:
    """Return the recipe used when a member names none."""
    return next(recipe for recipe in recipes.values() if recipe.default)


def fill_graph(recipe: Recipe, values: Mapping[str, Value]) -> dict[str, Any]:
    """Return a copy of the graph in which the slots hold `values`, checked by `resolve_options`.

    Attachments are left out: the worker fetches them and puts its own file names in.
    """
    graph: dict[str, Any] = copy.deepcopy(dict(recipe.graph))
    for option in recipe.options:
        value = values.get(option.name)
        if value is None or isinstance(value, Attachment):
            continue
        for slot in option.slots:
            graph[slot.node_id]["inputs"][slot.input] = value
    return graph


def attachment_slots(
    recipe: Recipe, values: Mapping[str, Value]
) -> list[tuple[str, Slot, Attachment]]:
    """Return the option name, slot and file of every attachment that the worker must put in."""
    found = []
    for option in recipe.options:
        value = values.get(option.name)
        if isinstance(value, Attachment):
            found += [(option.name, slot, value) for slot in option.slots]
    return found
