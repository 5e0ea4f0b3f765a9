"""Makes a preview frame small enough to travel in progress.json."""

from __future__ import annotations

import io

from PIL import Image

MAX_BYTES = 64 * 1024
_SIDES = (512, 384, 256, 128)
_JPEG = b"\xff\xd8\xff"


def small_jpeg(frame: bytes) -> bytes | None:
    """Return the frame as a JPEG of at most 64 KB, scaled down if it must be.

    Returns None for what is not an image: a preview is never worth an error.
    """
    if frame.startswith(_JPEG) and len(frame) <= MAX_BYTES:
        return frame
    try:
        with Image.open(io.BytesIO(frame), formats=("JPEG", "PNG")) as image:
            picture = image.convert("RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None
    for side in _SIDES:
        picture.thumbnail((side, side))
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=70)
        if out.tell() <= MAX_BYTES:
            return out.getvalue()
    return None
