"""The service on this machine: how soon a fresh clone makes a picture, and what each one costs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.figures import milliseconds, show
from local.set_up import ROOT

PICTURES = 30
DEMO_TIMEOUT_S = 300
DISTILLERY = ".venv/bin/distillery"


def measure() -> None:
    """Print the times of a fresh clone, and the time that the service adds to the engine's."""
    with tempfile.TemporaryDirectory() as scratch:
        clone = _clone(Path(scratch) / "distillery")
        home = Path(scratch) / "home"
        home.mkdir()
        show("first picture of a fresh clone, empty caches", f"{_first_picture(clone, home):.1f} s")
        show("first picture once set up", f"{_first_picture(clone, home):.1f} s")
        added, acknowledged = _pictures(clone)
        show("added to the engine's own time, one picture at a time", milliseconds(added))
        show("acknowledged to Discord", milliseconds(acknowledged))


def _clone(folder: Path) -> Path:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    for name in filter(None, listed):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    return folder


def _first_picture(clone: Path, home: Path) -> float:
    """Run `make demo` until it names a picture, then end it as Ctrl-C would; in seconds."""
    started = time.monotonic()
    demo = subprocess.Popen(
        ["make", "demo"],
        cwd=clone,
        env=os.environ | {"HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    said = []
    try:
        for line in demo.stdout or ():
            said.append(line)
            if line.startswith("picture:"):
                return time.monotonic() - started
        raise RuntimeError("make demo ended without a picture:\n" + "".join(said[-20:]))
    finally:
        if demo.poll() is None:
            os.killpg(demo.pid, signal.SIGINT)
            demo.communicate(timeout=DEMO_TIMEOUT_S)


def _pictures(clone: Path) -> tuple[list[float], list[float]]:
    """Serve many requests in a row; return what each added, and when each was acknowledged."""
    added, acknowledged = [], []
    _distillery(clone, "local", "up", "--detach")
    try:
        for seed in range(PICTURES):
            said = _distillery(clone, "serve", "a red fox", "--option", f"seed={seed}", "--json")
            served = json.loads(said)
            added.append(served["added_s"])
            acknowledged.append(served["stages"]["acknowledged"])
    finally:
        _distillery(clone, "local", "down")
    return added, acknowledged


def _distillery(clone: Path, *arguments: str) -> str:
    return subprocess.run(
        [clone / DISTILLERY, *arguments], cwd=clone, check=True, stdout=subprocess.PIPE, text=True
    ).stdout
