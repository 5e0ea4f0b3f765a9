"""A cancelled job on the service's own worker and an engine: that prompt ends, and no other."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.engine.engine import Engine
from local.engine.folders import Folders
from local.engine.server import build_app
from tests.local.gpu_cloud.gpu_cloud_kit import Cloud, StartCloud
from tests.until import eventually
from tests.worker.fake_comfy import graph_of
from tests.worker.loop_thread import LoopThread
from tests.worker.store import Store, StoreServer

ROOT = Path(__file__).parents[3]
WORKER = (sys.executable, "-m", "gpu_container.worker.serve_runpod")


@dataclass
class Outside:
    """What the workers reach: an engine that all of them share, and a store."""

    engine: Engine
    engine_url: str
    store: Store

    def job(self, job_id: str, *, seed: int, steps: int) -> dict[str, Any]:
        graph = graph_of("run_txt2img")
        graph["3"]["inputs"] |= {"seed": seed, "steps": steps}
        base = f"jobs/{job_id}/1"
        return {
            "version": 1,
            "job_id": job_id,
            "attempt": 1,
            "graph": graph,
            "outputs": ["9"],
            "inputs": [],
            "upload": {
                "outputs": self.store.target(base + "/outputs/${filename}"),
                "progress": self.store.target(base + "/progress.json"),
                "result": self.store.target(base + "/result.json"),
            },
            "limits": {
                "timeout_s": 60,
                "progress_interval_s": 1,
                "max_outputs": 1,
                "max_output_bytes": 1 << 20,
            },
        }

    def prompts(self) -> int:
        return self.engine.queue.remaining

    def status(self, job_id: str) -> str | None:
        found = self.store.all(f"jobs/{job_id}/1/result.json")
        return str(json.loads(found[0].data)["status"]) if found else None


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Outside]:
    loop = LoopThread()
    folders = Folders(tmp_path / "engine")
    folders.make()
    engine = Engine(folders, 0.01)
    runner, url = loop.serve(build_app(engine))
    stores = StoreServer(loop)
    yield Outside(engine, url, Store(stores))
    stores.close()
    loop.call(runner.cleanup())
    loop.close()


async def test_a_cancelled_running_job_leaves_the_engine_and_its_neighbour_goes_on(
    start_cloud: StartCloud, outside: Outside
) -> None:
    cloud = await start_cloud(
        runpod={"worker_command": WORKER, "max_workers": 2},
        comfyui_url=outside.engine_url,
        store_origins=[outside.store.origin],
        worker_folder=ROOT,
        stop_grace_s=20.0,
    )
    ours = await cloud.runpod("run", {"input": outside.job("A", seed=1, steps=10_000)})
    await eventually(lambda: outside.prompts() == 1)
    neighbours = await cloud.runpod("run", {"input": outside.job("B", seed=2, steps=50)})
    await eventually(lambda: outside.prompts() == 2)

    cancelled = await cloud.runpod(f"cancel/{ours['id']}")

    assert cancelled["status"] == "CANCELLED"
    await eventually(lambda: outside.status("A") == "interrupted")
    await eventually(lambda: outside.status("B") == "succeeded")

    async def is_over() -> bool:
        return bool((await cloud.status(neighbours["id"]))["status"] == "COMPLETED")

    await eventually(is_over)
    assert (await cloud.status(ours["id"]))["status"] == "CANCELLED"
    assert outside.prompts() == 0


async def test_an_order_to_stop_is_given_again_until_the_worker_lets_go(
    start_cloud: StartCloud, tmp_path: Path
) -> None:
    """The SDK drops an order about a job that it has taken but not begun."""
    cloud = await start_cloud(stop_grace_s=60.0)
    shown = await cloud.runpod("runsync", {"input": {}})
    key = shown["output"]["environment"]["RUNPOD_AI_API_KEY"]
    trace = tmp_path / "trace"
    job = await cloud.runpod("run", {"input": {"do": "hang", "trace": str(trace)}})
    await eventually(trace.exists)
    await cloud.runpod(f"cancel/{job['id']}")

    assert await orders(cloud, key) == [job["id"]]

    cloud.ahead_s = -60.0  # no time passes until we say so
    again = asyncio.create_task(orders(cloud, key))
    for _ in range(5):
        await cloud.health()
    assert not again.done()

    cloud.ahead_s = 1.0
    assert await again == [job["id"]]


async def orders(cloud: Cloud, key: str) -> list[str]:
    headers = {"Authorization": key}
    status, answer = await cloud.get("/v2/ep/job-stop/runpod-1", headers=headers)
    assert status == 200
    told: list[str] = answer["jobsToStop"]
    return told
