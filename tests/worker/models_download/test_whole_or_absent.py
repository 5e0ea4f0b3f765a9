"""A model file is under its final name whole and right, or it is not there."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gpu_container.worker.models import download
from gpu_container.worker.models.download import ModelUnavailable
from tests.worker.model_server import CONTENT, ModelServer, Turn, files_in, model_server, with_note
from tests.worker.models_download.conftest import FINAL, fetch


def test_a_model_is_brought_and_nothing_else_is_left(server: ModelServer, tmp_path: Path) -> None:
    assert fetch(server.model(), tmp_path)

    assert (tmp_path / FINAL).read_bytes() == CONTENT
    assert files_in(tmp_path) == with_note(FINAL)
    assert server.seen[0].headers["Accept-Encoding"] == "identity"


def test_a_model_that_is_here_is_not_asked_for(server: ModelServer, tmp_path: Path) -> None:
    fetch(server.model(), tmp_path)

    assert not fetch(server.model(), tmp_path)
    assert len(server.seen) == 1


def test_half_a_file_under_the_final_name_is_replaced(server: ModelServer, tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / FINAL).write_bytes(CONTENT[:100])

    assert fetch(server.model(), tmp_path)
    assert (tmp_path / FINAL).read_bytes() == CONTENT


@given(
    cuts=st.lists(st.integers(0, len(CONTENT)), max_size=8),
    deaths=st.sets(st.integers(1, 12)),
    etag=st.booleans(),
    change_at=st.none() | st.integers(0, 8),
    ranges=st.lists(st.booleans(), min_size=8, max_size=8),
    chunked=st.booleans(),
)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_cut_at_any_byte_the_file_is_absent_or_exactly_right(
    cuts: list[int],
    deaths: set[int],
    etag: bool,
    change_at: int | None,
    ranges: list[bool],
    chunked: bool,
) -> None:
    """Lines that break, a process that ends and comes back, a file that was another one before."""
    with SHARED as server, tempfile.TemporaryDirectory() as name:
        other = CONTENT[::-1]
        server.etag = etag
        server.turns = [
            Turn(
                cut=cut,
                ranges=ranges[number],
                chunked=chunked,
                content=other if change_at is not None and number <= change_at else None,
            )
            for number, cut in enumerate(cuts)
        ]
        folder, looks = Path(name), 0

        def look() -> None:
            nonlocal looks
            looks += 1
            assert not (folder / FINAL).exists()
            if looks in deaths:
                raise KeyboardInterrupt

        brought = False
        for _ in range(40):
            try:
                brought = fetch(server.model(), folder, check=look)
                break
            except (KeyboardInterrupt, ModelUnavailable):
                assert not (folder / FINAL).exists()
        assert brought
        assert (folder / FINAL).read_bytes() == CONTENT
        assert files_in(folder) == with_note(FINAL)


class _Shared:
    """One server for all examples: a context that opens once and closes with the module."""

    def __init__(self) -> None:
        self._context: Any = None
        self._server: ModelServer | None = None

    def __enter__(self) -> ModelServer:
        if self._server is None:
            self._context = model_server()
            self._server = self._context.__enter__()
        return self._server

    def __exit__(self, *_: object) -> None:
        pass

    def close(self) -> None:
        if self._context is not None:
            self._context.__exit__(None, None, None)


SHARED = _Shared()


@pytest.fixture(scope="module", autouse=True)
def end_of_the_shared_server() -> Iterator[None]:
    yield
    SHARED.close()


def test_the_part_of_another_version_is_removed_and_a_neighbour_s_is_not(
    server: ModelServer, tmp_path: Path
) -> None:
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    old = folder / f".a.safetensors.{'1' * 16}.part"
    neighbour = folder / f".a.safetensors.2.{'1' * 16}.part"
    for path in (old, neighbour):
        path.write_bytes(b"half")

    fetch(server.model(), tmp_path)

    assert not old.exists()
    assert neighbour.exists()


def test_a_model_in_a_folder_of_its_folder_gets_there(server: ModelServer, tmp_path: Path) -> None:
    fetch(server.model("loras/styles/ink (v2).safetensors"), tmp_path)

    assert files_in(tmp_path) == with_note("loras/styles/ink (v2).safetensors")


def test_what_was_written_is_flushed_before_it_gets_its_name(
    server: ModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[bool] = []

    def fsync(_: int) -> None:
        synced.append((tmp_path / FINAL).exists())

    monkeypatch.setattr(download.os, "fsync", fsync)
    fetch(server.model(), tmp_path)

    assert synced == [False, True], "the file, and then the folder that names it"
