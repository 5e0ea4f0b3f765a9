"""Runpod's customer API over HTTP, with quick workers."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

import pytest

from tests.local.gpu_cloud.gpu_cloud_kit import ENVELOPE, Cloud, StartCloud
from tests.until import eventually


async def test_a_submitted_job_is_run_by_a_worker_that_starts_for_it(cloud: Cloud) -> None:
    assert (await cloud.health())["workers"]["ready"] == 0

    submitted = await cloud.runpod("run", {"input": ENVELOPE})
    assert submitted["status"] == "IN_QUEUE"

    async def completed() -> object:
        job = await cloud.status(submitted["id"])
        return job if job["status"] == "COMPLETED" else None

    job = await eventually(completed)
    assert job["id"] == submitted["id"]
    assert job["output"]["echo"] == ENVELOPE
    assert job["workerId"] == "runpod-1"
    assert job["delayTime"] > 0
    assert job["executionTime"] >= 0
    assert (await cloud.health())["jobs"] == {
        "completed": 1,
        "failed": 0,
        "inProgress": 0,
        "inQueue": 0,
        "retried": 0,
    }


async def test_runsync_answers_with_the_finished_job(cloud: Cloud) -> None:
    job = await cloud.runpod("runsync", {"input": {"a": 1}})

    assert job["status"] == "COMPLETED"
    assert job["output"]["echo"] == {"a": 1}


async def test_runsync_answers_with_the_unfinished_job_when_its_wait_is_over(cloud: Cloud) -> None:
    job = await cloud.runpod("runsync?wait=1000", {"input": {"do": "hang"}})

    assert job["status"] in {"IN_QUEUE", "IN_PROGRESS"}


async def test_a_failing_job_can_be_retried_under_its_id(cloud: Cloud) -> None:
    failed = await cloud.runpod("runsync", {"input": {"do": "fail"}})
    assert (failed["status"], failed["error"]) == ("FAILED", "as told")

    retried = await cloud.runpod(f"retry/{failed['id']}")

    assert retried == {"id": failed["id"], "status": "IN_QUEUE"}


async def test_a_completed_job_cannot_be_retried(cloud: Cloud) -> None:
    job = await cloud.runpod("runsync", {"input": {"a": 1}})

    status, answer = await cloud.post(f"/v2/ep/retry/{job['id']}")

    assert (status, answer["error"]) == (400, "only a FAILED or TIMED_OUT job can be retried")


@pytest.mark.parametrize("operation", ["status/x", "cancel/x", "retry/x"])
async def test_an_unknown_job_is_answered_404(cloud: Cloud, operation: str) -> None:
    assert (await cloud.post(f"/v2/ep/{operation}"))[0] == 404


@pytest.mark.parametrize("key", ["", "Bearer wrong", "key"])
async def test_a_wrong_key_is_answered_401(cloud: Cloud, key: str) -> None:
    headers = {"Authorization": key}

    assert (await cloud.get("/v2/ep/health", headers=headers))[0] == 401
    assert (await cloud.post("/v2/ep/run", {"input": {}}, headers=headers))[0] == 401
    assert (await cloud.get("/v2/ep/job-take/runpod-1", headers=headers))[0] == 401
    assert (await cloud.get("/control/submissions"))[1] == []


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ([], '"input"'),
        ({"input": "text"}, '"input"'),
        ({"input": {}, "policy": {"executionTimeout": 4999}}, "executionTimeout"),
        ({"input": {}, "policy": {"ttl": 9999}}, "ttl"),
        ({"input": {}, "policy": {"ttl": "soon"}}, "ttl"),
    ],
)
async def test_a_bad_order_is_answered_400(cloud: Cloud, body: object, complaint: str) -> None:
    status, answer = await cloud.post("/v2/ep/run", body)

    assert status == 400
    assert complaint in answer["error"]


async def test_a_job_of_more_than_10_mb_is_refused(cloud: Cloud) -> None:
    order = json.dumps({"input": {"text": "x" * 10 * 1024 * 1024}})

    status, answer = await cloud.call("POST", "/v2/ep/run", data=BytesIO(order.encode()))

    assert (status, answer["error"]) == (400, "exceeded max body size of 10MiB")


async def test_a_cancelled_waiting_job_never_runs(cloud: Cloud, tmp_path: Path) -> None:
    await cloud.fault("runpod", "no_capacity")
    trace = tmp_path / "trace"
    waiting = await cloud.runpod("run", {"input": {"trace": str(trace)}})

    cancelled = await cloud.runpod(f"cancel/{waiting['id']}")

    assert cancelled == {"id": waiting["id"], "status": "CANCELLED"}
    await cloud.fault("runpod", "ok")
    await cloud.runpod("runsync", {"input": {"a": 1}})
    assert not trace.exists()


async def test_a_worker_that_goes_on_with_a_cancelled_job_is_ended(
    cloud: Cloud, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    running = await cloud.runpod("run", {"input": {"do": "hang", "trace": str(trace)}})
    await eventually(trace.exists)

    await cloud.runpod(f"cancel/{running['id']}")

    next_job = await cloud.runpod("runsync", {"input": {"a": 1}})
    assert next_job["workerId"] == "runpod-2"
    assert (await cloud.status(running["id"]))["status"] == "CANCELLED"


async def test_a_job_that_overruns_its_execution_timeout_is_timed_out_and_stopped(
    cloud: Cloud, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    order = {"do": "hang", "trace": str(trace)}
    policy = {"executionTimeout": 5000}
    running = await cloud.runpod("run", {"input": order, "policy": policy})
    await eventually(trace.exists)

    cloud.ahead_s = 5.0

    assert (await cloud.status(running["id"]))["status"] == "TIMED_OUT"
    cloud.ahead_s = 10.0
    assert (await cloud.runpod("runsync", {"input": {}}))["workerId"] == "runpod-2"


async def test_a_result_is_forgotten_after_half_an_hour(cloud: Cloud) -> None:
    await cloud.fault("runpod", "no_capacity")
    job = await cloud.runpod("run", {"input": {}})
    await cloud.runpod(f"cancel/{job['id']}")

    cloud.ahead_s = 29 * 60
    assert (await cloud.get(f"/v2/ep/status/{job['id']}"))[0] == 200
    cloud.ahead_s = 31 * 60
    assert (await cloud.get(f"/v2/ep/status/{job['id']}"))[0] == 404


async def test_purging_the_queue_says_how_many_jobs_it_removed(cloud: Cloud) -> None:
    await cloud.fault("runpod", "no_capacity")
    for _ in range(3):
        await cloud.runpod("run", {"input": {}})

    assert await cloud.runpod("purge-queue") == {"removed": 3, "status": "completed"}
    assert (await cloud.health())["jobs"]["inQueue"] == 0


async def test_workers_come_up_to_the_maximum_and_no_further(start_cloud: StartCloud) -> None:
    cloud = await start_cloud(runpod={"max_workers": 2})
    for _ in range(3):
        await cloud.runpod("run", {"input": {"do": "hang"}})

    async def both_run() -> bool:
        health = await cloud.health()
        return (health["workers"]["running"], health["jobs"]["inQueue"]) == (2, 1)

    await eventually(both_run)


async def test_an_idle_worker_leaves_and_another_comes_for_the_next_job(
    start_cloud: StartCloud,
) -> None:
    cloud = await start_cloud(runpod={"idle_timeout_s": 0.1})
    await cloud.runpod("runsync", {"input": {}})

    async def nobody_is_left() -> bool:
        return (await cloud.health())["workers"]["ready"] == 0

    await eventually(nobody_is_left)
    assert (await cloud.runpod("runsync", {"input": {}}))["workerId"] == "runpod-2"


async def test_a_job_whose_worker_crashes_is_run_anew_and_fails_in_the_end(
    start_cloud: StartCloud, tmp_path: Path
) -> None:
    cloud = await start_cloud(runpod={"max_workers": 3})
    trace = tmp_path / "trace"

    job = await cloud.runpod("runsync", {"input": {"do": "die", "trace": str(trace)}})

    assert job["status"] == "FAILED"
    assert "3 times" in job["error"]
    assert len(trace.read_text().splitlines()) == 3


async def test_a_worker_is_given_no_key_of_the_operator(
    start_cloud: StartCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
    cloud = await start_cloud(comfyui_command="engine --port {port}")

    job = await cloud.runpod("runsync", {"input": {}})

    environment = job["output"]["environment"]
    assert environment["COMFYUI_COMMAND"] == "engine --port {port}"
    assert not {"key", "canary", "test"} & set(environment.values())


async def test_what_a_worker_says_is_kept_in_its_log(cloud: Cloud) -> None:
    await cloud.runpod("runsync", {"input": {}})

    log = cloud.settings.log_folder / "runpod-1.log"
    assert "worker says hello" in log.read_text()
