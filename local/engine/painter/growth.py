"""What stands on the land: trees, and a town with lit windows."""

from __future__ import annotations

import random

from PIL import ImageDraw

from local.engine.painter.colours import gradient, mix
from local.engine.painter.land import FINE, Ground
from local.engine.painter.noise import Line

LAMP = (255, 214, 140)


def grow_trees(ground: Ground, line: Line, share: float) -> None:
    """Set groves along a line; `share` is 0 at the horizon and 1 at the viewer."""
    land, hour, dice = ground.scene.land, ground.scene.hour, ground.dice
    leaf = mix(land.leaf or land.near, hour.haze, 0.5 * (1 - share))
    leaf = mix(leaf, hour.sky[0], 0.5 if hour.dark else 0.10)
    tall = (0.030 + 0.10 * share) * min(ground.size) * FINE
    groves = [dice.random() for _ in range(3)]
    spots = sorted(dice.choice(groves) + dice.gauss(0, 0.11) for _ in range(round(70 - 34 * share)))
    grow = _pines if land.trees == "pine" else _round_trees
    grow(
        ground, [(x, line[round(x * (len(line) - 1))][1]) for x in spots if 0 <= x <= 1], tall, leaf
    )


def _pines(ground: Ground, spots: Line, tall: float, leaf: tuple[int, int, int]) -> None:
    mask, pen = ground.shape()
    for x, y in spots:
        size = tall * ground.dice.uniform(0.6, 1.15)
        left, foot = x * mask.width, y * mask.height
        pen.rectangle(
            (left - size * 0.03, foot - size * 0.2, left + size * 0.03, foot + size * 0.1), 255
        )
        for tier in range(4):
            wide = size * (0.24 - 0.045 * tier) * ground.dice.uniform(0.9, 1.1)
            low = foot - size * (0.10 + 0.20 * tier)
            pen.polygon(
                ((left - wide, low), (left, low - size * 0.36), (left + wide, low)), fill=255
            )
    ground.fill(mask, leaf)


def _round_trees(ground: Ground, spots: Line, tall: float, leaf: tuple[int, int, int]) -> None:
    trunks, trunk = ground.shape()
    crowns, crown = ground.shape()
    lights, light = ground.shape()
    toward = -0.05 if ground.sun_x < 0.5 else 0.05  # noqa: PLR2004  the middle
    for x, y in spots:
        size = tall * ground.dice.uniform(0.6, 1.15)
        left, foot = x * crowns.width, y * crowns.height
        trunk.rectangle(
            (left - size * 0.03, foot - size * 0.45, left + size * 0.03, foot + size * 0.1), 255
        )
        for _ in range(8):
            cx = left + ground.dice.uniform(-0.22, 0.22) * size
            cy = foot - size * ground.dice.uniform(0.42, 0.80)
            radius = size * ground.dice.uniform(0.10, 0.19)
            _dot(crown, cx, cy, radius)
            _dot(light, cx + toward * size, cy - 0.05 * size, radius * 0.55)
    hour = ground.scene.hour
    ground.fill(trunks, mix(ground.scene.land.near, hour.sky[0], 0.4))
    ground.fill(crowns, leaf)
    ground.fill(lights.point(lambda v: v * 5 // 10), mix(leaf, hour.light, 0.4))


def _dot(pen: ImageDraw.ImageDraw, x: float, y: float, radius: float) -> None:
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)


def build_town(ground: Ground, foot: float) -> None:
    """Build three rows of houses, the nearest last."""
    hour, land = ground.scene.hour, ground.scene.land
    for depth in (0.25, 0.5, 0.78):
        mask, pen = ground.shape()
        lights, lamp = ground.shape()
        x = -0.02
        while x < 1:
            wide = ground.dice.uniform(0.03, 0.085) * (0.6 + 0.6 * depth)
            tall = ground.dice.uniform(0.08, 0.36) * (0.75 + 0.35 * depth)
            box = (x, foot + 0.03 - tall, x + wide, foot + 0.03)
            left, roof, right, low = (
                round(v * side) for v, side in zip(box, mask.size * 2, strict=True)
            )
            pen.rectangle((left, roof, right, low), fill=255)
            if ground.dice.random() < 0.3:  # noqa: PLR2004  three roofs in ten carry a mast
                mast = (left + right) // 2
                pen.line((mast, roof - (low - roof) // 5, mast, roof), 255, round(3 * ground.unit))
            _light_windows(lamp, ground.dice, (left, roof, right, low), depth * ground.unit * FINE)
            x += wide + ground.dice.uniform(-0.006, 0.012)
        tone = mix(mix(land.far, hour.haze, 0.6), land.near, depth)
        misty = mix(tone, hour.haze, 0.5)
        ground.fill(
            mask, gradient(ground.size, [(0.0, tone), (foot - 0.3, tone), (foot + 0.05, misty)])
        )
        strength = (0.95 if hour.dark else 0.6) * depth
        ground.fill(lights.point([round(v * strength) for v in range(256)]), LAMP)


def _light_windows(
    lamp: ImageDraw.ImageDraw, dice: random.Random, box: tuple[int, ...], scale: float
) -> None:
    left, roof, right, foot = box
    pane, gap = max(1, round(6 * scale)), max(3, round(17 * scale))
    columns, rows = max(0, (right - left) // gap - 1), max(0, (foot - roof) // gap)
    for spot in range(columns * rows):
        x = left + gap * (spot % columns) + gap * 3 // 4
        y = roof + gap * (spot // columns) + gap // 2
        if dice.random() < 0.42:  # noqa: PLR2004  the share of people who are at home
            lamp.rectangle((x, y, x + pane, y + round(pane * 1.4)), fill=dice.randint(120, 255))
