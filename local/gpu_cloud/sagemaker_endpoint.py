"""One asynchronous SageMaker endpoint at work: its backlog, its instances, its S3 objects."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from typing import TYPE_CHECKING

from aiohttp import ClientError, ClientSession, ClientTimeout

from local.gpu_cloud.faults import HIRES_NOBODY, Fault, FaultMode, Faults, Provider
from local.gpu_cloud.fleet import Duty, Fleet, Worker, WorkerState
from local.gpu_cloud.object_store import ObjectStore, ObjectStoreError
from local.gpu_cloud.sagemaker_queue import Invocation, SageMakerQueue

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.gpu_cloud.bell import Bell
    from local.gpu_cloud.settings import GpuCloudSettings, SageMakerSettings
    from local.gpu_cloud.worker_process import WorkerProcess

_PING_EVERY_S = 0.2
_PING_TIMEOUT = ClientTimeout(total=2)  # SageMaker's own limit for an answer to /ping
_STARTUP_LIMIT_S = 600.0  # the service lets one choose between 60 and 3600
_OK, _CLIENT_ERRORS = range(200, 300), range(400, 500)

_log = logging.getLogger(__name__)


class InvocationFailed(Exception):
    """A request ended without an output; the text goes into its failure object."""


class InstanceLost(InvocationFailed):
    """The same, and the instance is of no more use."""


class SageMakerEndpoint:
    """What the API acts on."""

    def __init__(
        self,
        settings: GpuCloudSettings,
        faults: Faults,
        bell: Bell,
        clock: Callable[[], float],
    ) -> None:
        self.settings: SageMakerSettings = settings.sagemaker
        self.store = ObjectStore(settings.sagemaker)
        self.queue = SageMakerQueue(clock)
        self._bell = bell
        self._clock = clock
        self._urls: dict[str, str] = {}
        duty = Duty(
            provider=Provider.SAGEMAKER,
            command=settings.sagemaker.worker_command,
            places=settings.sagemaker.max_workers,
            waiting=lambda: self.queue.waiting,
            environment=self._worker_environment,
            serve=self._serve,
        )
        self.fleet = Fleet(duty, settings, faults, bell)

    @property
    def fault(self) -> Fault:
        """How SageMaker misbehaves now."""
        return self.fleet.fault

    def submit(self, invocation: Invocation) -> None:
        """Take a request from a client."""
        self.queue.submit(invocation)
        self._bell.ring()

    def instances(self) -> tuple[int, int]:
        """Count the instances there are, and those there should be."""
        counts = self.fleet.counts()
        current = counts[WorkerState.IDLE] + counts[WorkerState.RUNNING]
        coming = max(self.queue.waiting, counts[WorkerState.INITIALIZING] + self.fleet.unhealthy)
        return current, min(self.settings.max_workers, current + coming)

    async def run(self) -> None:
        """Work the backlog off, for ever."""
        async with asyncio.TaskGroup() as work:
            work.create_task(self.fleet.run())
            work.create_task(self._fail_the_expired())

    async def _fail_the_expired(self) -> None:
        while await self._bell.until(lambda: self.queue.expired > 0):
            for invocation in self.queue.take_expired():
                reason = f"the request expired after {invocation.ttl_s} s in the queue"
                await self._write_failure(invocation, reason)

    async def _serve(self, worker: Worker, process: WorkerProcess) -> None:
        """Wait for an instance to be healthy, then bring it one request after the other."""
        async with ClientSession(base_url=self._urls.pop(worker.id)) as instance:
            if not await self._becomes_healthy(instance, process):
                return
            self._mark(worker, WorkerState.IDLE)
            while await self._gets_work(worker, process) and (invocation := self.queue.take()):
                self._mark(worker, WorkerState.RUNNING)
                try:
                    await self._run(instance, invocation)
                except InstanceLost:
                    return
                except asyncio.CancelledError:
                    self.queue.put_back(invocation)
                    raise
                self._mark(worker, WorkerState.IDLE)

    async def _becomes_healthy(self, instance: ClientSession, process: WorkerProcess) -> bool:
        deadline = self._clock() + _STARTUP_LIMIT_S
        while not process.ended and self._clock() < deadline:
            try:
                async with instance.get("/ping", timeout=_PING_TIMEOUT) as answer:
                    if answer.status in _OK:
                        return True
            except (ClientError, TimeoutError):
                pass
            await asyncio.sleep(_PING_EVERY_S)
        return False

    async def _gets_work(self, worker: Worker, process: WorkerProcess) -> bool:
        """Wait for a request; False when the instance has crashed or is needed no longer."""

        def is_of_no_more_use() -> bool:
            idle_too_long = self._clock() >= worker.idle_since + self.settings.idle_timeout_s
            return process.ended or idle_too_long or self.fault.mode in HIRES_NOBODY

        await self._bell.until(lambda: is_of_no_more_use() or self.queue.waiting > 0)
        return not process.ended and self.fault.mode not in HIRES_NOBODY and self.queue.waiting > 0

    async def _run(self, instance: ClientSession, invocation: Invocation) -> None:
        try:
            body, content_type = await self._invoke(instance, invocation)
        except InvocationFailed as error:
            await self._write_failure(invocation, str(error))
            if isinstance(error, InstanceLost):
                raise
        else:
            location = self.store.output_location(invocation.inference_id)
            await self._write(location, body, content_type)

    async def _invoke(self, instance: ClientSession, invocation: Invocation) -> tuple[bytes, str]:
        """Run a request as often as it is to be run, and give its last answer."""
        payload = await self._payload(invocation)
        answer = b"", ""
        try:
            for _ in range(invocation.runs):
                async with asyncio.timeout(invocation.timeout_s):
                    await self._dawdle()
                    answer = await self._post(instance, invocation, payload)
        except TimeoutError:
            # The container still works on it, so the next request would wait behind it.
            text = f"the invocation timed out after {invocation.timeout_s} s"
            raise InstanceLost(text) from None
        except ClientError as error:
            text = f"the container closed the connection without a response ({error})"
            raise InstanceLost(text) from error
        return answer

    async def _payload(self, invocation: Invocation) -> bytes:
        if invocation.input_location is None:
            return invocation.body
        try:
            return await self.store.read(invocation.input_location)
        except ObjectStoreError as error:
            raise InvocationFailed(str(error)) from error

    async def _post(
        self, instance: ClientSession, invocation: Invocation, payload: bytes
    ) -> tuple[bytes, str]:
        headers = {
            "Content-Type": invocation.content_type,
            "Accept": invocation.accept,
            "X-Amzn-SageMaker-Inference-Id": invocation.inference_id,
        }
        no_limit = ClientTimeout(total=None)  # the invocation's own is counted by the caller
        async with instance.post(
            "/invocations", data=payload, headers=headers, timeout=no_limit
        ) as answer:
            body = await answer.read()
            if answer.status in _OK:
                return body, answer.content_type
            kind = "client" if answer.status in _CLIENT_ERRORS else "server"
            message = json.dumps(body.decode(errors="replace"))
            raise InvocationFailed(
                f"Received {kind} error ({answer.status}) from primary with message {message}"
            )

    async def _dawdle(self) -> None:
        if self.fault.mode is FaultMode.SLOW:
            await asyncio.sleep(self.fault.seconds)

    async def _write_failure(self, invocation: Invocation, reason: str) -> None:
        location = self.store.failure_location(invocation.inference_id)
        await self._write(location, reason.encode(), "text/plain")

    async def _write(self, location: str, body: bytes, content_type: str) -> None:
        try:
            await self.store.write(location, body, content_type)
        except ObjectStoreError:
            _log.exception("a request of SageMaker ends without a trace in S3")

    def _mark(self, worker: Worker, state: WorkerState) -> None:
        worker.state = state
        worker.idle_since = self._clock()
        self._bell.ring()

    def _worker_environment(self, worker_id: str) -> dict[str, str]:
        """What SageMaker puts into a container's environment, and where ours may listen."""
        port = _free_port()
        self._urls[worker_id] = f"http://127.0.0.1:{port}"
        return {"SAGEMAKER_BIND_TO_PORT": str(port), "BIND_HOST": "127.0.0.1"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
