"""The SDK's own loop, but for when it takes a job.

The SDK (1.12.0, rp_scale.py) changes its number of jobs only once none is left, and looks once a
second whether there is room: so the next job could never come while this one's files go out.
Imported late, as the SDK is slow to import.
"""

from __future__ import annotations

import asyncio
import signal
from typing import Any

from runpod.serverless.modules import rp_scale  # type: ignore[import-untyped]

from gpu_container.worker.runpod_door import Door


def use(door: Door) -> None:
    """Make `runpod.serverless.start` run the loop below for `door`."""

    class Loop(rp_scale.JobScaler):  # type: ignore[misc]  # the SDK has no types
        """Takes one job at a time, each as soon as the one before is out of the engine."""

        def __init__(self, config: dict[str, Any]) -> None:
            super().__init__(config)
            self.jobs_queue: asyncio.Queue[Any] = asyncio.Queue()  # set_scale is the bound
            self.jobs_fetcher = self._fetch

        async def run(self) -> None:
            """SIGTERM is the door's: the SDK would wait for its long polls."""
            events = asyncio.get_running_loop()
            events.add_signal_handler(signal.SIGTERM, door.end)
            door.ends_with(self.kill_worker)
            await super().run()

        async def set_scale(self) -> None:
            """Wait for a place, then allow one job more than there are, or none at the end."""
            places = 1 if await door.place() else 0
            self.current_concurrency = self.current_occupancy() + places

        async def _fetch(self, session: Any, jobs_needed: int) -> Any:
            jobs = await rp_scale.get_job(session, jobs_needed)
            for job in jobs or ():
                door.expect(job["id"])
            return jobs

        async def handle_job(self, session: Any, job: dict[str, Any]) -> None:
            """Tell the door once the job's answer is handed in."""
            try:
                await super().handle_job(session, job)
            finally:
                door.forget(job["id"])

    rp_scale.JobScaler = Loop
