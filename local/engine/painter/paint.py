"""Paints a picture from a brief: sky, distance, foreground, subject, and a last glaze."""

from __future__ import annotations

from PIL import Image, ImageChops, ImageEnhance, ImageOps

from local.engine.painter.brief import Brief
from local.engine.painter.colours import mix
from local.engine.painter.growth import build_town, grow_trees
from local.engine.painter.land import (
    FINE,
    Ground,
    foreground_lines,
    grass,
    hill_tone,
    paint_ranges,
    ridge,
)
from local.engine.painter.noise import Line, grain
from local.engine.painter.scene import Scene, read
from local.engine.painter.sky import add_birds, paint_sky
from local.engine.painter.subjects import place_subject
from local.engine.painter.water import paint_water

USUAL_CFG = 7.0
NOTHING_LEFT = 0.95  # from this denoise on, nothing of the picture below is left
ROOM_FOR_A_SUBJECT = 0.4  # from this denoise on, something new can appear in a picture
FLOOR = 0.9  # where a figure stands in a picture whose ground is not known


def paint(brief: Brief) -> Image.Image:
    """Return the picture of a brief, in mode RGB."""
    scene = read(brief)
    size = (brief.width, brief.height)
    dice = brief.dice("layout")
    horizon = dice.uniform(0.52, 0.60)
    sun = (dice.choice((dice.uniform(0.2, 0.4), dice.uniform(0.6, 0.8))), dice.uniform(0.16, 0.36))
    picture = paint_sky(scene.hour, size, horizon, sun, brief.dice("sky"))
    if not scene.hour.dark:
        add_birds(picture, mix(scene.hour.sky[0], (0, 0, 0), 0.25), brief.dice("birds"))
    ground = Ground(picture, scene, brief.dice("ground"), sun[0])
    _paint_distance(ground, horizon)
    nearest = _paint_foreground(ground, horizon)
    place_subject(ground, nearest, horizon, brief.dice("subject"))
    _let_fall(ground)
    return _glazed(picture, brief, scene)


def _paint_distance(ground: Ground, horizon: float) -> None:
    if ground.scene.land.city:
        build_town(ground, horizon)
    else:
        paint_ranges(ground, horizon)
    if ground.scene.land.water:
        paint_water(ground, horizon)


def _paint_foreground(ground: Ground, horizon: float) -> Line:
    """Paint from the horizon to the viewer and return the line of the nearest hill."""
    land = ground.scene.land
    lines = foreground_lines(ground, horizon)
    for number, line in enumerate(lines, 1):
        share = number / len(lines)
        if land.trees and share < 1:
            grow_trees(ground, line, share)
        ridge(ground, line, hill_tone(ground, share), mist=0.45 - 0.4 * share)
    if land.trees and not land.snow:
        grass(ground, lines[-1], mix(hill_tone(ground, 1), ground.scene.hour.sky[0], 0.2))
    return lines[-1]


def _let_fall(ground: Ground) -> None:
    """Let snow, leaves or petals drift through the air."""
    tone = ground.scene.land.falling
    if tone is None:
        return
    mask, pen = ground.shape()
    for _ in range(150):
        x, y = ground.dice.random() * mask.width, ground.dice.random() * mask.height
        size = ground.dice.uniform(2, 7) * ground.unit * FINE
        lean = ground.dice.uniform(0.5, 1.0)
        pen.ellipse(
            (x - size, y - size * lean, x + size, y + size * lean), ground.dice.randint(90, 230)
        )
    ground.fill(mask, tone)


def repaint(
    brief: Brief, base: Image.Image, denoise: float, mask: Image.Image | None
) -> Image.Image:
    """Return `base` painted over: the more `denoise` (0 to 1), the less of it is left.

    Where `mask` is given, only its white parts change.
    """
    base = base.convert("RGB")
    if denoise >= NOTHING_LEFT:
        result = paint(brief).resize(base.size)
    else:
        result = _in_new_light(base, brief, denoise)
    return result if mask is None else Image.composite(result, base, mask.resize(base.size))


def _in_new_light(base: Image.Image, brief: Brief, denoise: float) -> Image.Image:
    """Keep the forms of `base`, change its light, and with enough freedom add the subject."""
    scene = read(brief)
    tones = ImageOps.colorize(
        ImageOps.autocontrast(base.convert("L"), cutoff=1),
        mix(scene.land.near, scene.hour.sky[0], 0.4),
        scene.hour.light,
        mid=mix(scene.hour.sky[1], scene.tint or scene.land.far, 0.3),
    )
    picture = Image.blend(base, tones, min(0.8, denoise))
    if denoise >= ROOM_FOR_A_SUBJECT:
        sun_x = brief.dice("light").choice((0.25, 0.75))
        ground = Ground(picture, scene, brief.dice("ground"), sun_x)
        flat = [(0.0, FLOOR), (1.0, FLOOR)]
        place_subject(ground, flat, 1 - FLOOR / 2, brief.dice("subject"))
        _let_fall(ground)
    return _glazed(picture, brief, scene)


def _glazed(picture: Image.Image, brief: Brief, scene: Scene) -> Image.Image:
    """Give the picture its mood: a vignette, colours as strong as cfg asks, and paper grain."""
    edge = Image.radial_gradient("L").resize(picture.size, Image.Resampling.BICUBIC)
    shade = edge.point([round(130 * max(0.0, v / 255 - 0.45) / 0.55) for v in range(256)])
    picture.paste(mix(scene.hour.sky[0], (0, 0, 0), 0.55), (0, 0), shade)
    strength = 1 + max(-0.35, min(0.35, (brief.cfg - USUAL_CFG) * 0.03))
    picture = ImageEnhance.Color(picture).enhance(1.06 * strength)
    paper = grain(brief.dice("grain"), picture.size)
    share = 0.03 / max(1.0, brief.steps / 20)
    soft = Image.merge("RGB", [paper] * 3)
    return ImageChops.overlay(
        picture, Image.blend(Image.new("RGB", picture.size, (128,) * 3), soft, share * 2)
    )
