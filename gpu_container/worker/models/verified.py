"""Whether a file is the one that models.toml declares: hashed once, and remembered beside it.

Only its hash is believed, but a model is gigabytes: no job waits for what an earlier one has found.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from gpu_container.worker.models.declared import Model

log = logging.getLogger(__name__)

_CHUNK_BYTES = 8 << 20


class Verified:
    """What this process knows of files, and what stands beside them."""

    def __init__(self) -> None:
        self._known: dict[tuple[Path, str], bool] = {}

    def is_right(self, path: Path, model: Model, check: Callable[[], None] = lambda: None) -> bool:
        """Say whether the file has the declared content.

        It is hashed if nobody has done so since it was last changed. `check` is called now and then
        and may raise. Raises OSError where the file cannot be read.
        """
        if not is_whole(path, model):
            return False
        mark = _mark(path, model)
        if (path, mark) not in self._known and _read(path) != mark:
            log.info("hashing %s (%d bytes), once", path, model.size)
            right = sha256_of(path, check) == model.sha256
            self._known[path, mark] = right
            if right:
                _write(path, mark)
        return self._known.setdefault((path, mark), True)

    def note(self, path: Path, model: Model) -> None:
        """Remember that the file has just been found right."""
        mark = _mark(path, model)
        self._known[path, mark] = True
        _write(path, mark)


def note_beside(path: Path) -> Path:
    """Return the hidden file that remembers: hash, size, and the time of the last change."""
    return path.with_name(f".{path.name}.sha256")


def is_whole(path: Path, model: Model) -> bool:
    """Say whether a file of the declared size is there; its content is not read."""
    try:
        return path.stat().st_size == model.size
    except OSError:
        return False


def sha256_of(path: Path, check: Callable[[], None] = lambda: None) -> str:
    """Hash a file; `check` is called now and then and may raise."""
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            check()
    return digest.hexdigest()


def _mark(path: Path, model: Model) -> str:
    found = path.stat()
    return f"{model.sha256} {found.st_size} {found.st_mtime_ns}\n"


def _read(path: Path) -> str | None:
    try:
        return note_beside(path).read_text("ascii")
    except (OSError, ValueError):
        return None


def _write(path: Path, mark: str) -> None:
    with suppress(OSError):  # SageMaker's model data is read-only: this process remembers it alone
        note_beside(path).write_text(mark, "ascii")
