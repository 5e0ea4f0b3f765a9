"""Runs a handler under AWS's own Lambda Runtime Interface Emulator, without Docker.

The emulator is one file of the aws-sam-cli package. The interpreter under it holds what the Lambda
runtime holds: the runtime client, boto3, and nothing of ours.
"""

from __future__ import annotations

import http.client
import json
import os
import platform
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.set_up import EMBEDDED_AWS_LOCK, LOCK, TOOLS, UV, VENV, locked, setting

FOLDER = TOOLS / "lambda-emulator"
PYTHON = FOLDER / "runtime" / "bin" / "python"
INVOKE = "/2015-03-31/functions/function/invocations"
START_TIMEOUT_S = 20


class Emulator:
    """A handler that is being emulated."""

    def __init__(self, port: int, pid: int) -> None:
        self._port = port
        self.pid = pid
        """The emulator's process; the handler's is its child."""

    def invoke(self, event: Mapping[str, Any]) -> Any:
        """Return what the handler returned for an event."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=START_TIMEOUT_S)
        connection.request("POST", INVOKE, json.dumps(event))
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer


def install() -> Path:
    """Install the emulator and its interpreter once; return the emulator's path."""
    cpu = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
    emulator = FOLDER / "package" / "samcli" / "local" / "rapid" / f"aws-lambda-rie-{cpu}"
    if not (emulator.exists() and PYTHON.exists()):
        package = f"aws-sam-cli=={setting('aws_sam_cli')}"
        client = f"awslambdaric=={locked('awslambdaric', LOCK.read_text())}"
        boto3 = f"boto3=={locked('boto3', EMBEDDED_AWS_LOCK.read_text())}"
        interpreter = str(VENV / "bin" / "python")
        _uv("pip", "install", "--no-deps", "--target", str(FOLDER / "package"), package)
        _uv("venv", "--clear", "--python", interpreter, str(FOLDER / "runtime"))
        _uv("pip", "install", "--compile-bytecode", "--python", str(PYTHON), client, boto3)
        emulator.chmod(0o755)
    return emulator


@contextmanager
def emulated(folder: Path, handler: str, environment: Mapping[str, str]) -> Iterator[Emulator]:
    """Run `module.function` from a bundle's folder; it starts on its first invocation."""
    port, runtime_port = _free_port(), _free_port()
    # fmt: off
    command: list[str | Path] = [
        install(),
        "--runtime-interface-emulator-address", f"127.0.0.1:{port}",
        "--runtime-api-address", f"127.0.0.1:{runtime_port}",
        PYTHON, "-m", "awslambdaric", handler,
    ]
    # fmt: on
    lambda_like = {
        "PATH": os.environ["PATH"],
        "LAMBDA_TASK_ROOT": str(folder),
        "PYTHONPATH": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",  # a bundle's folder is read-only on Lambda
        "AWS_LAMBDA_FUNCTION_TIMEOUT": "10",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
    }
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=lambda_like | dict(environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_it_listens(port)
        yield Emulator(port, process.pid)
    finally:
        process.terminate()
        process.wait()


def _wait_until_it_listens(port: int) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.001)
        else:
            return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _uv(*arguments: str) -> None:
    subprocess.run([UV, *arguments, "--quiet"], check=True)
