"""The whole of one job in worker-comfyui's format. It reaches the engine and nothing else."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from threading import Event
from typing import Any

from gpu_container.worker import log as job_log
from gpu_container.worker.errors import JobFailed, Kind
from gpu_container.worker.job import Job, Limits, UploadTarget
from gpu_container.worker.outputs.find import EngineFile, files_in
from gpu_container.worker.outputs.locate import located
from gpu_container.worker.run_job import Deps
from gpu_container.worker.until import Until
from gpu_container.worker.worker_comfyui.answer import (
    Answer,
    Pictures,
    failed,
    most_bytes,
    refused,
)
from gpu_container.worker.worker_comfyui.request import (
    Request,
    RequestRefused,
    parse_request,
    with_images,
)

log = logging.getLogger(__name__)

_NOWHERE = UploadTarget("", {})
_AT_LEAST_S = 10.0  # to fetch pictures in, when the job's time is used up


def run_request(
    payload: object, job_id: str, deps: Deps, stop: Event, *, timeout_s: float
) -> Answer:
    """Run the job to its end, for at most `timeout_s`, and return what its sender gets.

    Never raises. Setting `stop` interrupts exactly this job's run.
    """
    deadline = deps.clock() + timeout_s
    with job_log.about(job_id, 1), deps.leftovers.kept():
        try:
            until = Until(deadline, stop, deps.clock)
            answer = _run(parse_request(payload), job_id, deps, until, timeout_s)
        except RequestRefused as refusal:
            answer = refused(refusal.error, refusal.details, Kind.BAD_JOB)
        except JobFailed as failure:
            answer = failed(failure)
        except Exception as error:  # the boundary of a job: a bug here must not end it silently
            log.exception("the worker failed")
            text = f"An unexpected error occurred: {type(error).__name__}; see the worker's log"
            answer = refused(text, (), Kind.EXECUTION_FAILED)
        deps.engine.start()  # if it died: be ready for the next job
        log.info("job %s", answer.failure or "succeeded")
    return answer


def _run(request: Request, job_id: str, deps: Deps, until: Until, timeout_s: float) -> Answer:
    deadline, stop = until.deadline, until.stop
    if request.comfy_org_api_key:
        log.warning("comfy_org_api_key is not passed on: nodes that call Comfy.org will fail")
    if deps.models is not None:
        deps.models.ensure(request.graph, deadline, stop)
    deps.engine.wait_ready(deadline, stop)
    names = {
        name: deps.comfy.upload_image(image.name, image.png, deadline=deadline, stop=stop)
        for name, image in request.images.items()
    }
    graph = with_images(request.graph, names)
    job = _job(job_id, graph, timeout_s)
    made = deps.comfy.run(job, graph, deadline=deadline, stop=stop, watch=lambda _: None)
    pictures = Pictures(most_bytes(job_id))
    give_up_at = max(deadline, deps.clock() + _AT_LEAST_S)

    def check() -> None:
        if stop.is_set():
            raise JobFailed(Kind.INTERRUPTED, "the worker was told to stop")
        if deps.clock() >= give_up_at:
            raise JobFailed(Kind.ENGINE_UNAVAILABLE, "it did not come within the job's time")

    for file in _files(made):
        _add(file, pictures, deps, check)
    return pictures.answer()


def _job(job_id: str, graph: dict[str, Any], timeout_s: float) -> Job:
    limits = Limits(timeout_s, progress_interval_s=0.0, max_outputs=0, max_output_bytes=0)
    return Job(
        job_id=job_id,
        attempt=1,
        graph=graph,
        outputs=(),
        inputs=(),
        upload_outputs=_NOWHERE,
        upload_progress=_NOWHERE,
        upload_result=_NOWHERE,
        limits=limits,
    )


def _files(made: Mapping[str, Any]) -> Iterator[EngineFile]:
    """Yield every node's images but previews, as worker-comfyui does; other kinds it leaves."""
    for node_id, output in made.items():
        others = sorted(set(output) - {"images"})
        if others:
            log.info("node %s made what this format has no place for: %s", node_id, others)
        yield from (file for file in files_in(output.get("images") or ()) if file.type != "temp")


def _add(file: EngineFile, pictures: Pictures, deps: Deps, check: Callable[[], None]) -> None:
    try:
        with located(deps.engine, file, pictures.most_bytes, check) as path:
            pictures.add(file.filename, path.read_bytes())
    except JobFailed as failure:
        if failure.kind is Kind.INTERRUPTED:
            raise
        name = file.filename
        pictures.errors.append(f"Failed to fetch image data for {name}: {failure.message}")
