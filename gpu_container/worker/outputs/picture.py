"""What a picture looks like to whoever shows it, and smaller copies of it for Discord."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from gpu_container.worker.outputs.kinds import GIF, JPEG, PNG, WEBP, FileKind

_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP", "AVIF")
_SHOWN = (PNG, JPEG, WEBP, GIF)
_MAX_PIXELS = 1 << 26  # decoded at most 256 MB
_WEBP_MAX_SIDE = 16_383  # RFC 9649, 2.7.1
_STEPS = ((1, 90), (1, 75), (2, 85), (4, 85), (8, 80), (16, 75))  # divisor of the sides, quality
_UNREADABLE = (
    UnidentifiedImageError,
    OSError,
    SyntaxError,
    ValueError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


@dataclass(frozen=True, slots=True)
class Copy:
    """A smaller WebP of a picture. Width and height in pixels."""

    data: bytes
    width: int
    height: int


def image_size(path: Path) -> tuple[int, int] | None:
    """Return width and height in pixels if the file is an image; nothing is decoded."""
    try:
        with Image.open(path) as image:
            return image.size
    except _UNREADABLE:
        return None


def is_animated(path: Path) -> bool:
    """Say whether the file is an image of several frames; nothing is decoded."""
    try:
        with Image.open(path) as image:
            return bool(getattr(image, "is_animated", False))
    except _UNREADABLE:
        return False


def is_shown(path: Path, kind: FileKind) -> bool:
    """Say whether Discord shows the image as it is: no TIFF or BMP, and 8 bits for a colour."""
    if kind is PNG:
        with path.open("rb") as file:
            return file.read(25)[24:] != b"\x10"
    return kind in _SHOWN


def smaller_copy(path: Path, max_bytes: int, xmp: bytes = b"") -> Copy | None:
    """Return a WebP of at most `max_bytes`, upright, with sides halved until it fits.

    `xmp` is the packet that it is to hold.

    None for an animation, which would lose its motion, and for what cannot be decoded in bounds.
    """
    try:
        with Image.open(path, formats=_FORMATS) as image:
            if image.width * image.height > _MAX_PIXELS or getattr(image, "is_animated", False):
                return None
            picture = _plain(image)
    except _UNREADABLE:
        return None
    return next((copy for copy in _tries(picture, xmp) if len(copy.data) <= max_bytes), None)


def thumbnail(path: Path, side: int) -> Copy | None:
    """Return a WebP of the first frame with sides of at most `side` pixels."""
    try:
        with Image.open(path, formats=_FORMATS) as image:
            if image.width * image.height > _MAX_PIXELS:
                return None
            image.draft("RGB", (side, side))
            picture = _plain(image)
    except _UNREADABLE:
        return None
    picture.thumbnail((side, side))
    return _webp(picture, 80)


def _plain(image: Image.Image) -> Image.Image:
    """Return the first frame upright, in 8 bits for each colour."""
    image.load()
    picture: Image.Image = image
    if image.mode.startswith("I"):  # 16 bits of grey: convert() would cut off, not scale
        picture = image.point(lambda value: value * (1 / 256)).convert("L")
    picture = ImageOps.exif_transpose(picture)
    alpha = "A" in picture.getbands() or "transparency" in picture.info
    return picture.convert("RGBA" if alpha else "RGB")


def _tries(picture: Image.Image, xmp: bytes) -> Iterator[Copy]:
    picture.thumbnail((_WEBP_MAX_SIDE, _WEBP_MAX_SIDE))
    width, height = picture.size
    for divisor, quality in _STEPS:
        picture.thumbnail((max(1, width // divisor), max(1, height // divisor)))
        yield _webp(picture, quality, xmp)


def _webp(picture: Image.Image, quality: int, xmp: bytes = b"") -> Copy:
    out = io.BytesIO()
    profile = picture.info.get("icc_profile", b"")
    picture.save(out, "WEBP", quality=quality, icc_profile=profile, exif=b"", xmp=xmp)
    return Copy(out.getvalue(), *picture.size)
