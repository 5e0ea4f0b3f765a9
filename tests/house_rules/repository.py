"""What the house rules look at: the files of this repository, and of nothing else."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = (
    *("interactions", "dispatcher", "followup", "watchdog", "dead_letters", "canary"),
    *("register_commands", "tell_alarms"),
)


def files(*endings: str) -> list[Path]:
    """Every file that is or could be committed, relative to the root."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout.split("\0")
    return [
        Path(name)
        for name in sorted(filter(None, listed))
        if name.endswith(endings) and (ROOT / name).is_file()
    ]


def modules() -> list[Path]:
    """Every Python file that is not a test."""
    return [path for path in files(".py") if path.parts[0] != "tests"]


def text(path: Path | str) -> str:
    return (ROOT / path).read_text()


def pins(path: Path | str) -> dict[str, str]:
    """The exact versions in a requirements file, by normalised name."""
    found = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;]+)", text(path), re.MULTILINE)
    return {normalised(name): version for name, version in found}


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
