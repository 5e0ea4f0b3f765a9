"""Our worker as the container wires it, driven by lines on standard input.

In: {"jobs": [envelope, ...], "at_once": n}. Out: {"seconds": [...], "total_s", "rss_mb"}, after a
first line with the engine's address. Its environment is the worker's own.
"""

from __future__ import annotations

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

from benchmarks.worker.rss import rss_mb
from gpu_container.worker.run_job import run_job
from gpu_container.worker.settings import Settings
from gpu_container.worker.wiring import start_worker


def main() -> None:
    """Start the engine, then run what comes until the input ends."""
    deps = start_worker(Settings.from_env(os.environ))
    deps.engine.wait_ready(time.monotonic() + 600, Event())
    _say({"url": deps.engine.url})

    def timed(envelope: dict[str, Any]) -> float:
        begun = time.perf_counter()
        result = run_job(envelope, deps, Event())
        if result.failure:
            raise SystemExit(f"the worker failed: {result.failure.message}")
        return time.perf_counter() - begun

    for line in sys.stdin:
        order = json.loads(line)
        begun = time.perf_counter()
        with ThreadPoolExecutor(order["at_once"]) as threads:
            seconds = list(threads.map(timed, order["jobs"]))
        total_s = time.perf_counter() - begun
        _say({"seconds": seconds, "total_s": total_s, "rss_mb": rss_mb(os.getpid())})
    deps.close()


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
