"""Reads the one EXIF entry that changes a picture: which way is up.

Everything else in EXIF is dropped unread, so that no broken or huge block of it can do harm.
"""

from __future__ import annotations

import struct

UPRIGHT = 1
_PREFIX = b"Exif\0\0"
_ORIENTATION = 0x0112
_SHORT = 3
_KNOWN = range(1, 9)


def read_orientation(block: memoryview) -> int:
    """Return 1 to 8 (EXIF 2.32, 4.6.5 A); 1 where the block does not say, or is broken."""
    if bytes(block[: len(_PREFIX)]) == _PREFIX:
        block = block[len(_PREFIX) :]
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(bytes(block[:4]))
    if order is None:
        return UPRIGHT
    try:
        (at,) = struct.unpack_from(order + "I", block, 4)
        (entries,) = struct.unpack_from(order + "H", block, at)
        for entry in range(entries):
            tag, kind, _, value = struct.unpack_from(order + "HHIH", block, at + 2 + 12 * entry)
            if tag == _ORIENTATION:
                return value if kind == _SHORT and value in _KNOWN else UPRIGHT
    except struct.error:  # cut off, or it points outside itself
        pass
    return UPRIGHT
