"""Keeps a job's request in the pictures it made, and reads it back.

PNG has it in an iTXt chunk, JPEG and WebP (also animated) in an XMP packet. Pixels are never
encoded anew, and what else a file says of itself (ComfyUI's own prompt and workflow) stays.
"""

from __future__ import annotations

import io
import json
import re
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO
from xml.sax.saxutils import unescape

from gpu_container.worker.outputs.kinds import JPEG, PNG, WEBP, FileKind
from gpu_container.worker.store.content import Content, Slice, whole

MAX_BYTES = 60_000
"""So much encoded metadata fits into the one segment of a JPEG."""

_KEYWORD = b"distillery"
_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_PNG_START, _PNG_IHDR_END = 8, 33
_XMP_IN_JPEG = b"http://ns.adobe.com/xap/1.0/\x00"  # XMP Specification Part 3, 1.1.3
_PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:distillery="urn:distillery:1">'
    "<distillery:request><![CDATA[%s]]></distillery:request>"
    '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
)
_REQUEST = re.compile(
    r"<distillery:request>(?:<!\[CDATA\[(.*?)\]\]>|([^<]*))</distillery:request>", re.DOTALL
)
_NOT_IN_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")  # XML 1.0, 2.2; JSON escapes the others


class Unreadable(ValueError):
    """The file is not built as its kind should be."""


def encode(metadata: Mapping[str, Any]) -> str:
    """Return the JSON text that is written into files: legal UTF-8, legal in a CDATA section."""
    text = json.dumps(metadata, ensure_ascii=False, separators=(",", ":"))
    text = _NOT_IN_XML.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return text.replace("]]>", "]]\\u003e")


def xmp_packet(text: str) -> bytes:
    """Return an XMP packet that holds `text`, which is what `encode` returned."""
    return (_PACKET % text).encode()


def with_metadata(path: Path, kind: FileKind, text: str) -> Content:
    """Return the file at `path` with `text` (what `encode` returned) in it.

    A file of another kind, or one that is not built as its kind should be, is returned as it is.
    A packet of ours or anybody's XMP that a JPEG or WebP has is replaced.
    """
    write = _WRITERS.get(kind)
    if write is None:
        return whole(path)
    try:
        with path.open("rb") as file:
            return write(path, file, text.encode())
    except (Unreadable, struct.error, IndexError):
        return whole(path)


def read(path: Path) -> dict[str, Any] | None:
    """Return the request that a file of any name holds, or None. Raises OSError alone."""
    with path.open("rb") as file:
        for find in (_find_in_png, _find_in_jpeg, _find_in_webp):
            file.seek(0)
            try:
                text = find(file)
                request = json.loads(text) if text is not None else None
            except (Unreadable, struct.error, IndexError, ValueError, RecursionError):
                continue
            if isinstance(request, dict):
                return request
    return None


# PNG: W3C, Portable Network Graphics, 11.3.3.4


def _write_png(path: Path, file: BinaryIO, text: bytes) -> Content:
    start = _bytes_at(file, 0, _PNG_IHDR_END)
    if start[:_PNG_START] != _PNG_MAGIC or start[12:16] != b"IHDR":
        raise Unreadable
    data = _KEYWORD + b"\x00\x00\x00\x00\x00" + text  # not compressed, no language
    check = zlib.crc32(b"iTXt" + data)
    chunk = struct.pack(">I", len(data)) + b"iTXt" + data + struct.pack(">I", check)
    return Slice(path, 0, _PNG_IHDR_END), chunk, _rest(path, _PNG_IHDR_END)


def _find_in_png(file: BinaryIO) -> str | None:
    for name, start, length in _png_chunks(file):
        if name == b"iTXt" and length <= MAX_BYTES + 100:
            data = _bytes_at(file, start, length)
            if data.startswith(_KEYWORD + b"\x00\x00"):
                return data[len(_KEYWORD) + 3 :].split(b"\x00", 2)[2].decode()
    return None


def _png_chunks(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Yield the name, the start and the length of each chunk's data."""
    if file.read(_PNG_START) != _PNG_MAGIC:
        raise Unreadable
    position, name = _PNG_START, b""
    while name != b"IEND":
        length, name = struct.unpack(">I4s", _bytes_at(file, position, 8))
        yield name, position + 8, length
        position += 12 + length


# JPEG: ITU T.81, B.1.1; Exif and XMP are APP1 segments, and Exif comes before XMP


def _write_jpeg(path: Path, file: BinaryIO, text: bytes) -> Content:
    packet = _XMP_IN_JPEG + xmp_packet(text.decode())
    segment = b"\xff\xe1" + struct.pack(">H", len(packet) + 2) + packet
    parts: list[bytes | Slice] = [Slice(path, 0, 2)]
    position = 2
    for marker, start, length in _jpeg_segments(file):
        if segment and marker not in (0xE0, 0xE1):
            parts.append(segment)
            segment = b""
        if not _is_xmp(file, marker, start):
            parts.append(Slice(path, position, start + length - position))
        position = start + length
    return *parts, *([segment] if segment else []), _rest(path, position)


def _find_in_jpeg(file: BinaryIO) -> str | None:
    for marker, start, length in _jpeg_segments(file):
        if _is_xmp(file, marker, start):
            return _unpack(_bytes_at(file, start, length))
    return None


def _is_xmp(file: BinaryIO, marker: int, start: int) -> bool:
    if marker != 0xE1:  # noqa: PLR2004
        return False
    file.seek(start)
    return file.read(len(_XMP_IN_JPEG)) == _XMP_IN_JPEG


def _jpeg_segments(file: BinaryIO) -> Iterator[tuple[int, int, int]]:
    """Yield the marker, the start and the length of each segment's data, up to the first scan."""
    if file.read(2) != b"\xff\xd8":
        raise Unreadable
    position = 2
    while True:
        mark, marker, length = struct.unpack(">BBH", _bytes_at(file, position, 4))
        if mark != 0xFF or not 0xC0 <= marker <= 0xFE or length < 2:  # noqa: PLR2004
            raise Unreadable
        if marker == 0xDA:  # noqa: PLR2004  the scan: what follows are pixels
            return
        yield marker, position + 4, length - 2
        position += 2 + length


# WebP: RFC 9649, 2.7


def _write_webp(path: Path, file: BinaryIO, text: bytes) -> Content:
    chunks = list(_webp_chunks(file))
    packet = xmp_packet(text.decode())
    flags, header = _extended_header(file, *chunks[0])
    kept = [
        Slice(path, start - 8, 8 + length + length % 2)
        for name, start, length in chunks
        if name not in (b"VP8X", b"XMP ")
    ]
    body: list[bytes | Slice] = [
        b"WEBPVP8X" + struct.pack("<IB", 10, flags | 0x04) + header,
        *kept,
        b"XMP " + struct.pack("<I", len(packet)) + packet + b"\x00" * (len(packet) % 2),
    ]
    total = sum(len(part) if isinstance(part, bytes) else part.length for part in body)
    return b"RIFF" + struct.pack("<I", total), *body


def _extended_header(file: BinaryIO, name: bytes, start: int, length: int) -> tuple[int, bytes]:
    """Return the flags and the rest of the VP8X chunk that the file has or needs."""
    data = _bytes_at(file, start, min(length, 10))
    if name == b"VP8X":
        return data[0], data[1:10]
    if name == b"VP8 " and data[3:6] == b"\x9d\x01\x2a":  # RFC 6386, 9.1
        width, height = (side & 0x3FFF for side in struct.unpack("<HH", data[6:10]))
        alpha = 0
    elif name == b"VP8L" and data[0] == 0x2F:  # noqa: PLR2004  RFC 9649, 3.4
        (bits,) = struct.unpack("<I", data[1:5])
        width, height, alpha = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, bits >> 28 & 1
    else:
        raise Unreadable
    sides = b"".join(struct.pack("<I", side - 1)[:3] for side in (width, height))
    return 0x10 * alpha, b"\x00\x00\x00" + sides


def _find_in_webp(file: BinaryIO) -> str | None:
    for name, start, length in _webp_chunks(file):
        if name == b"XMP " and length <= 2 * MAX_BYTES:
            return _unpack(_bytes_at(file, start, length))
    return None


def _webp_chunks(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Yield the name, the start and the length of each chunk's data."""
    riff, size, webp = struct.unpack("<4sI4s", file.read(12))
    end = 8 + size
    if (riff, webp) != (b"RIFF", b"WEBP") or file.seek(0, io.SEEK_END) < end:
        raise Unreadable
    position = 12
    while position < end:
        name, length = struct.unpack("<4sI", _bytes_at(file, position, 8))
        if position + 8 + length + length % 2 > end:
            raise Unreadable
        yield name, position + 8, length
        position += 8 + length + length % 2


_WRITERS: dict[FileKind, Callable[[Path, BinaryIO, bytes], Content]] = {
    PNG: _write_png,
    JPEG: _write_jpeg,
    WEBP: _write_webp,
}


def _unpack(packet: bytes) -> str | None:
    found = _REQUEST.search(packet.decode())
    if found is None:
        return None
    return found[1] if found[1] is not None else unescape(found[2], {"&quot;": '"'})


def _bytes_at(file: BinaryIO, position: int, length: int) -> bytes:
    file.seek(position)
    data = file.read(length)
    if len(data) < length:
        raise Unreadable
    return data


def _rest(path: Path, position: int) -> Slice:
    return Slice(path, position, path.stat().st_size - position)
