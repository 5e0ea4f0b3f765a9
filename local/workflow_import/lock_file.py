"""What the worker's image has: custom nodes from the lock file, models from models.toml.

Both are read tolerantly: one that is absent or unreadable is told, and then has nothing.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_NODE_LISTS = ("nodes", "classes", "node_classes")


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack of custom nodes. `licence` is "" where the lock file says none."""

    name: str
    repository: str
    licence: str


@dataclass(frozen=True, slots=True)
class Declared:
    """A model that models.toml declares."""

    name: str
    folder: str
    licence: str


@dataclass(frozen=True, slots=True)
class Image:
    """What the image has, and what had to be assumed about it."""

    packs: Mapping[str, Pack]  # by class of node
    models: tuple[Declared, ...]
    assumed: tuple[str, ...]


def read_image(lock: Path, models: Path) -> Image:
    """Read both files."""
    assumed: list[str] = []
    packs: dict[str, Pack] = {}
    for table in _tables(_toml(lock, assumed)):
        pack = Pack(
            name=_text(table, "name") or _text(table, "repository").rpartition("/")[2],
            repository=_text(table, "repository"),
            licence=_text(table, "licence") or _text(table, "license"),
        )
        kinds = next((table[key] for key in _NODE_LISTS if isinstance(table.get(key), list)), None)
        if kinds is None and pack.name.lower() != "comfyui" and pack.repository:
            assumed.append(f"{lock.name} does not list the nodes of {pack.name}: none is assumed")
        packs |= {str(kind): pack for kind in kinds or ()}
    declared = [
        Declared(_text(table, "name"), _text(table, "folder"), _text(table, "licence"))
        for table in _tables(_toml(models, assumed))
    ]
    return Image(packs, tuple(declared), tuple(assumed))


def _toml(path: Path, assumed: list[str]) -> Mapping[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        assumed.append(f"there is no {path.name}: nothing is assumed to be in it")
    except (OSError, ValueError) as error:
        assumed.append(f"{path.name} cannot be read ({error}): nothing is assumed to be in it")
    return {}


def _tables(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for held in document.values():
        for table in held if isinstance(held, list) else [held]:
            if isinstance(table, dict):
                yield table


def _text(table: Mapping[str, Any], key: str) -> str:
    value = table.get(key)
    return value if isinstance(value, str) else ""
