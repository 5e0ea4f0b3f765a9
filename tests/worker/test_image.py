"""What can be known of the image without building it."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "gpu_container"
DOCKERFILE = (FOLDER / "Dockerfile").read_text()


@pytest.mark.parametrize(
    ("arguments", "module"),
    [
        ([], "serve_runpod"),
        (["runpod"], "serve_runpod"),
        (["serve"], "serve_sagemaker"),
    ],
)
def test_the_entrypoint_opens_the_door_that_is_asked_for(
    arguments: list[str], module: str, tmp_path: Path
) -> None:
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "$@"\n')
    python.chmod(0o755)

    told = subprocess.run(
        ["/bin/sh", str(FOLDER / "entrypoint.sh"), *arguments],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert told == f"-m gpu_container.worker.{module}\n"
    assert (FOLDER / "worker" / f"{module}.py").exists()


def test_everything_that_is_copied_exists_and_every_schema_is_copied() -> None:
    sources = [
        source
        for line in re.findall(r"^COPY (.+) \S+$", DOCKERFILE, re.MULTILINE)
        for source in line.split()
    ]

    assert [source for source in sources if not (FOLDER / source).exists()] == []
    assert {path.name for path in FOLDER.glob("*.schema.json")} <= set(sources)


def test_comfyui_is_pinned_and_listens_to_this_machine_only() -> None:
    assert re.search(r"^ARG COMFYUI_COMMIT=[0-9a-f]{40}$", DOCKERFILE, re.MULTILINE)
    assert "--listen 127.0.0.1 --port {port}" in DOCKERFILE


def test_it_does_not_run_as_root() -> None:
    users = re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE)

    assert users
    assert users[-1] != "root"
