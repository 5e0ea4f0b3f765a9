"""The subject of a picture, drawn from a few shapes and set on the nearest hill."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from local.engine.painter.colours import Colour, mix
from local.engine.painter.shapes import Points, Shape, read_shapes

if TYPE_CHECKING:
    import random

    from local.engine.painter.land import Ground
    from local.engine.painter.noise import Line

FINE = 3  # figures are drawn this much larger and shrunk, for smooth edges
SHAPES = read_shapes()
PIECES = 10  # straight pieces between two points of an outline
MIDDLE = 0.5
WATER_LINE = 0.86  # the share of a floating figure that is above the water


def place_subject(ground: Ground, line: Line, horizon: float, dice: random.Random) -> None:
    """Draw the scene's subject, if it has one, away from the sun and turned towards it."""
    shape = SHAPES.get(ground.scene.subject)
    if shape is None:
        return
    x = (0.63 if ground.sun_x < MIDDLE else 0.37) + dice.uniform(-0.06, 0.06)
    side = max(8, round(shape.size * min(ground.size) * dice.uniform(0.94, 1.06)))
    foot = _foot(shape, line, x, horizon)
    corner = (round(x * ground.size[0] - side / 2), round(foot * ground.size[1] - side))
    looks_left = ground.sun_x < x
    figure = _drawn(shape, side, ground.scene.tint or shape.main)
    if not looks_left:
        figure = figure.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if shape.stands == "ground":
        _cast_shadow(ground, corner, side)
    figure = _in_the_light(figure, ground, looks_left=looks_left)
    if shape.stands == "water":
        figure = _afloat(figure)
    ground.picture.paste(figure, corner, figure)


def _foot(shape: Shape, line: Line, x: float, horizon: float) -> float:
    """Return the height at which the lower edge of the figure lies."""
    if shape.stands == "air":
        return horizon - 0.04
    if shape.stands == "water":
        return horizon + 0.16
    return line[round(x * (len(line) - 1))][1] + 0.025


def _drawn(shape: Shape, side: int, main: Colour) -> Image.Image:
    fine = side * FINE
    figure = Image.new("RGBA", (fine, fine), (*main, 0))
    pen = ImageDraw.Draw(figure)
    tones = {
        "main": main,
        "shade": mix(main, (20, 10, 30), 0.32),
        "lit": mix(main, (255, 255, 255), 0.22),
        "light": (248, 238, 222),
        "dark": (38, 26, 34),
        "glow": (255, 216, 130),
        "trunk": (74, 50, 42),
    }
    for tone, points, sharp in shape.parts:
        outline = [(x * fine, y * fine) for x, y in (points if sharp else _smooth(points))]
        pen.polygon(outline, fill=(*tones[tone], 255))
    for tone, x, y, wide, tall in shape.dots:
        box = ((x - wide) * fine, (y - tall) * fine, (x + wide) * fine, (y + tall) * fine)
        pen.ellipse(box, fill=(*tones[tone], 255))
    return figure.reduce(FINE)


def _in_the_light(figure: Image.Image, ground: Ground, *, looks_left: bool) -> Image.Image:
    """Give a figure the colour of the hour and a bright edge on the side of the sun."""
    hour = ground.scene.hour
    alpha = figure.getchannel("A")
    lit = figure.convert("RGB")
    lit = Image.blend(lit, Image.new("RGB", lit.size, hour.sky[0]), 0.34 if hour.dark else 0.10)
    shift = max(1, figure.width // 70)
    moved = ImageChops.offset(alpha, shift if looks_left else -shift, shift)
    edge = ImageChops.subtract(alpha, moved).filter(ImageFilter.GaussianBlur(figure.width / 260))
    lit.paste(hour.light, (0, 0), edge.point([v * 6 // 10 for v in range(256)]))
    lit.putalpha(alpha)
    return lit


def _afloat(figure: Image.Image) -> Image.Image:
    """Sink a figure a little into the water and let the water mirror it."""
    side = figure.width
    line, depth = round(side * WATER_LINE), side - round(side * WATER_LINE)
    above = figure.crop((0, 0, side, line))
    mirror = above.transpose(Image.Transpose.FLIP_TOP_BOTTOM).resize((side, depth * 2))
    mirror = mirror.filter(ImageFilter.GaussianBlur(side / 120))
    fade = Image.linear_gradient("L").transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    thin = fade.resize(mirror.size).point([v * 4 // 10 for v in range(256)])
    mirror.putalpha(ImageChops.multiply(mirror.getchannel("A"), thin))
    floating = Image.new("RGBA", (side, line + depth * 2), (0, 0, 0, 0))
    floating.paste(above, (0, 0))
    floating.paste(mirror, (0, line))
    return floating


def _cast_shadow(ground: Ground, corner: tuple[int, int], side: int) -> None:
    mask = Image.new("L", ground.size, 0)
    left, low = corner[0] + side * 0.12, corner[1] + side * 0.93
    ImageDraw.Draw(mask).ellipse((left, low, left + side * 0.8, low + side * 0.11), fill=150)
    soft = mask.filter(ImageFilter.GaussianBlur(side * 0.02))
    ground.picture.paste(mix(ground.scene.land.near, (0, 0, 0), 0.5), (0, 0), soft)


def _smooth(points: Points) -> list[tuple[float, float]]:
    """Return a closed Catmull-Rom curve through the points."""
    outline: list[tuple[float, float]] = []
    for i in range(len(points)):
        four = (
            points[i - 1],
            points[i],
            points[(i + 1) % len(points)],
            points[(i + 2) % len(points)],
        )
        outline += [_on_curve(four, step / PIECES) for step in range(PIECES)]
    return outline


def _on_curve(four: tuple[tuple[float, float], ...], t: float) -> tuple[float, float]:
    """Return the point at `t` (0 to 1) between the second and the third of four points."""
    weights = (
        -t + 2 * t**2 - t**3,
        2 - 5 * t**2 + 3 * t**3,
        t + 4 * t**2 - 3 * t**3,
        -(t**2) + t**3,
    )
    x = sum(weight * point[0] for weight, point in zip(weights, four, strict=True)) / 2
    y = sum(weight * point[1] for weight, point in zip(weights, four, strict=True)) / 2
    return x, y
