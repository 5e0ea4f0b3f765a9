"""Brings a file of the engine within reach: in its own folder if it is ours, else over /view."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import requests

from gpu_container.worker.errors import JobFailed, Kind
from gpu_container.worker.outputs.find import EngineFile
from gpu_container.worker.outputs.leftovers import still_in_use
from gpu_container.worker.store.content import CHUNK
from gpu_container.worker.watched_call import TooLate, within

_FOLDERS = ("output", "temp", "input")
_PATIENCE_S = 60.0
_TRIES = 2


class EngineWithFiles(Protocol):
    """What must be known of the engine."""

    @property
    def url(self) -> str:
        """Its address, such as http://127.0.0.1:8188."""

    @property
    def folder(self) -> Path | None:
        """The folder that holds its output/ and temp/, if it lies on this machine."""


@contextmanager
def located(
    engine: EngineWithFiles,
    file: EngineFile,
    max_bytes: int,
    check: Callable[[], None] = lambda: None,
) -> Iterator[Path]:
    """Give the path under which the file can be read inside the block.

    `check` is called ten times a second while it is fetched, which ends with what that raises.
    Raises JobFailed: execution_failed for a name that leads out of the engine's folder, for what
    is no plain file and for a file beyond `max_bytes`; engine_unavailable if it cannot be had.
    """
    path = _on_disk(engine.folder, file) if engine.folder else None
    if path is not None:
        check_size(file.filename, path.stat().st_size, max_bytes)
        still_in_use(path)
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="output-") as folder:
        copy = Path(folder) / "file"
        _fetch(lambda: _download(engine.url, file, copy, max_bytes, check), check)
        yield copy


def check_size(name: str, size: int, max_bytes: int) -> None:
    """Raise JobFailed if a file of so many bytes is too large."""
    if size > max_bytes:
        raise JobFailed(
            Kind.EXECUTION_FAILED,
            f"{name} is larger than the limit of {max_bytes} bytes; ask for a smaller size",
        )


def _on_disk(folder: Path, file: EngineFile) -> Path | None:
    """Find the file below the engine's folder, or nothing: the engine may write elsewhere."""
    if file.type not in _FOLDERS:
        raise _refused(file)
    root = (folder / file.type).resolve()
    try:
        path = (root / file.subfolder / file.filename).resolve()
        if path.is_relative_to(root):
            path.lstat()
            if path.is_file():
                return path
    except FileNotFoundError:
        return None
    except (OSError, RuntimeError, ValueError) as error:  # too long, a loop of links, a null byte
        raise _refused(file) from error
    raise _refused(file)


def _refused(file: EngineFile) -> JobFailed:
    return JobFailed(
        Kind.EXECUTION_FAILED,
        f"a node named {file.filename[:100]!r}, which is no file in the engine's folders",
    )


def _fetch(download: Callable[[], None], check: Callable[[], None]) -> None:
    """Download; once more if the connection broke or drips, which says nothing about the file."""
    for tries_left in reversed(range(_TRIES)):
        try:
            return within(_PATIENCE_S, download, check)
        except (requests.RequestException, TooLate) as error:
            if not tries_left:
                raise JobFailed(
                    Kind.ENGINE_UNAVAILABLE,
                    f"the engine did not give back a file of the run ({type(error).__name__})",
                ) from error
    return None


def _download(
    url: str, file: EngineFile, to: Path, max_bytes: int, check: Callable[[], None]
) -> None:
    query = {"filename": file.filename, "subfolder": file.subfolder, "type": file.type}
    with requests.Session() as session, to.open("wb") as copy:
        session.trust_env = False  # the engine is never behind a proxy
        with session.get(f"{url}/view", params=query, stream=True, timeout=_PATIENCE_S) as answer:
            answer.raise_for_status()
            for chunk in answer.iter_content(CHUNK):
                check()
                check_size(file.filename, copy.tell() + len(chunk), max_bytes)
                copy.write(chunk)
