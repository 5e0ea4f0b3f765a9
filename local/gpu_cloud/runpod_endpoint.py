"""One Runpod endpoint at work: its queue, its workers, and the rules that tie the two together."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from local.gpu_cloud.faults import HIRES_NOBODY, Fault, FaultMode, Faults, Provider
from local.gpu_cloud.fleet import Duty, Fleet, Worker, WorkerState
from local.gpu_cloud.runpod_queue import Job, Policy, RunpodQueue

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.gpu_cloud.bell import Bell
    from local.gpu_cloud.settings import GpuCloudSettings, RunpodSettings
    from local.gpu_cloud.worker_process import WorkerProcess

_PING_EVERY_MS = 10_000  # the SDK's own default
_TELL_AGAIN_S = 1.0  # the SDK drops an order about a job that it has taken but not begun


class RunpodEndpoint:
    """What the client API and the worker API both act on."""

    def __init__(
        self,
        settings: GpuCloudSettings,
        faults: Faults,
        bell: Bell,
        clock: Callable[[], float],
    ) -> None:
        self.settings: RunpodSettings = settings.runpod
        self.worker_token = secrets.token_hex(16)
        self.base_url = ""  # known with the first submit, and no worker starts before it
        self.closing = False  # answers whoever still waits, so that the server can end
        self.queue = RunpodQueue(clock)
        self.bell = bell
        self._told: dict[str, float] = {}
        self._clock = clock
        self._stop_grace_s = settings.stop_grace_s
        duty = Duty(
            provider=Provider.RUNPOD,
            command=settings.runpod.worker_command,
            places=settings.runpod.max_workers,
            waiting=lambda: self.queue.waiting,
            environment=self._worker_environment,
            serve=self._serve,
        )
        self.fleet = Fleet(duty, settings, faults, bell)

    @property
    def fault(self) -> Fault:
        """How Runpod misbehaves now."""
        return self.fleet.fault

    def submit(self, job_input: Any, policy: Policy, *, is_sync: bool) -> Job:
        """Take a job from a client."""
        runs = 2 if self.fault.mode is FaultMode.DOUBLE_RUN else 1
        job = self.queue.submit(job_input, policy, is_sync=is_sync, runs=runs)
        self.bell.ring()
        return job

    async def outcome(self, job_id: str, wait_s: float) -> Job | None:
        """Wait up to `wait_s` for a job's end, and give the job as it then is."""

        def is_over() -> bool:
            job = self.queue.find(job_id)
            return self.closing or job is None or job.finished

        await self.bell.until(is_over, wait_s)
        return self.queue.find(job_id)

    async def next_job(self, worker_id: str, wait_s: float) -> Job | None:
        """Give a worker that asks a job, as soon as there is one for it within `wait_s`."""
        worker = self.fleet.workers.get(worker_id)
        if worker is None:
            return None
        self.queue.released(worker_id)
        self._mark(worker, WorkerState.IDLE)
        await self.bell.until(lambda: worker.leaving or self._has_job_for(worker), wait_s)
        if not self._has_job_for(worker):
            return None
        job = self.queue.take(worker_id)
        if job is not None:
            self._mark(worker, WorkerState.RUNNING)
            await self._dawdle(worker)
        return None if self.queue.unwanted(worker_id) or worker.leaving else job

    async def jobs_to_stop(self, worker_id: str, wait_s: float) -> list[str]:
        """Tell a worker which of its jobs to stop, as soon as there is one within `wait_s`.

        An order is given again until the worker has let go of the job.
        """
        worker = self.fleet.workers.get(worker_id)
        if worker is None:
            return []
        await self.bell.until(lambda: worker.leaving or bool(self._untold(worker_id)), wait_s)
        orders = self._untold(worker_id)
        self._told = {job_id: at for job_id, at in self._told.items() if not self._is_old(at)}
        self._told |= dict.fromkeys(orders, self._clock())
        return orders

    def done(self, worker_id: str, job_id: str, output: Any, error: Any) -> None:
        """Take a worker's result."""
        self.queue.done(worker_id, job_id, output, error)
        if worker := self.fleet.workers.get(worker_id):
            self._mark(worker, WorkerState.IDLE)
        self.bell.ring()

    def health(self) -> dict[str, dict[str, int]]:
        """Count jobs and workers the way `/health` shows them."""
        counts = self.fleet.counts()
        throttled = self.fault.mode is FaultMode.NO_CAPACITY
        return {
            "jobs": self.queue.counts(),
            "workers": {
                "idle": counts[WorkerState.IDLE],
                "initializing": counts[WorkerState.INITIALIZING],
                "ready": counts[WorkerState.IDLE] + counts[WorkerState.RUNNING],
                "running": counts[WorkerState.RUNNING],
                "throttled": self.settings.max_workers if throttled else 0,
                "unhealthy": self.fleet.unhealthy,
            },
        }

    async def _serve(self, worker: Worker, process: WorkerProcess) -> None:
        try:
            await self.bell.until(lambda: process.ended or self._is_of_no_more_use(worker))
        finally:
            worker.leaving = True
            self.queue.worker_lost(worker.id, crashed=process.ended)

    def _is_of_no_more_use(self, worker: Worker) -> bool:
        now = self._clock()
        if worker.state is WorkerState.IDLE:
            idle_too_long = now >= worker.idle_since + self.settings.idle_timeout_s
            return idle_too_long or self.fault.mode in HIRES_NOBODY
        # A handler that holds the worker's event loop never hears the order to stop: what is
        # left is what Runpod itself does with a worker that overruns, to end it.
        decided = self.queue.unwanted(worker.id).values()
        return any(now >= at + self._stop_grace_s for at in decided)

    def _has_job_for(self, worker: Worker) -> bool:
        if worker.leaving or self.fault.mode in HIRES_NOBODY:
            return False
        return self.queue.waiting > 0

    async def _dawdle(self, worker: Worker) -> None:
        if self.fault.mode is FaultMode.SLOW:
            await self.bell.until(
                lambda: worker.leaving or bool(self.queue.unwanted(worker.id)), self.fault.seconds
            )

    def _untold(self, worker_id: str) -> list[str]:
        return [
            job_id
            for job_id in self.queue.unwanted(worker_id)
            if job_id not in self._told or self._is_old(self._told[job_id])
        ]

    def _is_old(self, told_at: float) -> bool:
        return self._clock() >= told_at + _TELL_AGAIN_S

    def _mark(self, worker: Worker, state: WorkerState) -> None:
        if worker.state is not state:
            worker.state = state
            worker.idle_since = self._clock()
            self.bell.ring()

    def _worker_environment(self, worker_id: str) -> dict[str, str]:
        """What Runpod puts into a worker's environment for its SDK to find its way back."""
        base = f"{self.base_url}/v2/{self.settings.endpoint_id}"
        return {
            # The SDK appends `&name=value` to these, so each needs a query of its own.
            "RUNPOD_WEBHOOK_GET_JOB": f"{base}/job-take/$ID?gpu=local",
            "RUNPOD_WEBHOOK_POST_OUTPUT": f"{base}/job-done/$RUNPOD_POD_ID/$ID?gpu=local",
            "RUNPOD_WEBHOOK_PING": f"{base}/ping/$RUNPOD_POD_ID?gpu=local",
            "RUNPOD_PING_INTERVAL": str(_PING_EVERY_MS),
            "RUNPOD_AI_API_KEY": self.worker_token,
            "RUNPOD_ENDPOINT_ID": self.settings.endpoint_id,
            "RUNPOD_POD_ID": worker_id,
            # For a worker that leaves them on: there is no GPU, and they reach for the internet.
            "RUNPOD_SKIP_GPU_CHECK": "true",
            "RUNPOD_SKIP_AUTO_SYSTEM_CHECKS": "true",
        }
