"""Each way to misbehave, on both providers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from botocore.exceptions import ClientError, HTTPClientError

from tests.local.gpu_cloud.gpu_cloud_kit import ENVELOPE, Cloud, StartCloud
from tests.until import eventually

OUTPUT = "/images/sagemaker/output/job.out"


def lines(trace: Path) -> int:
    return len(trace.read_text().splitlines()) if trace.exists() else 0


async def submissions(cloud: Cloud) -> list[dict[str, Any]]:
    return (await cloud.get("/control/submissions"))[1]


async def invoke(cloud: Cloud, **order: Any) -> dict[str, Any]:
    return await cloud.invoke(InferenceId="job", Body=json.dumps(order).encode())


@pytest.mark.parametrize(
    ("order", "complaint"),
    [
        ([], "send an object"),
        ({"provider": "modal", "mode": "ok"}, "provider must be one of: runpod, sagemaker"),
        ({"provider": "runpod", "mode": "odd"}, "mode must be one of: ok, no_capacity, crash_loop"),
        ({"provider": "runpod"}, "mode must be one of"),
        ({"provider": "runpod", "mode": "slow", "seconds": 61}, "at most 60"),
        ({"provider": "runpod", "mode": "slow", "seconds": "long"}, "seconds must be a number"),
    ],
)
async def test_a_bad_order_is_answered_400_with_the_choices(
    cloud: Cloud, order: object, complaint: str
) -> None:
    status, answer = await cloud.post("/control/faults", order)

    assert status == 400
    assert complaint in answer["error"]


async def test_the_faults_of_both_providers_are_shown(cloud: Cloud) -> None:
    await cloud.fault("sagemaker", "slow")

    assert (await cloud.get("/control/faults"))[1] == {
        "runpod": {"mode": "ok", "seconds": 0.0},
        "sagemaker": {"mode": "slow", "seconds": 20.0},
    }


async def test_the_services_own_jobs_are_listed(cloud: Cloud) -> None:
    assert (await cloud.get("/control/jobs"))[1] == [{"id": "1", "state": "QUEUED"}]


async def test_without_capacity_runpod_takes_jobs_and_shows_throttled_workers(
    cloud: Cloud,
) -> None:
    await cloud.runpod("runsync", {"input": {}})
    await cloud.fault("runpod", "no_capacity")

    job = await cloud.runpod("run", {"input": ENVELOPE})

    async def the_warm_worker_is_gone() -> bool:
        return (await cloud.health())["workers"]["ready"] == 0

    await eventually(the_warm_worker_is_gone)
    health = await cloud.health()
    assert (health["workers"]["throttled"], health["jobs"]["inQueue"]) == (1, 1)
    assert (await submissions(cloud))[1]["mode"] == "no_capacity"
    assert [log.name for log in cloud.settings.log_folder.iterdir()] == ["runpod-1.log"]
    await cloud.fault("runpod", "ok")
    await eventually(lambda: _completed(cloud, job["id"]))


async def test_without_capacity_sagemaker_keeps_its_backlog(cloud: Cloud) -> None:
    await cloud.fault("sagemaker", "no_capacity")

    await invoke(cloud)

    [variant] = (await cloud.describe())["ProductionVariants"]
    assert (variant["CurrentInstanceCount"], variant["DesiredInstanceCount"]) == (0, 1)
    await cloud.fault("sagemaker", "ok")
    await eventually(lambda: OUTPUT in cloud.s3.objects)


async def test_in_a_crash_loop_workers_are_unhealthy_and_jobs_wait(cloud: Cloud) -> None:
    await cloud.fault("runpod", "crash_loop")

    job = await cloud.runpod("run", {"input": ENVELOPE})

    async def unhealthy() -> bool:
        return (await cloud.health())["workers"]["unhealthy"] == 1

    await eventually(unhealthy)
    assert (await cloud.status(job["id"]))["status"] == "IN_QUEUE"
    await cloud.fault("runpod", "ok")
    await eventually(lambda: _completed(cloud, job["id"]))


async def test_a_crash_loop_takes_a_running_job_off_its_worker(
    cloud: Cloud, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    await cloud.fault("runpod", "ok")
    job = await cloud.runpod("run", {"input": {"do": "hang", "trace": str(trace)}})
    await invoke(cloud, do="hang", trace=str(trace))
    await eventually(lambda: lines(trace) == 2)

    await cloud.fault("runpod", "crash_loop")
    await cloud.fault("sagemaker", "crash_loop")

    async def both_wait() -> bool:
        status = (await cloud.status(job["id"]))["status"]
        [variant] = (await cloud.describe())["ProductionVariants"]
        counts = variant["CurrentInstanceCount"], variant["DesiredInstanceCount"]
        return status == "IN_QUEUE" and counts == (0, 1)

    await eventually(both_wait)


async def test_a_provider_that_is_down_answers_503_and_finishes_its_jobs_later(
    cloud: Cloud, tmp_path: Path
) -> None:
    await cloud.fault("runpod", "no_capacity")
    job = await cloud.runpod("run", {"input": ENVELOPE})

    for provider in ("runpod", "sagemaker"):
        await cloud.fault(provider, "down")

    assert (await cloud.post("/v2/ep/run", {"input": {}}))[0] == 503
    assert (await cloud.get(f"/v2/ep/status/{job['id']}"))[0] == 503
    for call in (cloud.describe, lambda: invoke(cloud)):
        with pytest.raises(ClientError) as caught:
            await call()
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    assert len(await submissions(cloud)) == 1
    await cloud.fault("runpod", "ok")
    await eventually(lambda: _completed(cloud, job["id"]))


async def test_slow_jobs_are_in_progress_for_longer_and_can_be_cancelled(
    cloud: Cloud, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    await cloud.fault("runpod", "slow", seconds=30)
    job = await cloud.runpod("run", {"input": {"trace": str(trace)}})

    async def in_progress() -> bool:
        return (await cloud.status(job["id"]))["status"] == "IN_PROGRESS"

    await eventually(in_progress)
    assert not trace.exists()
    await cloud.runpod(f"cancel/{job['id']}")
    await cloud.fault("runpod", "slow", seconds=0.2)
    slow = await cloud.runpod("runsync", {"input": {}})
    assert slow["status"] == "COMPLETED"
    assert slow["executionTime"] >= 200


async def test_a_slow_sagemaker_counts_against_the_invocation_timeout(cloud: Cloud) -> None:
    await cloud.fault("sagemaker", "slow", seconds=30)

    await cloud.invoke(InferenceId="job", Body=b"{}", InvocationTimeoutSeconds=1)

    await eventually(lambda: "/images/sagemaker/failures/job.out" in cloud.s3.objects)


async def test_a_submit_whose_reply_is_lost_is_run_all_the_same(cloud: Cloud) -> None:
    await cloud.fault("runpod", "lost_reply")
    await cloud.fault("sagemaker", "lost_reply")

    with pytest.raises(aiohttp.ClientError):
        await cloud.post("/v2/ep/run", {"input": ENVELOPE})
    with pytest.raises(HTTPClientError):
        await invoke(cloud, **ENVELOPE)

    seen = await submissions(cloud)
    assert [(s["provider"], s["job_id"], s["mode"]) for s in seen] == [
        ("runpod", ENVELOPE["job_id"], "lost_reply"),
        ("sagemaker", ENVELOPE["job_id"], "lost_reply"),
    ]
    await eventually(lambda: _completed(cloud, seen[0]["provider_job_id"]))
    await eventually(lambda: OUTPUT in cloud.s3.objects)


async def test_a_double_run_runs_each_job_twice(cloud: Cloud, tmp_path: Path) -> None:
    traces = [tmp_path / name for name in ("runpod", "sagemaker")]
    await cloud.fault("runpod", "double_run")
    await cloud.fault("sagemaker", "double_run")

    job = await cloud.runpod("runsync", {"input": {"trace": str(traces[0])}})
    await invoke(cloud, trace=str(traces[1]))
    await eventually(lambda: OUTPUT in cloud.s3.objects)

    assert job["status"] == "COMPLETED"
    assert [lines(trace) for trace in traces] == [2, 2]
    assert len(await submissions(cloud)) == 2


async def test_a_cold_start_can_be_made_longer(start_cloud: StartCloud) -> None:
    cloud = await start_cloud(cold_start_s=0.3)

    assert (await cloud.runpod("runsync", {"input": {}}))["delayTime"] >= 300


async def _completed(cloud: Cloud, job_id: str) -> bool:
    return (await cloud.status(job_id))["status"] == "COMPLETED"
