"""Soft randomness: cloudy fields and lines of hills, the same at every size of picture."""

from __future__ import annotations

import math
import random
from itertools import pairwise

from PIL import Image

Line = list[tuple[float, float]]  # points with x and y from 0 to 1


def field(
    dice: random.Random, size: tuple[int, int], cells: tuple[int, int], octaves: int = 4
) -> Image.Image:
    """Return a cloudy picture in mode L whose largest blotches are a cell wide."""
    across, down = cells
    result: Image.Image | None = None
    for octave in range(octaves):
        grid = (max(2, across << octave), max(2, down << octave))
        grains = Image.frombytes("L", grid, dice.randbytes(grid[0] * grid[1]))
        layer = grains.resize(size, Image.Resampling.BICUBIC)
        result = layer if result is None else Image.blend(result, layer, 0.36)
    if result is None:
        raise ValueError("a field needs at least one octave")
    return result


def grain(dice: random.Random, size: tuple[int, int]) -> Image.Image:
    """Return fine noise in mode L, one grain per pixel."""
    return Image.frombytes("L", size, dice.randbytes(size[0] * size[1]))


def rolling(dice: random.Random, height: float, swing: float, waves: float) -> Line:
    """Return the line of soft hills around `height`, at most about `swing` up and down."""
    parts = [
        (waves * dice.uniform(0.7, 1.3) * 2**k, dice.uniform(0, math.tau), 0.5**k) for k in range(4)
    ]
    steps = 160

    def at(x: float) -> float:
        total = sum(share * math.sin(turns * math.tau * x + start) for turns, start, share in parts)
        return height + swing * total / 1.6

    return [(i / steps, at(i / steps)) for i in range(steps + 1)]


def jagged(dice: random.Random, height: float, swing: float, peaks: int) -> Line:
    """Return the line of a mountain range: peaks split again and again by chance."""
    heights = [height + swing * dice.uniform(-1, 1) * (-1) ** i for i in range(peaks + 1)]
    spread = swing * 0.55
    for _ in range(5):
        between = [(a + b) / 2 + dice.uniform(-spread, spread) for a, b in pairwise(heights)]
        heights = [each for pair in zip(heights, between, strict=False) for each in pair] + [
            heights[-1]
        ]
        spread *= 0.5
    last = len(heights) - 1
    return [(i / last, y) for i, y in enumerate(heights)]
