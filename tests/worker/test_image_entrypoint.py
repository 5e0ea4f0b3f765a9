"""The image's entrypoint as a real process: which door, which process, which signal, which code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import requests

from tests.worker.conftest import Bench
from tests.worker.fake_comfy import graph_of
from tests.worker.process import ROOT, ping, wait_for
from tests.worker.test_serve_sagemaker import environment, free_port, invoke

THE_PROMISE_S = 30
"""SageMaker kills a container this long after SIGTERM."""


def script(folder: Path) -> Path:
    """The entrypoint with a /tmp of its own."""
    copy = folder / "entrypoint.sh"
    text = (ROOT / "gpu_container" / "entrypoint.sh").read_text()
    assert "/tmp/" in text
    copy.write_text(text.replace("/tmp/", f"{folder}/"))
    return copy


def with_python(folder: Path, body: str) -> dict[str, str]:
    """An environment whose `python` is this shell script."""
    (folder / "bin").mkdir()
    python = folder / "bin" / "python"
    python.write_text(f"#!/bin/sh\n{body}\n")
    python.chmod(0o755)
    return {"PATH": f"{python.parent}:{os.environ['PATH']}"}


def entered(folder: Path, body: str, *arguments: str) -> tuple[int, str, int]:
    """Run the entrypoint to its end: exit code, what it printed, and its process id."""
    process = subprocess.Popen(
        ["/bin/sh", script(folder), *arguments],
        env=with_python(folder, body),
        stdout=subprocess.PIPE,
        text=True,
    )
    told, _ = process.communicate(timeout=THE_PROMISE_S)
    return process.returncode, told, process.pid


@pytest.mark.parametrize(
    ("arguments", "module"),
    [
        ([], "serve_runpod"),
        (["runpod"], "serve_runpod"),
        (["serve"], "serve_sagemaker"),
    ],
)
def test_it_opens_the_door_that_is_asked_for(
    arguments: list[str], module: str, tmp_path: Path
) -> None:
    code, told, _ = entered(tmp_path, 'echo "$@"', *arguments)

    assert (code, told) == (0, f"-m gpu_container.worker.{module}\n")
    assert (ROOT / "gpu_container" / "worker" / f"{module}.py").exists()


def test_the_door_takes_the_place_of_the_shell_so_that_signals_reach_it(tmp_path: Path) -> None:
    _, told, pid = entered(tmp_path, "echo $$", "serve")

    assert told == f"{pid}\n"


def test_the_door_s_exit_code_is_the_container_s(tmp_path: Path) -> None:
    code, _, _ = entered(tmp_path, 'case "$*" in *serve_*) exit 7 ;; esac')

    assert code == 7


def test_no_door_is_opened_when_the_models_cannot_be_named(tmp_path: Path) -> None:
    code, told, _ = entered(tmp_path, 'case "$*" in *model_paths) exit 3 ;; esac; echo opened')

    assert (code, told) == (3, "")


def test_any_other_command_is_run_as_it_is(tmp_path: Path) -> None:
    _, told, pid = entered(tmp_path, "", "sh", "-c", 'echo "$$ $1"', "sh", "two words")

    assert told == f"{pid} two words\n"


@contextmanager
def container(folder: Path, variables: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """`docker run IMAGE serve`, without the container."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    process = subprocess.Popen(
        ["/bin/sh", script(folder), "serve"],
        cwd=ROOT,
        env={**os.environ, **variables, "PATH": path},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def engine_command(pids: Path) -> str:
    """An engine that writes down its process id; each step of a picture is slow."""
    start = f'echo $$ >> "{pids}"; exec "$0" -m local.engine "$@" --step-seconds 0.5'
    return f"/bin/sh -c '{start}' {sys.executable} --port {{port}} --base-dir {{dir}}"


def slow_job(bench: Bench) -> dict[str, Any]:
    graph = graph_of("run_txt2img")
    graph["3"]["inputs"]["steps"] = 100
    return bench.job(graph=graph)


def test_sigterm_ends_it_in_time_with_the_running_job_reported_and_no_process_left(
    tmp_path: Path, bench: Bench
) -> None:
    port, pids = free_port(), tmp_path / "pids"
    address = f"http://127.0.0.1:{port}"
    answers: list[requests.Response] = []
    more = {"COMFYUI_COMMAND": engine_command(pids), "STORE_ORIGINS": bench.store.origin}
    with container(tmp_path, environment(port, **more)) as process:
        wait_for(lambda: ping(address) == 200, 60)
        caller = Thread(target=lambda: answers.append(invoke(address, slow_job(bench))))
        caller.start()
        wait_for(lambda: bool(bench.store.all("progress.json")), 60)

        process.send_signal(signal.SIGTERM)
        process.wait(THE_PROMISE_S)
        caller.join(THE_PROMISE_S)

    assert process.returncode == 0
    assert bench.result_document()["status"] == "interrupted"
    assert answers[0].json()["error"]["kind"] == "interrupted"
    (engine,) = pids.read_text().split()
    with pytest.raises(ProcessLookupError):
        os.kill(int(engine), 0)


def test_comfyui_s_model_paths_are_written_before_the_door_opens(
    tmp_path: Path, bench: Bench
) -> None:
    models = tmp_path / "models" / "checkpoints"
    models.mkdir(parents=True)
    pids, port = tmp_path / "pids", free_port()
    more = {
        "COMFYUI_COMMAND": engine_command(pids),
        "MODELS_FOLDER": str(models.parent),
        "STORE_ORIGINS": bench.store.origin,
    }
    with container(tmp_path, environment(port, **more)):
        wait_for(lambda: pids.exists() and bool(pids.read_text()), 60)

        assert json.dumps(str(models.parent)) in (tmp_path / "model_paths.yaml").read_text()
