"""The Runpod door without the SDK: what a cancelled handler does until its job has ended."""

from __future__ import annotations

import asyncio
from threading import Event
from typing import Any, cast

import pytest

from gpu_container.worker.result import JobResult
from gpu_container.worker.run_job import Deps
from gpu_container.worker.serve_runpod import Door


async def test_a_job_that_is_stopped_again_and_again_still_ends_before_the_next_begins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun, stored, seen = Event(), Event(), []

    def run_until_stored(envelope: object, _: Deps, stop: Event) -> JobResult:
        begun.set()
        seen.append(stop.wait(10))
        stored.wait(10)
        return JobResult(str(envelope), 1, 0.0, 0.0)

    monkeypatch.setattr("gpu_container.worker.serve_runpod.run_job", run_until_stored)
    job = {"id": "1", "input": "1"}
    handling: asyncio.Task[Any] = asyncio.create_task(Door(cast("Deps", None)).handle(job))
    await asyncio.to_thread(begun.wait, 10)

    for _ in range(3):
        handling.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not handling.done()
    stored.set()

    with pytest.raises(asyncio.CancelledError):
        await handling
    assert seen == [True]
