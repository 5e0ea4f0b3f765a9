from __future__ import annotations

import json
from typing import Any

import botocore.session
import pytest
import urllib3
from botocore.exceptions import EndpointConnectionError
from botocore.stub import ANY, Stubber

from distillery.core.errors import ProviderRefused, ProviderUnreachable
from distillery.core.ports import ProviderCondition, ProviderJob
from distillery.providers.runpod import RunpodProvider
from distillery.providers.sagemaker import SageMakerProvider
from local.memory import MemoryObjectStore
from tests.adapters.scripted_server import Script

ENVELOPE: dict[str, Any] = {"job_id": "1001", "attempt": 2, "limits": {"timeout_s": 600}}


def runpod(server: Script) -> RunpodProvider:
    return RunpodProvider(urllib3.PoolManager(), server.url + "/v2", "endpoint", lambda: "key")


def test_runpod_takes_a_job_with_its_time_limits(server: Script) -> None:
    server.answers = [(200, {"id": "r-1", "status": "IN_QUEUE"})]
    assert runpod(server).submit(ENVELOPE) == "r-1"

    [asked] = server.asked
    assert (asked.method, asked.path) == ("POST", "/v2/endpoint/run")
    assert asked.headers["Authorization"] == "Bearer key"
    assert asked.json() == {
        "input": ENVELOPE,
        "policy": {"executionTimeout": 600_000, "ttl": 900_000},
    }


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
def test_an_answer_of_no_is_a_refusal(server: Script, status: int) -> None:
    server.answers = [(status, {})]
    with pytest.raises(ProviderRefused, match=str(status)):
        runpod(server).submit(ENVELOPE)
    assert len(server.asked) == 1  # never repeated: a second /run could run twice


@pytest.mark.parametrize("answer", [(0, {}), (200, b"<html>"), (200, {"status": "IN_QUEUE"})])
def test_no_answer_leaves_it_unknown(server: Script, answer: tuple[int, Any]) -> None:
    server.answers = [answer]
    with pytest.raises(ProviderUnreachable):
        runpod(server).submit(ENVELOPE)


@pytest.mark.parametrize(
    ("workers", "condition"),
    [
        ({}, ProviderCondition.READY),  # scaled to zero: it will start one
        ({"idle": 1, "throttled": 2}, ProviderCondition.READY),
        ({"initializing": 1}, ProviderCondition.READY),
        ({"idle": 0, "throttled": 1}, ProviderCondition.STARVED),
        ({"unhealthy": 2}, ProviderCondition.STARVED),
    ],
)
def test_runpods_health_says_whether_workers_can_take_jobs(
    server: Script, workers: dict[str, int], condition: ProviderCondition
) -> None:
    server.answers = [(200, {"jobs": {"inQueue": 5}, "workers": workers})]
    assert runpod(server).condition() is condition


@pytest.mark.parametrize("answer", [(0, {}), (500, {}), (200, b"x"), (200, {"workers": None})])
def test_runpod_without_health_is_down(server: Script, answer: tuple[int, Any]) -> None:
    server.answers = [answer]
    assert runpod(server).condition() is ProviderCondition.DOWN


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ((200, {"status": "IN_QUEUE"}), ProviderJob.WAITING),
        ((200, {"status": "IN_PROGRESS"}), ProviderJob.RUNNING),
        ((200, {"status": "RUNNING"}), ProviderJob.RUNNING),
        ((200, {"status": "COMPLETED"}), ProviderJob.ENDED),
        ((200, {"status": "FAILED"}), ProviderJob.ENDED),
        ((200, {"status": "CANCELLED"}), ProviderJob.ENDED),
        ((200, {"status": "TIMED_OUT"}), ProviderJob.ENDED),
        ((200, {"status": "SOMETHING_NEW"}), ProviderJob.UNKNOWN),
        ((404, {}), ProviderJob.GONE),  # its time to live is over, or the result was thrown away
        ((429, {}), ProviderJob.UNKNOWN),
        ((500, {}), ProviderJob.UNKNOWN),
        ((0, {}), ProviderJob.UNKNOWN),
    ],
)
def test_each_answer_of_runpod_about_a_job_has_one_meaning(
    server: Script, answer: tuple[int, Any], state: ProviderJob
) -> None:
    server.answers = [answer]
    assert runpod(server).status("r-1") is state
    assert server.asked[0].path == "/v2/endpoint/status/r-1"


def test_runpod_stops_a_job(server: Script) -> None:
    runpod(server).cancel("r-1")
    assert (server.asked[0].method, server.asked[0].path) == ("POST", "/v2/endpoint/cancel/r-1")


@pytest.fixture
def clients(aws: botocore.session.Session) -> tuple[Any, Any]:
    return aws.create_client("sagemaker-runtime"), aws.create_client("sagemaker")


def sagemaker(clients: tuple[Any, Any], objects: MemoryObjectStore) -> SageMakerProvider:
    return SageMakerProvider(*clients, objects, bucket="bucket", endpoint="comfy")


def test_sagemaker_reads_the_job_from_our_bucket(clients: tuple[Any, Any]) -> None:
    objects = MemoryObjectStore()
    with Stubber(clients[0]) as stub:
        expected = {
            "EndpointName": "comfy",
            "InputLocation": "s3://bucket/jobs/1001/2/envelope",
            "ContentType": "application/json",
            "InferenceId": "1001-2",
            "RequestTTLSeconds": ANY,
            "InvocationTimeoutSeconds": 600,
        }
        answer = {
            "InferenceId": "1001-2",
            "FailureLocation": "s3://bucket/sagemaker/failures/x.out",
        }
        stub.add_response("invoke_endpoint_async", answer, expected)
        provider = sagemaker(clients, objects)
        job = provider.submit(ENVELOPE)

    assert provider.status(job) is ProviderJob.UNKNOWN
    objects.put("sagemaker/failures/x.out", b"it crashed", "text/plain")
    assert provider.status(job) is ProviderJob.ENDED
    assert json.loads(objects.read("jobs/1001/2/envelope")) == ENVELOPE


def test_a_refusal_by_sagemaker_names_its_code(clients: tuple[Any, Any]) -> None:
    with Stubber(clients[0]) as stub, pytest.raises(ProviderRefused, match="ThrottlingException"):
        stub.add_client_error("invoke_endpoint_async", "ThrottlingException")
        sagemaker(clients, MemoryObjectStore()).submit(ENVELOPE)


def test_a_sagemaker_that_cannot_be_reached_leaves_it_unknown(
    clients: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(**_: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://runtime.sagemaker")

    monkeypatch.setattr(clients[0], "invoke_endpoint_async", unreachable)
    with pytest.raises(ProviderUnreachable):
        sagemaker(clients, MemoryObjectStore()).submit(ENVELOPE)


@pytest.mark.parametrize(
    ("status", "condition"),
    [
        ("InService", ProviderCondition.READY),
        ("Updating", ProviderCondition.READY),
        ("Creating", ProviderCondition.STARVED),
        ("Failed", ProviderCondition.STARVED),
    ],
)
def test_the_endpoints_status_is_its_condition(
    clients: tuple[Any, Any], status: str, condition: ProviderCondition
) -> None:
    with Stubber(clients[1]) as stub:
        stub.add_response(
            "describe_endpoint",
            {
                "EndpointName": "comfy",
                "EndpointArn": "arn:aws:sagemaker:eu-central-1:1:endpoint/comfy",
                "EndpointStatus": status,
                "CreationTime": 0,
                "LastModifiedTime": 0,
            },
        )
        assert sagemaker(clients, MemoryObjectStore()).condition() is condition


def test_an_endpoint_that_does_not_exist_is_down(clients: tuple[Any, Any]) -> None:
    with Stubber(clients[1]) as stub:
        stub.add_client_error("describe_endpoint", "ValidationException")
        assert sagemaker(clients, MemoryObjectStore()).condition() is ProviderCondition.DOWN
