"""Our worker as the container wires it, driven by lines on standard input.

In: {"jobs": [job, ...], "at_once": n}, each an envelope of ours or an input of worker-comfyui's.
Out: {"seconds": [...], "ends": [...], "rss_mb"}, after a first line with the engine's address: what
each job took, and after how many seconds it had ended. Its environment is the worker's own.
"""

from __future__ import annotations

import json
import os
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

from benchmarks.worker.rss import rss_mb
from gpu_container.worker.run_job import Deps, run_job
from gpu_container.worker.settings import Settings
from gpu_container.worker.wiring import start_worker
from gpu_container.worker.worker_comfyui.request import is_request
from gpu_container.worker.worker_comfyui.run import run_request


def main() -> None:
    """Start the engine, then run what comes until the input ends."""
    deps = start_worker(Settings.from_env(os.environ))
    deps.engine.wait_ready(time.monotonic() + 600, Event())
    _say({"url": deps.engine.url})

    def timed(job: dict[str, Any]) -> tuple[float, float]:
        begun = time.perf_counter()
        failure = _run(job, deps)
        ended = time.perf_counter()
        if failure:
            raise SystemExit(f"the worker failed: {failure}")
        return begun, ended

    for line in sys.stdin:
        order = json.loads(line)
        first = time.perf_counter()
        with ThreadPoolExecutor(order["at_once"]) as threads:
            times = list(threads.map(timed, order["jobs"]))
        seconds = [ended - begun for begun, ended in times]
        ends = sorted(ended - first for _, ended in times)
        _say({"seconds": seconds, "ends": ends, "rss_mb": rss_mb(os.getpid())})
    deps.close()


def _run(job: dict[str, Any], deps: Deps) -> object:
    """Run a job of either kind, as the doors do; return why it failed, if it did."""
    if is_request(job):
        return run_request(job, uuid.uuid4().hex, deps, Event(), timeout_s=600).failure
    return run_job(job, deps, Event()).failure


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
