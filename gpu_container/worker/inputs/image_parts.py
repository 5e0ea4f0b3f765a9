"""Takes an image file apart without decoding it, and keeps only the parts that draw it.

What a file is, how large and how many frames is told by its content. Profiles, texts, EXIF, more
pictures, and whatever is hidden behind the end never reach a decoder.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from gpu_container.worker.inputs.exif import UPRIGHT, read_orientation

MAX_PARTS = 20_000  # a 20 MB PNG in chunks of 8 KB has 2,560
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_DRAWS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
_SOI, _EOI, _SOS, _APP0, _APP1, _APP14 = 0xD8, 0xD9, 0xDA, 0xE0, 0xE1, 0xEE
_SOF = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_JPEG_DRAWS = _SOF | {0xC4, 0xCC, _SOS, 0xDB, 0xDD}  # tables, frame, scans, restart interval
_JPEG_COLOURS = frozenset({1, 3, 4})
_MARKER = re.compile(rb"\xff+([^\x00\xff])(..)?", re.DOTALL)  # with the length that most have
_CODED_ENDS = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # neither a stuffed zero nor a restart
_WEBP_ALPHA = 0x10
_VP8L_SIGNATURE = 0x2F
_VP8_START = b"\x9d\x01\x2a"
_IHDR = struct.Struct(">8x2I9x")
_FRAME = struct.Struct(">5x2HB")
_VP8L = struct.Struct("<8xBI")
_VP8 = struct.Struct("<11x3s2H")

_OTHERS = (
    (re.compile(rb"GIF8[79]a"), "a GIF"),
    (re.compile(rb"%PDF|.{1,1000}%PDF-", re.DOTALL), "a PDF"),
    (re.compile(rb"(\xef\xbb\xbf)?\s*<(\?xml|!DOCTYPE svg|svg)", re.IGNORECASE), "an SVG"),
    (re.compile(rb"\s*<(!DOCTYPE html|html|head|body|script)", re.IGNORECASE), "a web page"),
    (re.compile(rb"....ftyp(hei|hev|mif1|msf1|avi)", re.DOTALL), "a HEIC or AVIF"),
    (re.compile(rb"....ftyp|\x1aE\xdf\xa3|RIFF....AVI ", re.DOTALL), "a video"),
    (re.compile(rb"II[*+]\x00|MM\x00[*+]"), "a TIFF"),
    (re.compile(rb"8BPS"), "a Photoshop file"),
    (re.compile(rb"BM"), "a BMP"),
    (re.compile(rb"\x00\x00[\x01\x02]\x00"), "an icon"),
    (re.compile(rb"PK\x03\x04|\x1f\x8b|Rar!|7z\xbc\xaf"), "an archive"),
)


class Unsound(ValueError):
    """The file cannot be taken for an image; the message goes on after "the"."""


@dataclass(frozen=True, slots=True)
class ImageParts:
    """An image that is not decoded yet. `body` is a file of the same format, with nothing else."""

    format: str
    width: int
    height: int
    body: bytes
    orientation: int = UPRIGHT
    animated: bool = False
    scans: int = 1


def take_apart(data: bytes | bytearray) -> ImageParts:
    """Take a PNG, JPEG or WebP apart. Raises Unsound."""
    if data.startswith(_PNG):
        return _png(memoryview(data))
    if data.startswith(b"\xff\xd8\xff"):
        return _jpeg(memoryview(data))
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return _webp(memoryview(data))
    name = next((name for pattern, name in _OTHERS if pattern.match(data[:2000])), None)
    name = name or ("empty" if not data else "no image that we know")
    raise Unsound(f"file is {name}; send a PNG, JPEG or WebP")


def _png(data: memoryview) -> ImageParts:
    kept: list[bytes | memoryview] = [_PNG]
    size, orientation, animated = (0, 0), UPRIGHT, False
    for kind, chunk in _png_chunks(data):
        if kind == b"IHDR" and len(kept) == 1:
            size = _IHDR.unpack(chunk) if len(chunk) == _IHDR.size else (0, 0)
        elif kind == b"acTL":
            animated = int.from_bytes(chunk[8:12], "big") > 1
        elif kind == b"eXIf":
            orientation = read_orientation(chunk[8:-4])
        if kind in _PNG_DRAWS:
            if zlib.crc32(chunk[4:-4]) != int.from_bytes(chunk[-4:], "big"):
                raise Unsound("image is damaged: a checksum in it is wrong")
            kept.append(chunk)
    return ImageParts("PNG", *size, b"".join(kept), orientation, animated)


def _png_chunks(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    at = len(_PNG)
    for _ in range(MAX_PARTS):
        if at + 12 > len(data):
            raise Unsound("image is cut off")
        length, kind = struct.unpack_from(">I4s", data, at)
        if at + 12 + length > len(data):
            raise Unsound("image is cut off")
        yield kind, data[at : at + 12 + length]
        if kind == b"IEND":
            return
        at += 12 + length
    raise Unsound("image is made of too many pieces")


def _jpeg(data: memoryview) -> ImageParts:
    kept: list[bytes | memoryview] = [b"\xff\xd8"]
    size, orientation, scans = (0, 0), None, 0
    for marker, segment in _jpeg_segments(data):
        if marker in _SOF:
            size = _jpeg_size(segment, first=size == (0, 0))
        elif marker == _APP1 and orientation is None and bytes(segment[4:8]) == b"Exif":
            orientation = read_orientation(segment[4:])
        scans += marker == _SOS
        wanted = {_APP0: b"JFIF\0", _APP14: b"Adobe"}.get(marker)
        if marker in _JPEG_DRAWS or (wanted is not None and bytes(segment[4:9]) == wanted):
            kept.append(segment)
    kept.append(b"\xff\xd9")
    return ImageParts("JPEG", *size, b"".join(kept), orientation or UPRIGHT, scans=scans)


def _jpeg_size(segment: memoryview, *, first: bool) -> tuple[int, int]:
    if len(segment) < _FRAME.size or not first:
        raise Unsound("image is damaged: it says its size twice, or not at all")
    height, width, colours = _FRAME.unpack_from(segment)
    if colours not in _JPEG_COLOURS:
        raise Unsound(f"image has {colours} colour channels; send one with 1, 3 or 4")
    return width, height


def _jpeg_segments(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Yield each segment from its marker on; a scan's has its coded data with it."""
    at = 2
    for _ in range(MAX_PARTS):
        found = _MARKER.match(data, at)
        if found is None:
            raise Unsound("image is cut off")
        marker, length = found[1][0], int.from_bytes(found[2] or b"", "big")
        if marker == _EOI:
            return
        start = found.end(1) - 2
        end = found.end(1) + length
        if marker == _SOS:
            found = _CODED_ENDS.search(data, end)
            end = found.start() if found else len(data)
        if end > len(data):
            raise Unsound("image is cut off")
        yield marker, data[start:end]
        at = end
    raise Unsound("image is made of too many pieces")


def _webp(data: memoryview) -> ImageParts:
    picture: memoryview | None = None
    alpha: memoryview | None = None
    orientation, animated = UPRIGHT, False
    for kind, chunk in _webp_chunks(data):
        if kind in (b"VP8 ", b"VP8L") and picture is None:
            picture = chunk
        elif kind == b"ALPH" and alpha is None:
            alpha = chunk
        elif kind == b"EXIF":
            orientation = read_orientation(chunk[8:])
        animated |= kind in (b"ANIM", b"ANMF")
    if animated:
        return ImageParts("WEBP", 1, 1, b"", animated=True)
    if picture is None:
        raise Unsound("image is damaged: there is no picture in it")
    width, height = _webp_size(picture)
    body = _webp_body(picture, alpha, width, height)
    return ImageParts("WEBP", width, height, body, orientation)


def _webp_chunks(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    end = 8 + int.from_bytes(data[4:8], "little")
    if end > len(data):
        raise Unsound("image is cut off")
    at = 12
    for _ in range(MAX_PARTS):
        if at + 8 > end:
            return
        kind, length = struct.unpack_from("<4sI", data, at)
        if at + 8 + length > end:
            raise Unsound("image is cut off")
        yield kind, data[at : at + 8 + length]
        at += 8 + length + length % 2
    raise Unsound("image is made of too many pieces")


def _webp_size(picture: memoryview) -> tuple[int, int]:
    """RFC 9649, 2.5, and RFC 6386, 9.1: 14 bits each."""
    if _is_lossless(picture) and len(picture) >= _VP8L.size:
        signature, bits = _VP8L.unpack_from(picture)
        if signature == _VP8L_SIGNATURE:
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif len(picture) >= _VP8.size:
        start, width, height = _VP8.unpack_from(picture)
        if start == _VP8_START:
            return width & 0x3FFF, height & 0x3FFF
    raise Unsound("image is damaged: its size cannot be read")


def _is_lossless(picture: memoryview) -> bool:
    return bytes(picture[:4]) == b"VP8L"


def _webp_body(picture: memoryview, alpha: memoryview | None, width: int, height: int) -> bytes:
    chunks = [picture]
    if alpha is not None and not _is_lossless(picture):
        sizes = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        flags = struct.pack("<4sIB3x", b"VP8X", 10, _WEBP_ALPHA)
        chunks = [memoryview(flags + sizes), alpha, picture]
    padded = b"".join(b"".join((chunk, b"\0" * (len(chunk) % 2))) for chunk in chunks)
    return b"RIFF" + (len(padded) + 4).to_bytes(4, "little") + b"WEBP" + padded
