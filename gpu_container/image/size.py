"""Fails the image's build when a folder has grown past its budget: every start waits for the pull.

python -m gpu_container.image.size BUDGET. What the budget allows is in size_budget.toml.
"""

from __future__ import annotations

import stat
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

_MB = 1_000_000


def size_mb(folder: Path) -> float:
    """Return what the files below `folder` take, in MB; a file with two names counts once."""
    files = {
        (about.st_dev, about.st_ino): about.st_size
        for path in folder.rglob("*")
        if stat.S_ISREG((about := path.lstat()).st_mode)
    }
    return sum(files.values()) / _MB


def over_budget(budget: dict[str, int], report: list[str]) -> list[str]:
    """Return the folders that are too large or not there; `report` gets a line for each folder."""
    wrong = []
    for name, allowed in budget.items():
        folder = Path(name)
        found = size_mb(folder)
        report.append(f"{found:8.0f} MB of {allowed:6} MB  {name}")
        if found > allowed or not folder.is_dir():
            wrong.append(name)
    return wrong


def main(arguments: Sequence[str]) -> int:
    """Print the sizes; returns the exit status."""
    (file,) = arguments
    report: list[str] = []
    wrong = over_budget(tomllib.loads(Path(file).read_text())["megabytes"], report)
    sys.stdout.write("\n".join(report) + "\n")
    if wrong:
        sys.stderr.write(f"over the budget of {file}, or missing: {', '.join(wrong)}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
