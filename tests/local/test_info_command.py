"""`distillery info FILE --json` reads what a worker wrote into a picture, without a cloud."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gpu_container.worker.outputs.kinds import PNG
from gpu_container.worker.outputs.metadata import encode, with_metadata
from local import cli
from tests.worker.conftest import png


def info(monkeypatch: pytest.MonkeyPatch, file: Path) -> int:
    monkeypatch.setattr("sys.argv", ["distillery", "info", str(file), "--json"])
    return cli.main()


def test_the_whole_request_is_read_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    request = {"job_id": "1", "workflow": "w", "options": {"prompt": "ein Fuchs, groß", "seed": 7}}
    plain, made = tmp_path / "plain.png", tmp_path / "made.png"
    plain.write_bytes(png())
    parts = with_metadata(plain, PNG, encode(request))
    data = [p if isinstance(p, bytes) else png()[p.start : p.start + p.length] for p in parts]
    made.write_bytes(b"".join(data))

    assert info(monkeypatch, made) == 0
    assert json.loads(capsys.readouterr().out) == request
    for file in (plain, tmp_path / "none.png"):
        assert info(monkeypatch, file) == 1
