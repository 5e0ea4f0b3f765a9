"""The ground: ridges one behind the other, as far as the horizon and from there to the viewer."""

from __future__ import annotations

import random
from dataclasses import dataclass

from PIL import Image, ImageDraw

from local.engine.painter.colours import Colour, gradient, mix
from local.engine.painter.noise import Line, field, jagged, rolling
from local.engine.painter.scene import Scene

FINE = 2  # shapes are drawn this much larger and shrunk, for smooth edges

SNOWY_RANGES = 2  # of the three, the farthest


@dataclass(slots=True)
class Ground:
    """The picture so far and what every layer needs."""

    picture: Image.Image
    scene: Scene
    dice: random.Random
    sun_x: float

    @property
    def size(self) -> tuple[int, int]:
        """Return width and height in pixels."""
        return self.picture.size

    @property
    def unit(self) -> float:
        """Return a length that grows with the picture: 1 in a picture of 1024 pixels."""
        return min(self.size) / 1024

    def shape(self) -> tuple[Image.Image, ImageDraw.ImageDraw]:
        """Return an empty mask `FINE` times the size of the picture, and its pen."""
        width, height = self.size
        mask = Image.new("L", (width * FINE, height * FINE), 0)
        return mask, ImageDraw.Draw(mask)

    def fill(self, mask: Image.Image, paint: Image.Image | Colour) -> None:
        """Put paint where a mask of `shape` is white."""
        shape = mask.reduce(FINE)
        if box := shape.getbbox():
            part = paint.crop(box) if isinstance(paint, Image.Image) else paint
            self.picture.paste(part, box, shape.crop(box))


def paint_ranges(ground: Ground, horizon: float) -> None:
    """Paint the hills or mountains that stand far off, as far as the horizon."""
    land, haze = ground.scene.land, ground.scene.hour.haze
    for layer in range(3):
        share = (layer + 1) / 4
        tone = mix(mix(land.far, haze, 0.72), land.near, share * 0.42)
        height = horizon - 0.10 + layer * 0.045
        if land.mountains:
            line = jagged(ground.dice, height, 0.085 - layer * 0.018, 4 + layer)
        else:
            line = rolling(ground.dice, height + 0.05, 0.035, 1.2 + layer * 0.6)
        ridge(ground, line, tone, mist=0.75 - 0.12 * layer)
        if land.mountains:
            _shade_slopes(ground, line, mix(tone, ground.scene.hour.sky[0], 0.22))
        if land.snow and layer < SNOWY_RANGES:
            _snow_caps(ground, line, height)


def foreground_lines(ground: Ground, horizon: float) -> list[Line]:
    """Return the lines of the hills between the horizon and the viewer, the nearest last."""
    water = ground.scene.land.water
    count = 1 if water else 4
    start = 0.87 if water else horizon + 0.03
    return [
        rolling(
            ground.dice,
            start + (0.90 - start) * (layer / max(count - 1, 1)) ** 1.15,
            0.026 if layer == count - 1 else 0.034,
            ground.dice.uniform(0.6, 1.1),
        )
        for layer in range(count)
    ]


def hill_tone(ground: Ground, share: float) -> Colour:
    """Return the colour of a hill; `share` is 0 at the horizon and 1 at the viewer."""
    land, hour = ground.scene.land, ground.scene.hour
    near = land.shore or land.near
    tone = mix(mix(land.far, hour.haze, 0.35), near, 0.25 + 0.75 * share)
    return mix(tone, hour.sky[0], 0.45 if hour.dark else 0.12)


def ridge(ground: Ground, line: Line, tone: Colour, *, mist: float) -> None:
    """Fill below a line, fading into haze downwards, with the brush showing a little."""
    width, height = ground.size
    hour = ground.scene.hour
    top = max(0.0, min(y for _, y in line))
    body = gradient(
        ground.size,
        [(0.0, tone), (top, tone), (top + 0.26, mix(tone, hour.haze, mist)), (2.0, tone)],
    )
    brush = field(ground.dice, (max(2, width // 2), max(2, height // 2)), (5, 40), 4)
    stroke = brush.point([round(60 * min(1, max(0, v / 255 - 0.5) * 4)) for v in range(256)])
    body.paste(mix(tone, hour.light, 0.22), (0, 0), stroke.resize(ground.size))
    mask, pen = ground.shape()
    points = [(x * mask.width, y * mask.height) for x, y in line]
    pen.polygon([(0, mask.height), *points, (mask.width, mask.height)], fill=255)
    ground.fill(mask, body)


def grass(ground: Ground, line: Line, tone: Colour) -> None:
    """Let blades of grass stand on a line."""
    mask, pen = ground.shape()
    for _ in range(420):
        x = ground.dice.random()
        y = line[round(x * (len(line) - 1))][1] * mask.height
        tall = ground.dice.uniform(5, 26) * ground.unit * FINE
        left, lean = x * mask.width, ground.dice.gauss(0, 0.35) * tall
        thick = 1.6 * ground.unit * FINE
        pen.polygon(
            ((left - thick, y + 6), (left + lean, y - tall), (left + thick, y + 6)), fill=255
        )
    ground.fill(mask, tone)


def _shade_slopes(ground: Ground, line: Line, tone: Colour) -> None:
    """Darken the side of every peak that looks away from the sun."""
    mask, pen = ground.shape()
    for peak in _peaks(line):
        x, y = line[peak]
        step = 1 if ground.sun_x < x else -1
        end = peak
        while 0 < end < len(line) - 1 and line[end + step][1] >= line[end][1] - 0.004:
            end += step
        if end in {0, len(line) - 1}:
            continue  # the foot of this slope is outside the picture
        foot_x, foot_y = line[end]
        drop = max(0.02, foot_y - y)
        edge = [
            (x + (foot_x - x) * along * 0.35 + ground.dice.uniform(-1, 1) * 0.012, y + drop * along)
            for along in (1.0, 0.75, 0.5, 0.25)
        ]
        slope = [line[i] for i in range(peak, end + step, step)]
        points = [(px * mask.width, py * mask.height) for px, py in (*slope, *edge)]
        pen.polygon(points, fill=150)
    ground.fill(mask, tone)


def _snow_caps(ground: Ground, line: Line, height: float) -> None:
    """Cover the line above `height` with snow that ends in tongues."""
    mask, pen = ground.shape()
    lower = [
        (x, y + max(0.0, height + 0.01 - y) * ground.dice.choice((0.18, 0.45, 0.7)))
        for x, y in line[::3]
    ]
    points = [(x * mask.width, y * mask.height) for x, y in (*line, *reversed(lower))]
    pen.polygon(points, fill=235)
    ground.fill(mask, mix((250, 252, 255), ground.scene.hour.haze, 0.22))


def _peaks(line: Line) -> list[int]:
    reach = 9
    heights = [y for _, y in line]
    return [
        i
        for i in range(reach, len(line) - reach)
        if heights[i] == min(heights[i - reach : i + reach + 1])
    ]
