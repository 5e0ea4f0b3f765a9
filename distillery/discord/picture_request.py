"""What a picture says of itself: the request that the worker wrote into the file.

The fields are those of docs/gpu-container.md. Anybody can write such a file, so nothing in it is
believed: it is shown, and used as if the member had typed it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import unescape

from distillery.core.recipes.recipe import Scalar

END_BYTES = 128 * 1024
"""What the worker writes stands within so many bytes of the file's beginning or end."""

_MOST_BYTES = 61_000
_MOST_OPTIONS = 50
_PNG = b"\x89PNG\r\n\x1a\n"
_KEYWORD = b"distillery\x00\x00"
_IN_XMP = re.compile(
    rb"<distillery:request>(?:<!\[CDATA\[(.{0,61000}?)\]\]>|([^<]{0,61000}))</distillery:request>",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class PictureRequest:
    """The request of which a file says that it made it."""

    workflow: str
    options: Mapping[str, Scalar]
    job_id: str = ""


def is_whole(head: bytes) -> bool:
    """Tell whether the beginning of a file is enough: a PNG has it there or nowhere."""
    return head.startswith(_PNG) or len(head) < END_BYTES


def read_picture_request(head: bytes, tail: bytes = b"") -> PictureRequest | None:
    """Return the request in a file's beginning or end, or None when there is none. Never raises."""
    found = _in_png(head) if head.startswith(_PNG) else _in_xmp(head) or _in_xmp(tail)
    if found is None or len(found) > _MOST_BYTES:
        return None
    try:
        return _as_request(json.loads(found))
    except (ValueError, RecursionError):  # not UTF-8 or not JSON, or built to hurt
        return None


def _in_png(data: bytes) -> bytes | None:
    """Walk the chunks (W3C, Portable Network Graphics, 5.3 and 11.3.3.4)."""
    position = len(_PNG)
    while position + 8 <= len(data):
        length = int.from_bytes(data[position : position + 4])
        name, chunk = data[position + 4 : position + 8], data[position + 8 : position + 8 + length]
        if name == b"iTXt" and chunk.startswith(_KEYWORD) and len(chunk) == length:
            parts = chunk[len(_KEYWORD) + 1 :].split(b"\x00", 2)  # language, keyword, text
            return parts[2] if len(parts) == 3 else None  # noqa: PLR2004
        position += 12 + length
    return None


def _in_xmp(data: bytes) -> bytes | None:
    """Find our element in the packet of a JPEG or WebP."""
    found = _IN_XMP.search(data)
    if found is None:
        return None
    if found[1] is not None:
        return found[1]
    return unescape(found[2].decode(errors="replace"), {"&quot;": '"'}).encode()


def _as_request(document: Any) -> PictureRequest | None:
    if not isinstance(document, dict) or not isinstance(document.get("workflow"), str):
        return None
    options = document.get("options")
    kept = {
        str(name): value
        for name, value in (options.items() if isinstance(options, dict) else ())
        if isinstance(value, str | int | float | bool)
    }
    job_id = document.get("job_id")
    return PictureRequest(
        workflow=document["workflow"],
        options=dict(list(kept.items())[:_MOST_OPTIONS]),
        job_id=job_id if isinstance(job_id, str) else "",
    )
