"""Every hostile file is refused in words that help, or becomes a safe picture, in little memory."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.worker import hostile_files as make
from tests.worker.hostile_corpus import CORPUS
from tests.worker.process import ROOT

MEMORY_MB = 300
CPU_S = 2  # of the check's own process: what else the machine does is not counted
GUARD_S = 300  # far above what they take together
NAMES = {name: f"{number:03}" for number, name in enumerate(CORPUS)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    for name, hostile in CORPUS.items():
        (folder / NAMES[name]).write_bytes(hostile.make())
    return folder


@pytest.fixture(scope="module")
def outcomes(folder: Path) -> dict[str, dict[str, Any]]:
    """What became of every file, each in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.worker.measured_check", str(folder)],
        input="\n".join(NAMES.values()),
        capture_output=True,
        text=True,
        timeout=GUARD_S,
        cwd=ROOT,
        check=True,
    )
    return {found["name"]: found for found in map(json.loads, done.stdout.splitlines())}


def test_the_corpus_has_what_members_have_tried() -> None:
    assert len(CORPUS) >= 30


@pytest.mark.parametrize("name", CORPUS)
def test_a_hostile_file_is_refused_or_made_safe(
    name: str, folder: Path, outcomes: dict[str, dict[str, Any]]
) -> None:
    outcome, hostile = outcomes[NAMES[name]], CORPUS[name]

    assert outcome.get("megabytes", 0) < MEMORY_MB
    assert outcome.get("seconds", 0) < CPU_S
    if hostile.refused is not None:
        assert outcome["kind"] == "bad_input", outcome
        assert hostile.refused in outcome["words"]
        return
    assert outcome["kind"] == "safe", outcome
    made = (folder / f"{NAMES[name]}.png").read_bytes()
    with Image.open(io.BytesIO(made)) as image:
        image.load()
        assert (image.format, image.size) == ("PNG", hostile.size)
        assert image.mode in ("RGB", "RGBA", "L")
        assert image.info == {}
    assert made.endswith(make.chunk(b"IEND"))
    assert make.SECRET not in made
