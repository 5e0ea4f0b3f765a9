"""What other pictures do to one that is painted: they lend colours, lines, motion."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image, ImageOps

from local.engine.nodes.values import Guide, Pictures

PALETTE = (12, 12)  # so few pixels of a reference are left: its colours, none of its forms
MOST_TINT = 0.6  # of the reference's colours at full strength
LINE = (24, 20, 28)
PAN = 0.12  # the share of the picture that a film moves over
MOST_TURN = 0.8  # of the scene in the last frame of a film that starts from a picture


@dataclass(frozen=True, slots=True)
class Guides:
    """References for the look, and an outline."""

    looks: tuple[Guide, ...]
    outline: Guide | None

    def follow(self, picture: Image.Image) -> Image.Image:
        """Return the picture with the colours and the lines of its guides."""
        for look in self.looks:
            palette = look.picture.convert("RGB").resize(PALETTE, Image.Resampling.BOX)
            tint = palette.resize(picture.size, Image.Resampling.BICUBIC)
            picture = Image.blend(picture, tint, MOST_TINT * _share(look))
        if self.outline:
            lines = ImageOps.fit(self.outline.picture.convert("L"), picture.size)
            strength = _share(self.outline)
            picture = picture.copy()
            picture.paste(
                LINE, (0, 0), lines.point([round(tone * strength) for tone in range(256)])
            )
        return picture


def film(scene: Image.Image, frames: int, start: Image.Image | None = None) -> Pictures:
    """Return a slow pan over a scene, as many frames as asked for.

    With a picture to start from, the scene comes forth from it.
    """
    width, height = scene.size
    margin = round(width * PAN)
    wide = ImageOps.fit(scene, (width + margin, height))
    shares = [frame / max(frames - 1, 1) for frame in range(frames)]
    places = [round(margin * share) for share in shares]
    shown = (wide.crop((left, 0, left + width, height)) for left in places)
    if start is None:
        return tuple(shown)
    pairs = zip(shown, shares, strict=True)
    return tuple(Image.blend(start, frame, MOST_TURN * share) for frame, share in pairs)


def _share(guide: Guide) -> float:
    return max(0.0, min(1.0, guide.strength))
