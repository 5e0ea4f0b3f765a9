"""Writes a PNG for the engine next door: nothing is packed, so nothing is tried out.

Pillow weighs five filters for each line, also where it is told not to compress: for a picture full
of noise that takes five times as long as decoding it.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator

from PIL import Image

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOUR_TYPES = {"L": 0, "RGB": 2, "RGBA": 6}  # W3C, Portable Network Graphics, 11.2.1
_BITS = 8
_UNFILTERED = b"\0"
_LINES_AT_ONCE = 256


def plain_png(image: Image.Image) -> bytes:
    """Return an image of mode L, RGB or RGBA as a PNG: its pixels, and nothing else of it."""
    width, height = image.size
    header = struct.pack(">2I5B", width, height, _BITS, _COLOUR_TYPES[image.mode], 0, 0, 0)
    pack = zlib.compressobj(0)  # stored, as RFC 1951, 3.2.4 has it
    out = io.BytesIO()  # whose last value is no copy
    out.write(_SIGNATURE)
    _write_chunk(out, b"IHDR", header)
    for lines in _lines(image):
        _write_chunk(out, b"IDAT", pack.compress(lines))
    _write_chunk(out, b"IDAT", pack.flush())
    _write_chunk(out, b"IEND", b"")
    return out.getvalue()


def _lines(image: Image.Image) -> Iterator[bytes]:
    """Yield some lines at a time: all pixels a second time would be up to 67 MB."""
    width, height = image.size
    for top in range(0, height, _LINES_AT_ONCE):
        bottom = min(top + _LINES_AT_ONCE, height)
        pixels = image.crop((0, top, width, bottom)).tobytes()
        length = len(pixels) // (bottom - top)
        starts = range(0, len(pixels), length)
        yield b"".join(_UNFILTERED + pixels[start : start + length] for start in starts)


def _write_chunk(out: io.BytesIO, name: bytes, data: bytes) -> None:
    check = zlib.crc32(data, zlib.crc32(name))
    for part in (struct.pack(">I", len(data)), name, data, struct.pack(">I", check)):
        out.write(part)
