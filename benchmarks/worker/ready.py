"""How long after ComfyUI itself the worker says that it is ready."""

from __future__ import annotations

import os
import shlex
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import requests

from benchmarks.figures import difference, show

_ROUNDS = 6  # with two starts each way
_ASK_EVERY_S = 0.005
_PATIENCE_S = 600.0


def show_ready(command: str) -> None:
    """Start bare ComfyUI and the worker in turns, and print when each answers."""
    bare: list[float] = []
    ours: list[float] = []
    for _ in range(_ROUNDS):
        bare.append(_bare(command))
        ours.extend(_ours(command) for _ in range(2))
        bare.append(_bare(command))
    show("bare ComfyUI from its start to its first answer", f"{statistics.median(bare):.2f} s")
    show("the worker from its start to /ping 200", f"{statistics.median(ours):.2f} s")
    show("the worker behind ComfyUI: mean, and twice its error", f"{difference(ours, bare)} s")


def _bare(command: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        for name in ("input", "output", "temp"):
            (Path(folder) / name).mkdir()
        port = _free_port()
        words = [
            word.replace("{port}", str(port)).replace("{dir}", folder)
            for word in shlex.split(command)
        ]
        return _time_to(f"http://127.0.0.1:{port}/prompt", words, {})


def _ours(command: str) -> float:
    port = _free_port()
    words = [sys.executable, "-m", "gpu_container.worker.serve_sagemaker"]
    environment = {
        "COMFYUI_COMMAND": command,
        "BIND_HOST": "127.0.0.1",
        "SAGEMAKER_BIND_TO_PORT": str(port),
    }
    return _time_to(f"http://127.0.0.1:{port}/ping", words, environment)


def _time_to(url: str, words: Sequence[str], environment: Mapping[str, str]) -> float:
    """Return the seconds from the process's start to the first 200."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        words,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with requests.Session() as session:
            session.trust_env = False
            while not _answers(session, url):
                if process.poll() is not None or time.perf_counter() - begun > _PATIENCE_S:
                    raise SystemExit(f"{words[0]} never answered (code {process.poll()})")
                time.sleep(_ASK_EVERY_S)
        return time.perf_counter() - begun
    finally:
        process.terminate()
        process.wait(30)


def _answers(session: requests.Session, url: str) -> bool:
    try:
        return session.get(url, timeout=5).ok
    except requests.RequestException:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
