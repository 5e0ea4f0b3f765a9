"""The bytes of a file to store, as pieces that are read only while they are sent.

So metadata is put into a video of hundreds of megabytes without copying it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gpu_container.worker.errors import JobFailed, Kind

CHUNK = 1 << 18


@dataclass(frozen=True, slots=True)
class Slice:
    """A range of a file on disk, in bytes."""

    path: Path
    start: int
    length: int


Content = tuple[bytes | Slice, ...]


def whole(path: Path) -> Content:
    """Return the file as it is."""
    return (Slice(path, 0, path.stat().st_size),)


def size(content: Content) -> int:
    """Return how many bytes it has; nothing is read."""
    return sum(len(part) if isinstance(part, bytes) else part.length for part in content)


def chunks(content: Content) -> Iterator[bytes]:
    """Read it piece by piece. Raises JobFailed if a file is not what it was when it was found."""
    for part in content:
        if isinstance(part, bytes):
            yield part
        else:
            yield from _read(part)


def _read(part: Slice) -> Iterator[bytes]:
    left = part.length
    try:
        with part.path.open("rb", buffering=0) as file:
            file.seek(part.start)
            while left:
                data = file.read(min(left, CHUNK))
                if not data:
                    raise _changed()
                left -= len(data)
                yield data
    except OSError as error:
        raise _changed() from error


def _changed() -> JobFailed:
    return JobFailed(Kind.EXECUTION_FAILED, "a file of the run changed while it was stored")
