"""Water: a mirror of what stands above it, broken by ripples, with the sun's path on it."""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageFilter

from local.engine.painter.colours import gradient, mix
from local.engine.painter.land import Ground

MIDDLE = 0.5


def paint_water(ground: Ground, horizon: float) -> None:
    """Turn everything below the horizon into water."""
    width, height = ground.size
    top = round(horizon * height)
    hour, land = ground.scene.hour, ground.scene.land
    above = ground.picture.crop((0, max(0, 2 * top - height), width, top))
    mirror = above.transpose(Image.Transpose.FLIP_TOP_BOTTOM).resize((width, height - top))
    mirror = mirror.filter(ImageFilter.GaussianBlur(4 * ground.unit))
    deep = mix(land.near, hour.sky[0], 0.35)
    depth = gradient(mirror.size, [(0.0, mix(hour.sky[2], land.far, 0.35)), (1.0, deep)])
    water = Image.blend(mirror, depth, 0.45)
    _ripples(ground, water, count=300, spread=None, strength=70, tone=deep)
    lit = mix(hour.sky[2], hour.light, 0.4)
    _ripples(ground, water, count=260, spread=None, strength=90, tone=lit)
    _ripples(ground, water, count=190, spread=0.11, strength=240, tone=hour.light)
    ground.picture.paste(water, (0, top))


def _ripples(
    ground: Ground,
    water: Image.Image,
    *,
    count: int,
    spread: float | None,
    strength: int,
    tone: tuple[int, int, int],
) -> None:
    """Draw flat dashes, longer towards the viewer; `spread` gathers them below the sun."""
    width, height = water.size
    mask = Image.new("L", water.size, 0)
    pen = ImageDraw.Draw(mask)
    for _ in range(count):
        down = ground.dice.random() ** 1.5
        if spread is None:
            x = ground.dice.random() * width
        else:
            reach = (0.015 + spread * down) * min(ground.size)
            x = ground.sun_x * width + ground.dice.gauss(0, 1) * reach
        y = down * height
        length = (5 + 46 * down) * ground.unit * ground.dice.uniform(0.4, 1.2)
        thick = max(1, round((1 + 3 * down) * ground.unit))
        pen.line(
            (x - length, y, x + length, y), fill=round(strength * (1 - MIDDLE * down)), width=thick
        )
    water.paste(tone, (0, 0), mask.filter(ImageFilter.GaussianBlur(1.1 * ground.unit)))
