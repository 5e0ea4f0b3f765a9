"""The three folders that ComfyUI reads and writes: `input`, `output` and `temp`.

Every name that comes from outside (an upload, a `/view`, a filename prefix) becomes a path here
and nowhere else, so that none can climb out.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

KINDS = ("input", "output", "temp")


class OutsideFolderError(ValueError):
    """A name led out of the folder it was given for."""


@dataclass(frozen=True, slots=True)
class SavedFile:
    """One file as ComfyUI names it to its clients: name, folder below the root, and root."""

    filename: str
    subfolder: str
    type: str


@dataclass(frozen=True, slots=True)
class Folders:
    """The roots below one base directory."""

    base: Path

    def make(self) -> None:
        """Make the three roots."""
        for kind in KINDS:
            (self.base / kind).mkdir(parents=True, exist_ok=True)

    def locate(self, kind: str, subfolder: str, filename: str) -> Path:
        """Return the path of a file, which need not exist.

        Raises:
            OutsideFolderError: if subfolder or filename climb out of the root.
        """
        root = (self.base / kind).resolve()
        path = (root / subfolder / filename).resolve()
        if not path.is_relative_to(root) or path == root:
            raise OutsideFolderError(f"{subfolder}/{filename} is outside {kind}")
        return path

    def input_names(self) -> list[str]:
        """Return the files that lie directly in `input`, as `/object_info` offers them."""
        return sorted(path.name for path in (self.base / "input").iterdir() if path.is_file())

    def find_input(self, name: str) -> Path | None:
        """Return the input file `name` (it may hold a subfolder), or None."""
        try:
            path = self.locate("input", "", name)
        except OutsideFolderError:
            return None
        return path if path.is_file() else None

    def store_upload(
        self, kind: str, subfolder: str, filename: str, content: bytes, *, overwrite: bool
    ) -> SavedFile:
        """Store an upload; a different file under the same name is kept and `name (1)` used.

        Raises:
            OutsideFolderError: if subfolder or filename climb out of the root.
        """
        path = self.locate(kind, subfolder, filename)
        path.parent.mkdir(parents=True, exist_ok=True)
        if not overwrite:
            path = _free_or_same(path, content)
        path.write_bytes(content)
        return SavedFile(path.name, subfolder, kind)

    def next_names(
        self, kind: str, prefix: str, count: int, suffix: str
    ) -> list[tuple[Path, SavedFile]]:
        """Return the next `count` free names `prefix_00001_.suffix`; prefix may hold a subfolder.

        Raises:
            OutsideFolderError: if the prefix climbs out of the root.
        """
        first = self.locate(kind, "", f"{prefix}_")
        folder, stem = first.parent, first.name
        folder.mkdir(parents=True, exist_ok=True)
        below = folder.relative_to((self.base / kind).resolve())
        subfolder = "" if below == Path() else below.as_posix()
        start = _highest_counter(folder, stem) + 1
        names = [f"{stem}{number:05}_.{suffix}" for number in range(start, start + count)]
        return [(folder / name, SavedFile(name, subfolder, kind)) for name in names]


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file: an input that changed must run again."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _free_or_same(path: Path, content: bytes) -> Path:
    candidate, number = path, 0
    while candidate.exists() and candidate.read_bytes() != content:
        number += 1
        candidate = path.with_name(f"{path.stem} ({number}){path.suffix}")
    return candidate


def _highest_counter(folder: Path, stem: str) -> int:
    pattern = re.compile(re.escape(stem) + r"(\d+)_?\.\w+$")
    matches = (pattern.match(path.name) for path in folder.iterdir())
    return max((int(match.group(1)) for match in matches if match), default=0)
