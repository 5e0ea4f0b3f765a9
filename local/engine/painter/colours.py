"""Colours as triples, and the few things the painter does with them."""

from __future__ import annotations

from itertools import chain, pairwise

from PIL import Image, ImageColor

Colour = tuple[int, int, int]


def colour(text: str) -> Colour:
    """Return the colour of `#rrggbb`."""
    red, green, blue = ImageColor.getrgb(text)[:3]
    return red, green, blue


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Return `first` with a share (0 to 1) of `second` in it."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def gradient(size: tuple[int, int], stops: list[tuple[float, Colour]]) -> Image.Image:
    """Return a vertical gradient; each stop is a height (0 top, 1 bottom) and its colour."""
    rows = 256
    tones = (_between(stops, row / (rows - 1)) for row in range(rows))
    column = Image.frombytes("RGB", (1, rows), bytes(chain.from_iterable(tones)))
    width, height = size
    smooth = column.resize((1, height), Image.Resampling.BICUBIC)
    return smooth.resize((width, height), Image.Resampling.NEAREST)  # each row is of one colour


def _between(stops: list[tuple[float, Colour]], height: float) -> Colour:
    for (low, first), (high, second) in pairwise(stops):
        if height <= high:
            share = max(0.0, (height - low) / (high - low))
            return mix(first, second, share * share * (3 - 2 * share))
    return stops[-1][1]
