"""What a file is, told by its first bytes: a name or a key in the node's answer may lie."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

HEAD_BYTES = 4096
"""So much of a file is enough to tell its kind."""


@dataclass(frozen=True, slots=True)
class FileKind:
    """How a file is served and named."""

    content_type: str
    extension: str

    @property
    def is_image(self) -> bool:
        """True for every kind of picture, moving or not."""
        return self.content_type.startswith("image/")


PNG = FileKind("image/png", ".png")
JPEG = FileKind("image/jpeg", ".jpg")
WEBP = FileKind("image/webp", ".webp")
GIF = FileKind("image/gif", ".gif")
TEXT = FileKind("text/plain; charset=utf-8", ".txt")
UNKNOWN = FileKind("application/octet-stream", ".bin")

_MP4 = FileKind("video/mp4", ".mp4")
_MP3 = FileKind("audio/mpeg", ".mp3")
_OGG = FileKind("audio/ogg", ".ogg")
_STARTS: tuple[tuple[bytes, FileKind], ...] = (
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"BM", FileKind("image/bmp", ".bmp")),
    (b"II*\x00", FileKind("image/tiff", ".tif")),
    (b"MM\x00*", FileKind("image/tiff", ".tif")),
    (b"v/1\x01", FileKind("image/x-exr", ".exr")),
    (b"fLaC", FileKind("audio/flac", ".flac")),
    (b"ID3", _MP3),
    (b"glTF\x02", FileKind("model/gltf-binary", ".glb")),
)
_RIFF = {
    b"WEBP": WEBP,
    b"WAVE": FileKind("audio/wav", ".wav"),
    b"AVI ": FileKind("video/x-msvideo", ".avi"),
}
_BRANDS = {  # ISO 14496-12, "File type box"; any brand that is not here is a video
    b"avif": FileKind("image/avif", ".avif"),
    b"avis": FileKind("image/avif", ".avif"),
    b"heic": FileKind("image/heic", ".heic"),
    b"qt  ": FileKind("video/quicktime", ".mov"),
    b"M4A ": FileKind("audio/mp4", ".m4a"),
}
# Extensions that say more than the bytes do. Nothing among them makes a browser run a script.
_TEXTS = {".csv", ".gltf", ".json", ".md", ".obj", ".srt", ".vtt"}
_BINARIES = {".latent", ".npy", ".npz", ".ply", ".safetensors", ".stl"}
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def sniff(head: bytes, filename: str) -> FileKind:
    """Tell the kind from a file's first HEAD_BYTES.

    Only where those do not decide (one text or one tensor file from another) is the name asked.
    """
    for test in _TESTS:
        if kind := test(head):
            return kind
    extension = PurePosixPath(filename).suffix.lower()
    if _is_text(head):
        return FileKind(TEXT.content_type, extension) if extension in _TEXTS else TEXT
    return FileKind(UNKNOWN.content_type, extension) if extension in _BINARIES else UNKNOWN


def _by_start(head: bytes) -> FileKind | None:
    return next((kind for start, kind in _STARTS if head.startswith(start)), None)


def _riff(head: bytes) -> FileKind | None:
    return _RIFF.get(head[8:12]) if head.startswith(b"RIFF") else None


def _iso_media(head: bytes) -> FileKind | None:
    return _BRANDS.get(head[8:12], _MP4) if head[4:8] == b"ftyp" else None


def _matroska(head: bytes) -> FileKind | None:
    if not head.startswith(b"\x1a\x45\xdf\xa3"):  # EBML, RFC 8794
        return None
    if b"webm" in head[:64]:
        return FileKind("video/webm", ".webm")
    return FileKind("video/x-matroska", ".mkv")


def _ogg(head: bytes) -> FileKind | None:
    if not head.startswith(b"OggS"):
        return None
    return FileKind("video/ogg", ".ogv") if b"\x80theora" in head[:128] else _OGG


def _mpeg_audio(head: bytes) -> FileKind | None:
    """Know a frame without a tag before it: eleven set bits, then layer, bit rate and frequency.

    ISO 11172-3, 2.4.1.3; an ADTS frame (ISO 13818-7, 6.2) has layer 0.
    """
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:  # noqa: PLR2004
        return None
    if head[1] & 0xF6 == 0xF0:  # noqa: PLR2004
        return FileKind("audio/aac", ".aac")
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    bit_rate, frequency = head[2] >> 4, head[2] >> 2 & 3
    known = version != 1 and layer == 1 and bit_rate not in (0, 15) and frequency != 3  # noqa: PLR2004
    return _MP3 if known else None


_TESTS: tuple[Callable[[bytes], FileKind | None], ...] = (
    _by_start,
    _riff,
    _iso_media,
    _matroska,
    _ogg,
    _mpeg_audio,
)


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        cut_off = len(head) >= HEAD_BYTES and error.start > len(head) - 4
        if not cut_off:
            return False
        text = head[: error.start].decode()
    return not _CONTROL.search(text)
