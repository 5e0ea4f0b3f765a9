"""The sky: a gradient, a sun or moon with its glow, stars, clouds."""

from __future__ import annotations

import random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from local.engine.painter.colours import Colour, gradient, mix
from local.engine.painter.scene import Hour

Point = tuple[float, float]


def paint_sky(
    hour: Hour, size: tuple[int, int], horizon: float, sun: Point, dice: random.Random
) -> Image.Image:
    """Return the whole sky; `horizon` and `sun` are shares of the height and the width."""
    top, middle, bottom = hour.sky
    stops = [(0.0, top), (horizon * 0.55, middle), (horizon, bottom), (1.0, bottom)]
    sky = gradient(size, stops)
    if hour.dark:
        _add_stars(sky, horizon, dice)
    _add_sun(sky, hour, sun)
    _add_clouds(sky, hour, horizon, dice)
    return sky


def glow(size: tuple[int, int], centre: Point, radius: float) -> Image.Image:
    """Return a soft round light in mode L; centre and radius in pixels."""
    side = max(2, round(radius * 2))
    spot = ImageChops.invert(Image.radial_gradient("L")).point(
        [round(255 * max(0.0, (v - 75) / 180) ** 2) for v in range(256)]
    )
    mask = Image.new("L", size, 0)
    corner = (round(centre[0] - radius), round(centre[1] - radius))
    mask.paste(spot.resize((side, side), Image.Resampling.BICUBIC), corner)
    return mask


def _add_sun(sky: Image.Image, hour: Hour, sun: Point) -> None:
    width, height = sky.size
    span = min(width, height)
    centre = (sun[0] * width, sun[1] * height)
    for reach, strength in ((0.95, 0.5), (0.42, 0.6)):
        mask = glow(sky.size, centre, span * reach).point(lambda v, s=strength: round(v * s))
        sky.paste(mix(hour.light, hour.sky[2], 0.45), (0, 0), mask)
    radius = span * (0.055 if hour.dark else 0.075)
    sky.paste(hour.light, (0, 0), disc(sky.size, centre, radius))


def disc(size: tuple[int, int], centre: Point, radius: float) -> Image.Image:
    """Return a smooth round mask in mode L."""
    side = max(3, round(radius * 2))
    large = Image.new("L", (side * 4, side * 4), 0)
    ImageDraw.Draw(large).ellipse((4, 4, side * 4 - 5, side * 4 - 5), fill=255)
    mask = Image.new("L", size, 0)
    corner = (round(centre[0] - radius), round(centre[1] - radius))
    mask.paste(large.resize((side, side), Image.Resampling.LANCZOS), corner)
    return mask


def _add_stars(sky: Image.Image, horizon: float, dice: random.Random) -> None:
    width, height = sky.size
    stars = Image.new("L", sky.size, 0)
    draw = ImageDraw.Draw(stars)
    unit = min(width, height) / 1024
    for _ in range(240):
        x, y = dice.random() * width, dice.random() ** 1.4 * horizon * height
        size, light = unit * dice.choice((0.6, 0.8, 1.0, 1.9)), dice.randint(90, 255)
        draw.ellipse((x - size, y - size, x + size, y + size), fill=light)
    halo = stars.filter(ImageFilter.GaussianBlur(2.5 * unit)).point(lambda v: min(255, v * 2))
    sky.paste((255, 250, 235), (0, 0), ImageChops.lighter(stars, halo))


def _add_clouds(sky: Image.Image, hour: Hour, horizon: float, dice: random.Random) -> None:
    lit = mix(hour.sky[2], hour.light, 0.55)
    shade = mix(hour.sky[1], hour.sky[2], 0.35)
    for _ in range(dice.randint(3, 6)):
        wide = dice.uniform(0.16, 0.42)
        height = dice.uniform(0.10, 0.85) ** 0.8 * horizon
        mask = _cloud(sky.size, (dice.uniform(-0.05, 1.0), height), wide, dice)
        strength = (0.30 if hour.dark else 0.62) * dice.uniform(0.6, 1.0)
        body = gradient(
            sky.size, [(0.0, lit), (max(0.0, height - wide * 0.12), lit), (height + 0.01, shade)]
        )
        sky.paste(body, (0, 0), mask.point([round(v * strength) for v in range(256)]))


def _cloud(size: tuple[int, int], corner: Point, wide: float, dice: random.Random) -> Image.Image:
    """Return the mask of a heap of round puffs that stands on a flat base and thins out."""
    width, height = size
    span = min(size) * wide
    left, base = corner[0] * width, corner[1] * height
    mask = Image.new("L", size, 0)
    draw = ImageDraw.Draw(mask)
    for step in range(16):
        along = step / 15
        hump = 0.16 * span * (1 - (2 * along - 1) ** 2) ** 0.6 * dice.uniform(0.5, 1.1)
        radius = max(1.5, hump)
        x = left + along * span
        draw.ellipse((x - radius * 1.5, base - radius, x + radius * 1.5, base + radius), fill=255)
    draw.rectangle((0, base, width, height), fill=0)
    soft = mask.filter(ImageFilter.GaussianBlur(span * 0.012))
    fade = gradient(
        size, [(0.0, (255,) * 3), (corner[1] - 0.15 * wide, (255,) * 3), (corner[1], (30,) * 3)]
    )
    return ImageChops.multiply(soft, fade.getchannel(0))


def add_birds(picture: Image.Image, tone: Colour, dice: random.Random) -> None:
    """Draw a small flock."""
    width, height = picture.size
    unit = min(picture.size) / 1024
    mask = Image.new("L", (width * 2, height * 2), 0)
    draw = ImageDraw.Draw(mask)
    left, top = dice.uniform(0.15, 0.7), dice.uniform(0.12, 0.34)
    for _ in range(dice.randint(3, 7)):
        x, y = (left + dice.gauss(0, 0.06)) * width * 2, (top + dice.gauss(0, 0.03)) * height * 2
        wing = dice.uniform(12, 24) * unit
        for side in (-1, 1):
            box = sorted((x, x + side * wing * 2))
            start = 200 if side > 0 else 250
            draw.arc(
                (box[0], y - wing * 0.5, box[1], y + wing),
                start,
                start + 90,
                255,
                max(1, round(3.2 * unit)),
            )
    picture.paste(tone, (0, 0), mask.reduce(2))
