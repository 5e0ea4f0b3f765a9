"""The real `runpod` package on both ends: its worker takes the jobs, its client sends them."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from tests.local.gpu_cloud.gpu_cloud_kit import StartCloud
from tests.until import eventually

SDK_WORKER = [sys.executable, str(Path(__file__).with_name("sdk_worker.py"))]


async def test_the_unmodified_sdk_runs_fails_and_stops_jobs(
    start_cloud: StartCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import runpod  # noqa: PLC0415 - takes two seconds, in every process that collects this

    cloud = await start_cloud(runpod={"worker_command": SDK_WORKER}, stop_grace_s=3.0)
    monkeypatch.setattr(runpod, "endpoint_url_base", f"{cloud.url}/v2")
    endpoint = runpod.Endpoint("ep", api_key="key")
    trace = tmp_path / "trace"

    completed = await asyncio.to_thread(endpoint.run_sync, {"input": {"a": 1}}, 30)
    assert completed == {"echo": {"a": 1}, "worker": "runpod-1"}

    failed = await cloud.runpod("runsync", {"input": {"do": "fail"}})
    assert (failed["status"], failed["error"]) == ("FAILED", "as told")

    order = {"input": {"do": "hang", "trace": str(trace)}}
    running = await asyncio.to_thread(endpoint.run, order)
    await eventually(trace.exists)
    assert await asyncio.to_thread(running.status) == "IN_PROGRESS"
    await asyncio.to_thread(running.cancel)
    assert await asyncio.to_thread(running.status) == "CANCELLED"

    # The SDK heard the order on its stop channel, so the same process takes the next job.
    after = await cloud.runpod("runsync", {"input": {"a": 2}})
    assert after["output"] == {"echo": {"a": 2}, "worker": "runpod-1"}
    health = await asyncio.to_thread(endpoint.health)
    assert health["jobs"]["completed"] == 2
