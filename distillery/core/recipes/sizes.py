"""Sizes of pictures: "1216x832" in pixels, and the nearest legal one to a shape such as "3:2"."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

SIZE = re.compile(r"([1-9]\d{1,4})x([1-9]\d{1,4})")
_SHAPE = re.compile(r"(\d{1,5})[:x](\d{1,5})")


def pixels(size: str) -> tuple[int, int]:
    """Read a size as width and height in pixels."""
    width, _, height = size.partition("x")
    return int(width), int(height)


def nearest_size(wanted: str, sizes: Sequence[str]) -> str | None:
    """Return the size whose shape is most like `wanted`, which is a shape or a size.

    Shapes are compared as ratios, so that 2:1 is as far from 1:1 as 1:2 is. Of two that are as
    near the first one wins. None when `wanted` is neither.
    """
    if wanted in sizes:
        return wanted
    found = _SHAPE.fullmatch(wanted)
    if not found or not int(found[1]) or not int(found[2]):
        return None
    slope = _slope(int(found[1]), int(found[2]))
    return min(sizes, key=lambda size: abs(_slope(*pixels(size)) - slope))


def _slope(width: int, height: int) -> float:
    return math.log(width / height)
