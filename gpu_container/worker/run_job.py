"""The whole of one job: inputs, graph, outputs, and last of all result.json.

Whatever happens, exactly one result is stored and returned; nothing is stored after it.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from threading import Event
from typing import Any, Protocol

from gpu_container.worker import log as job_log
from gpu_container.worker.attempt import Attempts, AttemptTaken, CancelWatch
from gpu_container.worker.comfy.client import Comfy, Watch
from gpu_container.worker.comfy.engine import Engine
from gpu_container.worker.comfy.web_socket import Message, Preview
from gpu_container.worker.errors import JobFailed, Kind
from gpu_container.worker.inputs.fetch import CheckedImage, Fetcher
from gpu_container.worker.job import Graph, Job, Place, UploadTarget, parse_job, result_address
from gpu_container.worker.outputs.deliver import Delivery
from gpu_container.worker.outputs.leftovers import Leftovers
from gpu_container.worker.progress.reporter import Reporter
from gpu_container.worker.progress.weights import Rates
from gpu_container.worker.result import JobResult, StoredOutput, Timings
from gpu_container.worker.store.upload import Uploader
from gpu_container.worker.until import Until

log = logging.getLogger(__name__)

RESULT_S = 15.0
"""After the job's deadline, for its result to be stored."""


class ModelShelf(Protocol):
    """Where the models lie."""

    def ensure(
        self, graph: Graph, deadline: float, stop: Event, words: Set[Place] = frozenset()
    ) -> None:
        """Return when all that the graph names, not at `words`, is there. Raises JobFailed."""


class StartFigures(Protocol):
    """How the worker started."""

    def document(self) -> dict[str, float | int | None]:
        """Return the figures for one job's result, and count the job."""


@dataclass(frozen=True, slots=True)
class Deps:
    """What a job needs from outside. `clock` counts seconds, `now` is seconds since 1970."""

    engine: Engine
    comfy: Comfy
    attempts: Attempts
    fetcher: Fetcher
    uploader: Uploader
    progress_uploader: Uploader
    leftovers: Leftovers
    models: ModelShelf | None = None
    start: StartFigures | None = None
    rates: Rates = field(default_factory=Rates)
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time

    def close(self) -> None:
        """End the engine and drop every connection."""
        self.engine.stop()
        parts = (self.comfy, self.attempts, self.fetcher, self.uploader, self.progress_uploader)
        for part in parts:
            part.close()


def run_job(envelope: object, deps: Deps, stop: Event) -> JobResult:
    """Run the job in `envelope` to its end and return the result that was stored.

    Never raises. Setting `stop` interrupts exactly this job's run, and so does a cancelled job:
    the event must be this job's own. If result.json itself cannot be stored, the returned result
    says upload_failed. A second run of the attempt stores nothing and returns a duplicate.
    """
    started, started_at, timings = deps.clock(), deps.now(), Timings()
    job_id, attempt, target = result_address(envelope)
    outputs: tuple[StoredOutput, ...] = ()
    failure: JobFailed | None = None
    deadline = started
    with job_log.about(job_id, attempt), deps.leftovers.kept():
        try:
            job = parse_job(envelope)
            deadline += job.limits.timeout_s
            with deps.attempts.hold(job, stop) as watch:
                stored = _Work(job, deps, stop, watch, timings, started).run()
            outputs = stored  # a job cancelled at its very end has none
        except AttemptTaken:
            log.info("another run has this attempt: nothing was done")
            return JobResult(job_id, attempt, started_at, deps.now(), duplicate=True)
        except JobFailed as error:
            failure = error
        except Exception as error:  # the boundary of a job: a bug here must not end it silently
            log.exception("the worker failed")
            text = f"unexpected {type(error).__name__} in the worker; see its log"
            failure = JobFailed(Kind.EXECUTION_FAILED, text)
        timings.total_s = deps.clock() - started
        result = JobResult(
            job_id,
            attempt,
            started_at,
            deps.now(),
            outputs,
            failure,
            timings,
            start=deps.start.document() if deps.start else None,
        )
        result = _store(result, target, deps, deadline)
        deps.engine.start()  # if it died: be ready for the next job
        log.info("job %s: %s", result.status, result.failure or f"{len(outputs)} files")
    return result


def _store(
    result: JobResult, target: UploadTarget | None, deps: Deps, deadline: float
) -> JobResult:
    if target is None:
        return result
    document = json.dumps(result.document()).encode()
    give_up_at = max(deadline, deps.clock()) + RESULT_S

    def check() -> None:
        if deps.clock() >= give_up_at:
            text = "the store did not take result.json in time"
            raise JobFailed(Kind.UPLOAD_FAILED, text)

    try:
        deps.uploader.post(target, "result.json", document, "application/json", check)
    except JobFailed as error:
        log.error("the result was not stored: %s", error)
        return replace(result, outputs=(), failure=error)
    return result


@dataclass(frozen=True, slots=True)
class _Work:
    """The stages of one job that fits the schema. Each raises JobFailed."""

    job: Job
    deps: Deps
    stop: Event
    watch: CancelWatch
    timings: Timings
    started: float

    def run(self) -> tuple[StoredOutput, ...]:
        deadline = self.started + self.job.limits.timeout_s
        until = Until(deadline, self.stop, self.deps.clock)
        with self._timed("inputs_s"):
            images = [self.deps.fetcher.fetch(entry, until.check) for entry in self.job.inputs]
        reporter, delivery = self._reporter(), self._delivery()

        def see(event: Message | Preview) -> None:
            reporter.see(event)
            delivery.see(event)

        try:
            with self._timed("engine_s"):
                made = self._run_graph(images, deadline, see)
            reporter.end()
            with self._timed("upload_s"):
                return delivery.finish(made, deadline, self.stop)
        finally:
            reporter.end()
            delivery.close()
            reporter.stop()

    def _run_graph(
        self, images: list[CheckedImage], deadline: float, watch: Watch
    ) -> dict[str, Any]:
        job, deps = self.job, self.deps
        if deps.models is not None:
            with self._timed("models_s"):
                deps.models.ensure(job.graph, deadline, self.stop, job.words)
        deps.engine.wait_ready(deadline, self.stop)
        graph = deepcopy(dict(job.graph))
        for entry, image in zip(job.inputs, images, strict=True):
            name = deps.comfy.upload_image(image.name, image.png, deadline=deadline, stop=self.stop)
            graph[entry.node]["inputs"][entry.input] = name
        return deps.comfy.run(job, graph, deadline=deadline, stop=self.stop, watch=watch)

    def _reporter(self) -> Reporter:
        deps = self.deps
        return Reporter(
            self.job,
            deps.progress_uploader,
            started=self.started,
            clock=deps.clock,
            rates=deps.rates,
        )

    def _delivery(self) -> Delivery:
        deps = self.deps
        return Delivery(
            self.job, deps.engine, deps.uploader, check=self.watch.check, clock=deps.clock
        )

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        begun = self.deps.clock()
        try:
            yield
        finally:
            setattr(self.timings, stage, self.deps.clock() - begun)
