"""`distillery jobs`: an operator looks at jobs, follows one everywhere, and steps in."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from distillery.aws.job_queue import SqsJobQueue
from distillery.aws.job_store import DynamoJobStore
from distillery.core.cancel_job import CancelJob
from distillery.core.job import Job
from local.deployment import CannotRun, Deployment, printable, run_on
from local.job_table import jobs_since, open_job_ids
from local.job_trace import log_lines, stages
from local.memory import MemoryTelemetry


def run(arguments: argparse.Namespace) -> int:
    """Do what the command line asks; returns the exit status."""
    if arguments.action == "list":
        return run_on(arguments, partial(_list, arguments))
    return run_on(arguments, partial(_of_one, arguments))


def document(job: Job) -> dict[str, Any]:
    """Return what may be told of a job: all but the token and what the member wrote."""
    return {
        "job_id": job.job_id,
        "state": job.state.value,
        "member": job.origin.user_id,
        "workflow": job.request.workflow,
        "tier": job.tier.name,
        "charge": job.charge,
        "attempt": job.attempt,
        "losses": job.losses,
        "provider": job.provider or job.failed_on,
        "provider_job_id": job.provider_job_id,
        "error_kind": job.outcome.error_kind if job.outcome else None,
        "error": job.outcome.error if job.outcome else None,
        "pictures": len(job.outcome.pictures) if job.outcome else 0,
        "engine_s": job.outcome.engine_s if job.outcome else None,
        "gpu_s": job.outcome.gpu_s if job.outcome else None,
        "times": {"created": job.created_at, **job.times},
    }


def _list(arguments: argparse.Namespace, deployment: Deployment) -> None:
    jobs = [
        job
        for job in _chosen(arguments, deployment)
        if arguments.member in (None, job.origin.user_id)
    ]
    if arguments.json:
        print(json.dumps([document(job) for job in jobs]))
        return
    for job in jobs:
        print(printable(_line(job)))
    if not jobs:
        print("no jobs" if arguments.hours or arguments.member else "no open jobs (see --hours)")


def _chosen(arguments: argparse.Namespace, deployment: Deployment) -> Sequence[Job]:
    dynamodb = deployment.client("dynamodb")
    if arguments.hours or arguments.member:
        since = time.time() - arguments.hours * 3600 if arguments.hours else 0.0
        return jobs_since(dynamodb, deployment.table, since)
    store = DynamoJobStore(dynamodb, deployment.table)
    found = [store.load(job_id) for job_id in open_job_ids(dynamodb, deployment.table)]
    return sorted((job for job in found if job), key=lambda job: job.created_at)


def _line(job: Job) -> str:
    at = datetime.fromtimestamp(job.created_at, UTC).isoformat(" ", "seconds")
    kind = job.outcome and job.outcome.error_kind
    where = f"attempt {job.attempt} on {job.provider}" if job.provider else "waits"
    return f"{job.job_id}  {at}  {kind or job.state:<10}  {where}  {job.request.workflow}"


def _of_one(arguments: argparse.Namespace, deployment: Deployment) -> None:
    store = DynamoJobStore(deployment.client("dynamodb"), deployment.table)
    job = store.load(arguments.id)
    if job is None:
        raise CannotRun(f"No job {arguments.id}. See: distillery jobs list --hours 24")
    _OF_ONE[arguments.action](arguments, deployment, job)


def _show(arguments: argparse.Namespace, _: Deployment, job: Job) -> None:
    told = document(job)
    if arguments.json:
        print(json.dumps(told))
        return
    for name, value in told.items():
        if name != "times" and value is not None:
            print(printable(f"{name:<16} {value}"))
    for stage in stages(job):
        print(f"  {stage}")


def _trace(arguments: argparse.Namespace, deployment: Deployment, job: Job) -> None:
    lines = log_lines(deployment, job, arguments.stack or deployment.stack)
    if arguments.json:
        print(json.dumps({"job": document(job), "log": [line.document() for line in lines]}))
        return
    print("\n".join(stages(job)))
    print()
    for line in lines:
        print(printable(str(line)))
    if not lines:
        print("no log line names this job")


def _cancel(arguments: argparse.Namespace, deployment: Deployment, job: Job) -> None:
    dynamodb = deployment.client("dynamodb")
    queue = SqsJobQueue(deployment.client("sqs"), deployment.queue_url)
    store = DynamoJobStore(dynamodb, deployment.table)
    done = CancelJob(store, queue, MemoryTelemetry(), time.time).one(job.job_id)
    _say(arguments, job, "is called off" if done else f"had ended already ({job.state})")


def _redeliver(arguments: argparse.Namespace, deployment: Deployment, job: Job) -> None:
    queue = SqsJobQueue(deployment.client("sqs"), deployment.queue_url)
    queue.send_again(job.job_id, group=job.origin.user_id)
    if job.is_final:
        _say(arguments, job, "has its answer shown once more")
    else:
        _say(arguments, job, f"is woken: it is {job.state}, and has no answer yet")


def _say(arguments: argparse.Namespace, job: Job, what: str) -> None:
    print(
        json.dumps({"job_id": job.job_id, "said": what})
        if arguments.json
        else f"{job.job_id} {what}"
    )


_OF_ONE: Mapping[str, Callable[[argparse.Namespace, Deployment, Job], None]] = {
    "show": _show,
    "trace": _trace,
    "cancel": _cancel,
    "redeliver": _redeliver,
}
