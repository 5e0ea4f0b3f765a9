"""Starts a door as the container does, and always ends it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from tests.until import SOON_S

ROOT = Path(__file__).parents[2]


@contextmanager
def door(module: str, environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", f"gpu_container.worker.{module}"],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def wait_for(condition: Callable[[], bool], seconds: float = SOON_S) -> None:
    give_up_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up_at, "it never came"
        time.sleep(0.02)


def ping(url: str) -> int:
    with requests.Session() as session:
        session.trust_env = False
        try:
            return session.get(f"{url}/ping", timeout=2).status_code
        except requests.ConnectionError:
            return 0


def job_lines(output: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]
