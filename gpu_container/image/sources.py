"""Fetches ComfyUI and its custom nodes at the commits of custom_nodes.lock.toml, and checks them.

python -m gpu_container.image.sources LOCK FOLDER. Git hashes every file that it receives, so a
commit and a tree that are as the lock says leave nothing else to compare.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_HASH = re.compile(r"[0-9a-f]{40}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_SUBMODULE = "160000"
"""Git's mode of a tree's entry that is a commit of another repository."""


class SourceWrong(RuntimeError):
    """A lock that cannot be used, or a repository that is not what the lock says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One repository at one commit; `tree` is Git's id of all its files."""

    name: str
    repository: str
    commit: str
    tree: str
    license: str
    seen: str
    """Where and when the commit and its tree were read."""
    version: str | None = None
    requires: tuple[str, ...] = ()
    """Packages that comfyui.lock.txt must pin for it."""
    nodes: tuple[str, ...] = ()
    """The node classes that it brings."""
    submodules: Mapping[str, Source] | None = None
    """What belongs into it from other repositories, by path."""


@dataclass(frozen=True, slots=True)
class Lock:
    """What custom_nodes.lock.toml holds."""

    comfyui: Source
    custom_nodes: tuple[Source, ...]

    @property
    def all(self) -> tuple[Source, ...]:
        """Every repository, submodules after the one that they belong to."""
        tops = (self.comfyui, *self.custom_nodes)
        return tuple(one for top in tops for one in (top, *(top.submodules or {}).values()))


def load_lock(file: Path) -> Lock:
    """Read the lock. Raises SourceWrong with the entry and the key that are wrong."""
    try:
        document = tomllib.loads(file.read_text())
        nodes = tuple(_source(entry) for entry in document.get("custom_nodes", ()))
        lock = Lock(_source({"name": "ComfyUI", **document["comfyui"]}), nodes)
    except (tomllib.TOMLDecodeError, KeyError) as error:
        raise SourceWrong(f"{file}: {error}") from error
    names = [node.name.lower() for node in nodes]
    if twice := {name for name in names if names.count(name) > 1}:
        raise SourceWrong(f"{file}: {', '.join(sorted(twice))}: listed twice")
    return lock


def _source(entry: Mapping[str, Any]) -> Source:
    name = str(entry.get("name", "an entry without a name"))
    fields: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()
    }
    submodules = {
        str(part["path"]): _source({"name": f"{name}/{part['path']}", **_without_path(part)})
        for part in fields.pop("submodules", ())
    }
    try:
        source = Source(**fields, submodules=submodules)
    except TypeError as error:  # a key that is missing, or that nobody knows
        raise SourceWrong(f"{name}: {str(error).removeprefix('Source.__init__() ')}") from error
    for key in ("commit", "tree"):
        if not _HASH.fullmatch(getattr(source, key)):
            raise SourceWrong(f"{name}: {key} must be 40 hexadecimal digits")
    if not all(_NAME.fullmatch(part) for part in name.split("/")):
        raise SourceWrong(f"{name}: a name becomes a folder: letters, digits, - and _")
    return source


def _without_path(part: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in part.items() if key != "path"}


def install_all(lock: Lock, folder: Path) -> None:
    """Put ComfyUI into `folder`, which must not be there, and each custom node below it."""
    install(lock.comfyui, folder)
    for node in lock.custom_nodes:
        install(node, folder / "custom_nodes" / node.name)


def install(source: Source, folder: Path) -> None:
    """Put one repository's files there, without its history.

    Raises SourceWrong, and leaves nothing behind, if one hash is not what the lock says.
    """
    if folder.exists():
        raise SourceWrong(f"{source.name}: {folder} is there already")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        checkout = Path(scratch) / "checkout"
        _check_out(source, checkout)
        checkout.rename(folder)


def _check_out(source: Source, folder: Path) -> None:
    _git(source, None, "init", "--quiet", str(folder))
    fetch = ("fetch", "--quiet", "--depth", "1", "--no-tags", source.repository, source.commit)
    _git(source, folder, *fetch)
    for kind, wanted in (("commit", source.commit), ("tree", source.tree)):
        found = _git(source, folder, "rev-parse", f"FETCH_HEAD^{{{kind}}}").strip()
        if found != wanted:
            raise SourceWrong(f"{source.name}: its {kind} is {found}, the lock says {wanted}")
    linked = _submodules(_git(source, folder, "ls-tree", "-r", "-z", "FETCH_HEAD"))
    parts = source.submodules or {}
    if linked != {path: part.commit for path, part in parts.items()}:
        raise SourceWrong(f"{source.name}: has the submodules {linked}; the lock lists others")
    _git(source, folder, "checkout", "--quiet", "--detach", "FETCH_HEAD")
    shutil.rmtree(folder / ".git")
    for path, part in parts.items():
        (folder / path).rmdir()  # Git makes an empty folder for it
        install(part, folder / path)


def _submodules(listing: str) -> dict[str, str]:
    entries = (entry.partition("\t") for entry in listing.split("\0") if entry)
    return {path: about.split()[2] for about, _, path in entries if about.split()[0] == _SUBMODULE}


def _git(source: Source, folder: Path | None, *arguments: str) -> str:
    nobody = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    done = subprocess.run(  # noqa: S603
        ["git", *(["-C", str(folder)] if folder else []), *arguments],  # noqa: S607
        env={**os.environ, **nobody, "GIT_TERMINAL_PROMPT": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SourceWrong(f"{source.name}: git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout


def main(arguments: Sequence[str]) -> int:
    """Install everything; returns the exit status."""
    lock, folder = arguments
    try:
        install_all(load_lock(Path(lock)), Path(folder))
    except SourceWrong as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
