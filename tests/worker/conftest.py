"""Fakes on the other side of the worker's wires, and jobs to give it."""

from __future__ import annotations

import io
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import pytest
from PIL import Image

from gpu_container.worker.attempt import Attempts
from gpu_container.worker.comfy.client import Comfy, Patience
from gpu_container.worker.comfy.engine import Engine
from gpu_container.worker.inputs.fetch import Fetcher
from gpu_container.worker.outputs.leftovers import Leftovers
from gpu_container.worker.result import JobResult
from gpu_container.worker.run_job import Deps, run_job
from gpu_container.worker.store.access import StoreAccess
from gpu_container.worker.store.upload import Uploader
from tests.engine_under_test import PATIENCE_S
from tests.worker.fake_comfy import FakeComfy
from tests.worker.fault_table import fault_table
from tests.worker.loop_thread import LoopThread
from tests.worker.mortal_comfy import Mortal, MortalComfy
from tests.worker.process import wait_for
from tests.worker.store import Store, StoreServer

IMPATIENT = Patience(history_every_s=0.3, unreachable_s=0.3)


def png(width: int = 64, height: int = 64, color: str = "red") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), color).save(out, "PNG")
    return out.getvalue()


@pytest.fixture(scope="session")
def loop_thread() -> Iterator[LoopThread]:
    thread = LoopThread()
    yield thread
    thread.close()


@pytest.fixture
def comfy(loop_thread: LoopThread) -> Iterator[FakeComfy]:
    fake = FakeComfy(loop_thread)
    fake.files["output//rec_00001_.png"] = png()
    yield fake
    fake.close()


@pytest.fixture(scope="session")
def store_server(loop_thread: LoopThread) -> Iterator[StoreServer]:
    server = StoreServer(loop_thread)
    yield server
    server.close()


@pytest.fixture
def store(store_server: StoreServer) -> Store:
    return Store(store_server)


class SkippingClock:
    """The real one, of which a test can skip a part: no limit is over before that."""

    def __init__(self) -> None:
        self._skipped_s = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self._skipped_s

    def skip(self, seconds: float) -> None:
        self._skipped_s += seconds


@dataclass
class Bench:
    """A worker between the fakes."""

    comfy: FakeComfy
    store: Store
    deps: Deps
    pauses: list[float]
    clock: SkippingClock
    stop: Event = field(default_factory=Event)

    def job(self, **changes: Any) -> dict[str, Any]:
        base = "jobs/1300000000000000001/1"
        job: dict[str, Any] = {
            "version": 1,
            "job_id": "1300000000000000001",
            "attempt": 1,
            "graph": self.comfy.graph,
            "outputs": ["9"],
            "inputs": [],
            "upload": {
                "outputs": self.store.target(base + "/outputs/${filename}"),
                "progress": self.store.target(base + "/progress.json"),
                "result": self.store.target(base + "/result.json"),
            },
            "limits": {
                "timeout_s": PATIENCE_S,
                "progress_interval_s": 0.01,
                "max_outputs": 10,
                "max_output_bytes": 1 << 20,
            },
        }
        limits = {**job["limits"], **changes.pop("limits", {})}
        return {**job, **changes, "limits": limits}

    def marks(self, job_id: str = "1300000000000000001") -> dict[str, Any]:
        """Where one attempt at a job is claimed and cancelled."""
        base = f"jobs/{job_id}/1"
        return {
            "job_id": job_id,
            "cancel_url": self.store.object_url(f"{base}/cancel"),
            "claim": {
                "url": self.store.object_url(f"{base}/claim", signed="host;if-none-match"),
                "headers": {"If-None-Match": "*"},
            },
        }

    def run(self, **changes: Any) -> JobResult:
        return run_job(self.job(**changes), self.deps, self.stop)

    def run_out_of_time(self, once: Callable[[], bool], **changes: Any) -> JobResult:
        """Run a job whose time is over as soon as that holds."""
        with ThreadPoolExecutor(1) as thread:
            result = thread.submit(self.run, **changes)
            wait_for(once)
            self.clock.skip(PATIENCE_S)
            return result.result()

    def result_document(self) -> dict[str, Any]:
        assert len(self.store.all("result.json")) == 1
        assert self.store.keys()[-1].endswith("/result.json")
        return self.store.document("result.json")


@pytest.fixture(scope="session")
def all_counts() -> Counter[tuple[str, str]]:
    """What the modules that are done have counted."""
    return Counter()


@pytest.fixture(scope="module")
def counts(all_counts: Counter[tuple[str, str]]) -> Iterator[Counter[tuple[str, str]]]:
    """Count how jobs ended under each fault; `pytest -s` prints the table."""
    counted: Counter[tuple[str, str]] = Counter()
    yield counted
    all_counts.update(counted)
    sys.stdout.write("\n" + fault_table(counted))


@pytest.fixture
def make_bench(comfy: FakeComfy, store: Store) -> Iterator[Callable[..., Bench]]:
    benches: list[Bench] = []

    def make(engine: Any = None, patience: Patience = IMPATIENT) -> Bench:
        pauses: list[float] = []
        clock = SkippingClock()
        engine = engine or Engine(url=comfy.url)
        access = StoreAccess(frozenset({store.origin}))
        deps = Deps(
            engine=engine,
            comfy=Comfy(engine, patience=patience, clock=clock),
            attempts=Attempts(access, poll_s=0.02, timeout_s=PATIENCE_S),
            fetcher=Fetcher(access, sleep=pauses.append),
            uploader=Uploader(access, sleep=pauses.append),
            progress_uploader=Uploader(access, attempts=1, timeout_s=3),
            leftovers=Leftovers(engine),
            clock=clock,
        )
        benches.append(Bench(comfy, store, deps, pauses, clock))
        return benches[-1]

    yield make
    for bench in benches:
        bench.deps.close()


@pytest.fixture
def bench(make_bench: Callable[..., Bench]) -> Bench:
    return make_bench()


@pytest.fixture
def two_lives(loop_thread: LoopThread) -> Iterator[Mortal]:
    """An engine whose first life holds on to whatever runs, and whose second works."""

    def life(number: int) -> MortalComfy:
        made = MortalComfy(loop_thread, "run_txt2img", lambda _: False)
        made.files["output//rec_00001_.png"] = png()
        if number == 0:
            made.faults.hang_at, made.faults.interrupts_lost = 10, float("inf")
        return made

    made = Mortal(loop_thread, life, lives=2)
    yield made
    made.close()
