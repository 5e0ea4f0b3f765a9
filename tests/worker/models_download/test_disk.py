"""A disk that is full, or may not be written to."""

from __future__ import annotations

import errno
import os
import resource
import shutil
from pathlib import Path

import pytest

from gpu_container.worker.models import download
from gpu_container.worker.models.download import ModelUnavailable
from tests.worker.model_server import ModelServer, files_in
from tests.worker.models_download.conftest import FINAL, fetch


def test_no_room_is_found_out_before_anything_is_asked_for(
    server: ModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil._ntuple_diskusage(10_000, 9_000, 1_000)  # type: ignore[attr-defined]
    monkeypatch.setattr(download.shutil, "disk_usage", lambda _: usage)

    with pytest.raises(ModelUnavailable, match=r"no room in .*checkpoints"):
        fetch(server.model(), tmp_path)
    assert server.seen == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_fills_up_meanwhile_is_said_and_what_is_here_is_kept(
    server: ModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def full(_: int) -> None:
        raise OSError(number, os.strerror(number))

    with pytest.raises(ModelUnavailable, match="no room in"):
        fetch(server.model(), tmp_path, saw=full)

    assert not (tmp_path / FINAL).exists()
    assert any(name.endswith(".part") for name in files_in(tmp_path))
    assert fetch(server.model(), tmp_path)


def test_a_disk_that_takes_no_more_in_the_middle_of_the_file_is_said(
    server: ModelServer, tmp_path: Path
) -> None:
    """The system itself refuses the write: this process may write no file beyond 2,000 bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
    try:
        with pytest.raises(ModelUnavailable, match="no room in"):
            fetch(server.model(), tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert not (tmp_path / FINAL).exists()
    assert fetch(server.model(), tmp_path)
    assert server.seen[1].headers["Range"] == "bytes=2000-"


def test_a_folder_that_cannot_be_made_is_said_without_a_stack(
    server: ModelServer, tmp_path: Path
) -> None:
    (tmp_path / "checkpoints").write_text("a file where a folder should be")

    with pytest.raises(ModelUnavailable, match="cannot be written to"):
        fetch(server.model(), tmp_path)
