"""worker-comfyui's own handler, unchanged, driven by lines on standard input.

Its file is not part of this project: it is read from the path in the first argument, beside which
its other modules lie. The second argument is the host and port of a ComfyUI that runs.
In: {"jobs": [workflow, ...]}. Out: {"seconds": [...], "rss_mb"}.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import sys
import time
import uuid
from pathlib import Path
from typing import Any

from benchmarks.worker.rss import rss_mb


def main() -> None:
    """Load the handler, then run what comes until the input ends."""
    file, host = Path(sys.argv[1]).resolve(), sys.argv[2]
    sys.path[:0] = [str(file.parent), str(file.parent / "src")]
    with contextlib.redirect_stdout(sys.stderr):
        handler = _load(file)
        handler.COMFY_HOST = host
    for line in sys.stdin:
        with contextlib.redirect_stdout(sys.stderr):  # it prints as it goes
            seconds = [_timed(handler, workflow) for workflow in json.loads(line)["jobs"]]
        sys.stdout.write(json.dumps({"seconds": seconds, "rss_mb": rss_mb(os.getpid())}) + "\n")
        sys.stdout.flush()


def _load(file: Path) -> Any:
    spec = importlib.util.spec_from_file_location("their_handler", file)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _timed(handler: Any, workflow: dict[str, Any]) -> float:
    begun = time.perf_counter()
    answer = handler.handler({"id": uuid.uuid4().hex, "input": {"workflow": workflow}})
    seconds = time.perf_counter() - begun
    if "images" not in answer:
        raise SystemExit(f"worker-comfyui failed: {str(answer)[:500]}")
    return seconds


if __name__ == "__main__":
    main()
