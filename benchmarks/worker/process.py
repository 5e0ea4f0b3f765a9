"""A program of ours that answers a line of JSON with a line of JSON, and always ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any


class Program:
    """A running `python -m MODULE`. Its own log goes where ours goes, if BENCH_LOG is set."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    def ask(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Send one line and wait for the answer."""
        if self._process.stdin is None:
            raise ValueError("the program has no input")
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.line())
        return answer

    def line(self) -> str:
        """Wait for the next line."""
        text = self._process.stdout.readline() if self._process.stdout else ""
        if not text:
            raise SystemExit(
                f"a program of the benchmark ended with {self._process.wait()}; "
                "set BENCH_LOG=1 to see why"
            )
        return text.strip()


@contextmanager
def program(
    module: str, *arguments: str, environment: Mapping[str, str] | None = None
) -> Iterator[Program]:
    """Run a module with this interpreter until the block is left."""
    command: Sequence[str] = [sys.executable, "-m", module, *arguments]
    process = subprocess.Popen(
        command,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=None if os.environ.get("BENCH_LOG") else subprocess.DEVNULL,
        text=True,
    )
    try:
        yield Program(process)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
