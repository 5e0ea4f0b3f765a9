"""Stores one file of a folder, as a worker does, and prints by how many KiB its memory grew.

A program of its own: what the tests around it hold must not count.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

from gpu_container.worker.job import parse_job
from gpu_container.worker.outputs.deliver import Delivery
from gpu_container.worker.store.access import StoreAccess
from gpu_container.worker.store.origin import parse_origin
from gpu_container.worker.store.upload import Uploader


def main() -> None:
    """Read an envelope, the engine's address, its folder (or nothing) and its outputs."""
    task: dict[str, Any] = json.loads(sys.stdin.read())
    job = parse_job(task["envelope"])
    engine: Any = SimpleNamespace(
        url=task["url"], folder=Path(task["folder"]) if task["folder"] else None
    )
    origin = parse_origin(job.upload_outputs.url)
    uploader = Uploader(StoreAccess(frozenset({str(origin)})), attempts=1)
    delivery = Delivery(job, engine, uploader, check=lambda: None)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (stored,) = delivery.finish(task["outputs"], float("inf"), Event())
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    told = {"grown_kib": after - before, "sha256": stored.sha256, "name": stored.name}
    sys.stdout.write(json.dumps(told))


main()
