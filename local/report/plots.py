"""Small charts as SVG: bars that stack, and lines. No script, so they stand in any file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT = 640, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 8, 12, 28
COLOURS = ("#4f6bed", "#e07a3f", "#2e9e78", "#b14fc5", "#c9a227", "#d64550", "#4aa3c7", "#7a7f8c")
_TICKS = 4
_LABELS = 8


def bars(names: Sequence[str], series: Mapping[str, Sequence[float]], unit: str) -> str:
    """Draw one bar for each name, stacked of the series."""
    totals = [sum(values[n] for values in series.values()) for n in range(len(names))]
    scale = _Scale(max(totals, default=0.0), len(names))
    parts = []
    for n, name in enumerate(names):
        base = 0.0
        for (label, values), colour in zip(series.items(), COLOURS, strict=False):
            if values[n] > 0:
                top, bottom = scale.y(base + values[n]), scale.y(base)
                told = escape(f"{name}: {label} {values[n]:,.4g} {unit}")
                parts.append(
                    f'<rect x="{scale.x(n) + scale.step * 0.15:.1f}" y="{top:.1f}" '
                    f'width="{scale.step * 0.7:.1f}" height="{bottom - top:.1f}" fill="{colour}">'
                    f"<title>{told}</title></rect>"
                )
                base += values[n]
    return _chart(scale, names, "".join(parts), unit) + _legend(series)


def lines(names: Sequence[str], series: Mapping[str, Sequence[float | None]], unit: str) -> str:
    """Draw a line for each series; None is a gap."""
    known = [value for values in series.values() for value in values if value is not None]
    scale = _Scale(max(known, default=0.0), len(names))
    parts = []
    for (label, values), colour in zip(series.items(), COLOURS, strict=False):
        points = [
            (scale.x(n) + scale.step / 2, scale.y(value), value, names[n])
            for n, value in enumerate(values)
            if value is not None
        ]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y, *_ in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}">'
            f"<title>{escape(f'{name}: {label} {value:,.4g} {unit}')}</title></circle>"
            for x, y, value, name in points
        ]
    return _chart(scale, names, "".join(parts), unit) + _legend(series)


class _Scale:
    """Where values and names lie in the picture."""

    def __init__(self, highest: float, count: int) -> None:
        self.highest = _round_up(highest)
        self.step = (WIDTH - _LEFT - _RIGHT) / max(count, 1)

    def x(self, n: int) -> float:
        return _LEFT + n * self.step

    def y(self, value: float) -> float:
        return HEIGHT - _BOTTOM - value / self.highest * (HEIGHT - _TOP - _BOTTOM)


def _round_up(highest: float) -> float:
    """Return a number that is easy to read, at least as high."""
    if highest <= 0:
        return 1.0
    power = 10.0 ** len(str(int(highest))) if highest >= 1 else 1.0
    while power > highest * 10:
        power /= 10
    return next(power / 10 * n for n in (1, 2, 2.5, 4, 5, 8, 10) if power / 10 * n >= highest)


def _chart(scale: _Scale, names: Sequence[str], inside: str, unit: str) -> str:
    grid = ""
    for tick in range(_TICKS + 1):
        value = scale.highest * tick / _TICKS
        y = scale.y(value)
        grid += (
            f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>'
            f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:,.4g}</text>'
        )
    every = max(1, -(-len(names) // _LABELS))
    for n in range(0, len(names), every):
        x = scale.x(n) + scale.step / 2
        name = escape(names[n][-5:])
        grid += f'<text x="{x:.1f}" y="{HEIGHT - 8}" text-anchor="middle">{name}</text>'
    label = escape(f"in {unit}, by day")
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{grid}{inside}</svg>'
    )


def _legend(series: Mapping[str, object]) -> str:
    entries = "".join(
        f'<li><i style="background:{colour}"></i>{escape(label)}</li>'
        for label, colour in zip(series, COLOURS, strict=False)
    )
    return f'<ul class="legend">{entries}</ul>'
