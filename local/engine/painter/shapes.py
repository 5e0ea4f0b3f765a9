"""Reads the figures of `shapes.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.engine.painter.colours import Colour, colour

Points = tuple[tuple[float, float], ...]
FILE = Path(__file__).with_name("shapes.toml")


@dataclass(frozen=True, slots=True)
class Shape:
    """One figure in a unit square. `size` is its share of the picture's shorter side."""

    parts: tuple[tuple[str, Points, bool], ...]  # tone, outline, whether it has sharp corners
    dots: tuple[tuple[str, float, float, float, float], ...]
    main: Colour
    size: float
    stands: str


def read_shapes() -> dict[str, Shape]:
    """Return the figures by name."""
    drawn = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {name: _shape(figure, drawn[figure.get("like", name)]) for name, figure in drawn.items()}


def _shape(figure: dict[str, Any], outline: dict[str, Any]) -> Shape:
    return Shape(
        parts=tuple(_part(tone, points) for tone, points in outline["parts"]),
        dots=tuple((tone, x, y, wide, tall) for tone, x, y, wide, tall in outline.get("dots", [])),
        main=colour(figure["main"]),
        size=figure["size"],
        stands=figure.get("stands", "ground"),
    )


def _part(tone: str, text: str) -> tuple[str, Points, bool]:
    points = tuple((float(x), float(y)) for x, y in (pair.split(",") for pair in text.split()))
    return tone.rstrip("!"), points, tone.endswith("!")
