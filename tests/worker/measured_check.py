"""Checks files as the worker does, each in a process of its own, and says what that took.

Usage: python -m tests.worker.measured_check FOLDER < names, one in a line. FOLDER/name is checked;
the PNG that it becomes is FOLDER/name.png. One line of JSON for each on stdout.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path

from gpu_container.worker.errors import JobFailed
from gpu_container.worker.inputs.fetch import check_image

HARD_STOP_BYTES = 800 << 20
"""Of address space, which the libraries take a part of unused."""


def measure(file: Path) -> dict[str, object]:
    resource.setrlimit(resource.RLIMIT_AS, (HARD_STOP_BYTES, HARD_STOP_BYTES))
    begun, kind, words = time.process_time(), "safe", ""
    try:
        checked = check_image(file.read_bytes())
    except JobFailed as failure:
        kind, words = failure.kind.value, failure.message
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is told
        kind, words = "crash", repr(error)
    seconds = time.process_time() - begun  # whatever else the machine is doing
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if kind == "safe":
        file.with_name(f"{file.name}.png").write_bytes(checked.png)
    return {
        "name": file.name,
        "kind": kind,
        "words": words,
        "seconds": round(seconds, 3),
        "megabytes": round(megabytes),
    }


def _tell(outcome: dict[str, object]) -> None:
    sys.stdout.write(f"{json.dumps(outcome)}\n")
    sys.stdout.flush()


def main() -> None:
    folder = Path(sys.argv[1])
    for name in sys.stdin.read().splitlines():
        pid = os.fork()  # this process has one thread and has opened no image: its child is fresh
        if pid == 0:
            _tell(measure(folder / name))
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        if status:
            _tell({"name": name, "kind": "crash", "words": f"status {status}"})


if __name__ == "__main__":
    main()
