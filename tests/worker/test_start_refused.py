"""A worker that cannot start as it was told says in one line what to change, and ends."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from typing import Any, cast

import pytest

from gpu_container.worker.comfy.engine import Engine
from gpu_container.worker.errors import JobFailed
from gpu_container.worker.settings import Settings
from gpu_container.worker.start.begin import Start
from gpu_container.worker.start.gpu import GpuHealth
from gpu_container.worker.start.timeline import StartTimeline
from gpu_container.worker.start.warm_up import WarmUp
from tests.worker.process import door

WAIT_S = 60
RUNS = f"{sys.executable} -m http.server --bind 127.0.0.1 {{port}}"


@pytest.fixture
def taken() -> Iterator[int]:
    """A port at which another program listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def said_by(module: str, environment: dict[str, str]) -> str:
    """Start a door that has to end by itself; return what it says of that, between its log."""
    with door(module, {"COMFYUI_URL": "", "COMFYUI_COMMAND": "", **environment}) as process:
        output, _ = process.communicate(timeout=WAIT_S)
    assert process.returncode == 1
    assert "Traceback" not in output
    lines = [line for line in output.splitlines() if not line.startswith("{")]
    assert len(lines) == 1
    assert lines[0].startswith("the worker does not start: ")
    return str(lines[0])


@pytest.mark.parametrize("module", ["serve_sagemaker", "serve_runpod"])
@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("", "set COMFYUI_URL (a running engine) or COMFYUI_COMMAND (one to start)"),
        ("python main.py", "COMFYUI_COMMAND must hold {port}"),
        ("no-such-program {port}", "COMFYUI_COMMAND cannot be run"),
        ("python 'main.py {port}", "COMFYUI_COMMAND cannot be run (No closing quotation)"),
    ],
)
def test_a_command_that_starts_no_engine_is_told_in_one_line(
    module: str, command: str, words: str
) -> None:
    assert words in said_by(module, {"COMFYUI_COMMAND": command})


def test_a_port_that_is_taken_is_told_in_one_line(taken: int) -> None:
    where = {"BIND_HOST": "127.0.0.1", "SAGEMAKER_BIND_TO_PORT": str(taken)}

    said = said_by("serve_sagemaker", {"COMFYUI_COMMAND": RUNS, **where})

    assert f"nothing can listen on port {taken} of 127.0.0.1" in said
    assert "SAGEMAKER_BIND_TO_PORT" in said


def test_a_port_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="SAGEMAKER_BIND_TO_PORT must be at most 65535"):
        Settings.from_env({"COMFYUI_URL": "http://127.0.0.1:1", "SAGEMAKER_BIND_TO_PORT": "65536"})


class Broken:
    """An engine that answers, and a start that fails in a way that nobody thought of."""

    url = "http://127.0.0.1:9"

    def start(self) -> None: ...

    def is_ready(self) -> bool:
        return True

    def wait_ready(self, *_: object) -> None:
        raise ZeroDivisionError


def test_a_bug_in_the_start_never_reads_as_ready() -> None:
    health, runner = GpuHealth(), cast("Any", None)
    engine = cast("Engine", Broken())
    timeline = StartTimeline()
    warm_up = WarmUp((), runner, cast("Any", None), timeline, limit_s=1)
    start = Start(engine, health, timeline, warm_up)
    start.begin()

    with pytest.raises(JobFailed, match="unexpected ZeroDivisionError"):
        start.wait_ready()

    assert not start.is_ready()
    assert not health.is_healthy()  # so /ping is 500, and Runpod replaces the worker


def test_an_engine_whose_restart_fails_is_told_to_who_waits_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = Engine(command="sh -c 'exit 3' {port}")
    engine.start()
    assert engine._process is not None
    engine._process.wait(WAIT_S)
    monkeypatch.setattr(engine, "_command", "no-such-program {port}")

    engine.start()  # raises nothing: a job that ends calls it too

    with pytest.raises(JobFailed, match="COMFYUI_COMMAND cannot be run"):
        engine.wait_ready(float("inf"), cast("Any", None))
    engine.stop()


def test_an_engine_whose_port_was_taken_gets_another_one() -> None:
    engine = Engine(command="sh -c 'exit 1' {port}")
    engine.start()
    assert engine._process is not None
    engine._process.wait(WAIT_S)
    before = engine.url

    engine.start()

    assert engine.url != before
    engine.stop()
