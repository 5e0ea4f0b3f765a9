"""Measures what Distillery promises, and says how to repeat each figure: `make bench`."""

from __future__ import annotations

import argparse

from benchmarks import (
    answers,
    calls,
    content_rules,
    deployment,
    idle,
    interactions_room,
    local_service,
    members,
    memory,
    progress,
)
from benchmarks.worker import measure as worker

BENCHMARKS = {
    "room": interactions_room.measure,
    "answers": answers.measure,
    "rules": content_rules.measure,
    "local": local_service.measure,
    "members": members.measure,
    "progress": progress.measure,
    "calls": calls.measure,
    "idle": idle.measure,
    "deployment": deployment.measure,
    "memory": memory.measure,
    "worker": worker.measure,
}


def main() -> None:
    """Run the benchmarks named on the command line, or all of them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="|".join(BENCHMARKS), help="all, if none given")
    names = parser.parse_args().names or list(BENCHMARKS)
    if unknown := [name for name in names if name not in BENCHMARKS]:
        parser.error(f"no benchmark named {', '.join(unknown)}")
    for name in names:
        print(f"\n## {name} (repeat: .venv/bin/python -m benchmarks {name})\n")
        BENCHMARKS[name]()


if __name__ == "__main__":
    main()
