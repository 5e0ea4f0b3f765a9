"""How a picture looks while it is being made: out of noise and blur, step by step."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL import Image, ImageFilter

from local.engine.painter.paint import paint, repaint

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.engine.painter.brief import Brief

PREVIEW_SIDE = 384  # pixels, the longer side of a frame
QUALITY = 80


def preview_frames(
    brief: Brief, base: Image.Image | None, denoise: float
) -> Callable[[float], bytes]:
    """Return a function from the share of the work done (0 to 1) to a JPEG frame."""
    small = brief.within(PREVIEW_SIDE)
    size = (small.width, small.height)
    picture = paint(small) if base is None else repaint(small, base.resize(size), denoise, None)
    strength = 1.0 if base is None else denoise
    cell = (max(size[0] // 8, 1), max(size[1] // 8, 1))
    grains = small.dice("latent noise").randbytes(3 * cell[0] * cell[1])
    noise = Image.frombytes("RGB", cell, grains).resize(size, Image.Resampling.BICUBIC)

    def frame(done: float) -> bytes:
        rest = 1 - min(max(done, 0.0), 1.0)
        soft = picture.filter(ImageFilter.GaussianBlur(strength * rest * max(size) / 24))
        buffer = io.BytesIO()
        Image.blend(soft, noise, strength * rest**2).save(buffer, "JPEG", quality=QUALITY)
        return buffer.getvalue()

    return frame
