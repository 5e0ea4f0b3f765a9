"""Finds the size of what is made: a width and a height on the node that everything starts from."""

from __future__ import annotations

import re
from dataclasses import dataclass

from distillery.core.recipes.recipe import Slot
from local.workflow_import.finding import Found, Reading, Role, is_number
from local.workflow_import.graph import Node
from local.workflow_import.numbers import literal

_MAKES = re.compile(r"^empty|emptylatent|tovideo|emptyimage|latentimage", re.I)
_SCALES = re.compile(r"scale|resize", re.I)
_PARTS = re.compile(r"crop|pad|mask|tile|setarea|composite|gligen", re.I)
_FOLLOWS = re.compile(r"modelsampling|textencode", re.I)
_PAIRS = (("width", "height"), ("target_width", "target_height"))
_MOST_PIXELS = 16_384  # ComfyUI's own limit of a side
_OTHER = 2  # rank of nodes that are neither


@dataclass(frozen=True, slots=True)
class _Size:
    node: Node
    width: Slot
    height: Slot
    pair: tuple[int | float, int | float]
    rank: int


def find_sizes(reading: Reading) -> list[Found]:
    """Return width and height, or nothing where the size comes from elsewhere."""
    sizes = [size for node in reading.nodes() for size in _sizes(reading, node)]
    makers = [size for size in sizes if not _FOLLOWS.search(size.node.kind)]
    if not makers:
        return []
    main = min(makers, key=lambda size: size.rank)  # of equals the one that runs first
    same = [size for size in sizes if size.pair == main.pair]
    for size in makers:
        if size.pair != main.pair:
            reading.notes.decide(
                f"{size.node} stays {size.pair[0]} × {size.pair[1]}: width and height set "
                f"{main.node}."
            )
    if main.rank == _OTHER:
        reading.notes.settle(
            f"{main.node} is taken for the size of the picture, as it has width and height",
            "remove the two options if it is another size",
        )
    found = [
        Found(Role.WIDTH, main.pair[0], _once(size.width for size in same)),
        Found(Role.HEIGHT, main.pair[1], _once(size.height for size in same)),
    ]
    if set(found[0].slots) & set(found[1].slots):
        reading.notes.decide(f"Width and height of {main.node} are one number: 'width' sets both.")
        return found[:1]
    if len(same) > 1:
        named = ", ".join(str(size.node) for size in same)
        reading.notes.decide(f"One size goes to {named}.")
    return found


def _once(slots: object) -> tuple[Slot, ...]:
    return tuple(dict.fromkeys(slots))  # type: ignore[call-overload]


def _sizes(reading: Reading, node: Node) -> list[_Size]:
    if _PARTS.search(node.kind):
        return []
    found = []
    for width, height in _PAIRS:
        if width not in node.inputs or height not in node.inputs:
            continue
        slots = (literal(reading, node, width), literal(reading, node, height))
        if slots[0] is None or slots[1] is None:
            continue
        pair = (reading.value(slots[0]), reading.value(slots[1]))
        if all(_is_length(value) for value in pair):
            found.append(_Size(node, slots[0], slots[1], pair, _rank(node)))  # type: ignore[arg-type]
        else:
            reading.notes.settle(
                f"'{width}' and '{height}' of {node} are {pair[0]} × {pair[1]}, which is no size",
                f"they stay as exported; for options, type 1 to {_MOST_PIXELS} in ComfyUI and "
                "export again",
            )
    return found


def _is_length(value: object) -> bool:
    return is_number(value) and 1 <= value <= _MOST_PIXELS and value == int(value)


def _rank(node: Node) -> int:
    if _MAKES.search(node.kind):
        return 0
    return 1 if _SCALES.search(node.kind) else _OTHER
