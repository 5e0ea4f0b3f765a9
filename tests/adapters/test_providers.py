"""What each answer of a provider means: one row for each state, status and failure."""

from __future__ import annotations

import json
from typing import Any

import botocore.session
import pytest
import urllib3
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)
from botocore.stub import ANY, Stubber
from urllib3 import exceptions as wire
from urllib3.connection import HTTPConnection

from distillery.core.deadlines import run_ends_within
from distillery.core.errors import JobRefused, ProviderError, ProviderRefused, ProviderUnreachable
from distillery.core.ports import ProviderCondition, ProviderJob
from distillery.providers.runpod import RunpodProvider
from distillery.providers.sagemaker import SageMakerProvider
from local.memory import MemoryObjectStore
from tests.adapters.scripted_server import Script

ENVELOPE: dict[str, Any] = {"job_id": "1001", "attempt": 2, "limits": {"timeout_s": 600}}
CONNECTION = HTTPConnection("api.runpod.ai")
POOL = urllib3.HTTPConnectionPool("api.runpod.ai")

READY, NO_CAPACITY, CRASHING, DOWN = ProviderCondition
REFUSED, WRONG_JOB, UNREACHABLE = ProviderRefused, JobRefused, ProviderUnreachable


def runpod(server: Script) -> RunpodProvider:
    return RunpodProvider(urllib3.PoolManager(), server.url + "/v2", "endpoint", lambda: "key")


class BrokenWire(urllib3.PoolManager):
    """Fails every request in the same way."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def request(self, *_: Any, **__: Any) -> Any:
        raise self._error


def runpod_behind(error: Exception) -> RunpodProvider:
    return RunpodProvider(BrokenWire(error), "https://api.runpod.ai/v2", "endpoint", lambda: "key")


WIRE_ERRORS = [
    (wire.NewConnectionError(CONNECTION, "refused"), REFUSED),
    (wire.NameResolutionError("api.runpod.ai", CONNECTION, OSError()), REFUSED),  # type: ignore[arg-type]
    (wire.ConnectTimeoutError(CONNECTION, "no answer"), REFUSED),
    (wire.ReadTimeoutError(POOL, "/run", "no answer"), UNREACHABLE),
    (wire.ProtocolError("connection reset"), UNREACHABLE),
    (wire.IncompleteRead(1, 2), UNREACHABLE),
    (wire.SSLError("handshake failed"), UNREACHABLE),
]


def test_runpod_takes_a_job_with_its_time_limits(server: Script) -> None:
    server.answers = [(200, {"id": "r-1", "status": "IN_QUEUE"})]
    assert runpod(server).submit(ENVELOPE) == "r-1"

    [asked] = server.asked
    assert (asked.method, asked.path) == ("POST", "/v2/endpoint/run")
    assert asked.headers["Authorization"] == "Bearer key"
    assert asked.json() == {
        "input": ENVELOPE,
        "policy": {"executionTimeout": 660_000, "ttl": 900_000},
    }


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((400, {}), WRONG_JOB),
        ((401, {}), REFUSED),
        ((402, {}), REFUSED),
        ((403, {}), REFUSED),
        ((404, {}), REFUSED),
        ((409, {}), REFUSED),
        ((413, {}), WRONG_JOB),
        ((422, {}), WRONG_JOB),
        ((429, {}), REFUSED),
        ((500, {}), UNREACHABLE),
        ((502, b"<html>"), REFUSED),
        ((503, b"<html>"), REFUSED),
        ((504, b"<html>"), UNREACHABLE),
        ((524, b"<html>"), UNREACHABLE),  # a proxy waited in vain for the answer
        ((200, b"<html>"), UNREACHABLE),
        ((200, b"\xff"), UNREACHABLE),
        ((200, []), UNREACHABLE),
        ((200, {"status": "IN_QUEUE"}), UNREACHABLE),
        ((200, {"id": None}), UNREACHABLE),
        ((200, {"id": ""}), UNREACHABLE),
        ((302, {}), UNREACHABLE),
        ((0, {}), UNREACHABLE),
    ],
)
def test_each_answer_of_runpod_to_a_job_tells_whether_it_has_it(
    server: Script, answer: tuple[int, Any], error: type[ProviderError]
) -> None:
    server.answers = [answer]
    with pytest.raises(ProviderError) as raised:
        runpod(server).submit(ENVELOPE)
    assert raised.type is error
    assert len(server.asked) == 1  # never repeated: a second /run could run twice


@pytest.mark.parametrize(("problem", "error"), WIRE_ERRORS)
def test_a_job_that_never_left_for_runpod_is_surely_not_taken(
    problem: Exception, error: type[ProviderError]
) -> None:
    with pytest.raises(ProviderError) as raised:
        runpod_behind(problem).submit(ENVELOPE)
    assert raised.type is error


def test_a_port_where_nobody_listens_has_surely_not_taken_a_job(server: Script) -> None:
    nobody = RunpodProvider(urllib3.PoolManager(), "http://127.0.0.1:1/v2", "e", lambda: "key")
    with pytest.raises(ProviderRefused):
        nobody.submit(ENVELOPE)


@pytest.mark.parametrize(
    ("workers", "condition"),
    [
        ({}, READY),  # scaled to zero: it will start one
        ({"idle": 0, "ready": 0, "running": 0, "throttled": 0, "unhealthy": 0}, READY),
        ({"idle": 1, "throttled": 2}, READY),
        ({"ready": 1, "unhealthy": 2}, READY),
        ({"running": 1, "unhealthy": 1, "throttled": 1}, READY),
        ({"initializing": 1}, READY),
        ({"idle": 0, "throttled": 1}, NO_CAPACITY),
        ({"unhealthy": 2}, CRASHING),
        ({"unhealthy": 1, "throttled": 2}, CRASHING),
    ],
)
def test_runpods_health_tells_no_capacity_from_a_crash_loop(
    server: Script, workers: dict[str, int], condition: ProviderCondition
) -> None:
    server.answers = [(200, {"jobs": {"inQueue": 5}, "workers": workers})]
    assert runpod(server).condition() is condition
    assert server.asked[0].path == "/v2/endpoint/health"


@pytest.mark.parametrize(
    ("answer", "condition"),
    [
        ((401, {}), DOWN),
        ((404, {}), DOWN),
        ((429, {}), READY),  # it is there, and we ask too often
        ((500, {}), DOWN),
        ((503, {}), DOWN),
        ((200, b"x"), DOWN),
        ((200, []), DOWN),
        ((200, {}), DOWN),
        ((200, {"workers": None}), DOWN),
        ((200, {"workers": {"idle": "one"}}), DOWN),
        ((0, {}), DOWN),
    ],
)
def test_runpod_without_health_is_down_unless_it_is_asked_too_often(
    server: Script, answer: tuple[int, Any], condition: ProviderCondition
) -> None:
    server.answers = [answer]
    assert runpod(server).condition() is condition


@pytest.mark.parametrize("problem", [problem for problem, _ in WIRE_ERRORS])
def test_a_silent_runpod_is_down_and_says_nothing_of_a_job(problem: Exception) -> None:
    assert runpod_behind(problem).condition() is DOWN
    assert runpod_behind(problem).status("r-1") is ProviderJob.UNKNOWN


def test_a_key_that_cannot_be_read_leaves_runpod_down_and_without_the_job(server: Script) -> None:
    def unreadable() -> str:
        raise ProviderRefused("the secret cannot be read")

    provider = RunpodProvider(urllib3.PoolManager(), server.url, "endpoint", unreadable)
    assert provider.condition() is DOWN
    with pytest.raises(ProviderRefused):
        provider.submit(ENVELOPE)
    assert server.asked == []


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
        ((200, {}), ProviderJob.UNKNOWN),
        ((200, []), ProviderJob.UNKNOWN),
        ((200, b"<html>"), ProviderJob.UNKNOWN),
        ((400, {}), ProviderJob.UNKNOWN),
        ((401, {}), ProviderJob.UNKNOWN),
        ((404, {}), ProviderJob.GONE),  # its time to live is over, or the result was thrown away
        ((429, {}), ProviderJob.UNKNOWN),
        ((500, {}), ProviderJob.UNKNOWN),
        ((502, {}), ProviderJob.UNKNOWN),
        ((503, {}), ProviderJob.UNKNOWN),
        ((504, {}), ProviderJob.UNKNOWN),
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


@pytest.mark.parametrize("answer", [(404, {}), (429, {}), (500, {}), (0, {}), (200, b"x")])
def test_a_job_that_runpod_did_not_stop_is_a_providers_error(
    server: Script, answer: tuple[int, Any]
) -> None:
    server.answers = [answer]
    with pytest.raises(ProviderError):
        runpod(server).cancel("r-1")


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
            "InvocationTimeoutSeconds": 660,
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


@pytest.mark.parametrize(("limit_s", "ends_s"), [(1, 61), (839.5, 900), (3540, 3600), (3600, 3600)])
def test_no_platform_cuts_a_worker_that_reports_that_its_time_was_over(
    limit_s: float, ends_s: int, server: Script, clients: tuple[Any, Any]
) -> None:
    """SageMaker takes no more than an hour (AWS, "InvokeEndpointAsync")."""
    job = {**ENVELOPE, "limits": {"timeout_s": limit_s}}
    server.answers = [(200, {"id": "r-1", "status": "IN_QUEUE"})]
    runpod(server).submit(job)
    with Stubber(clients[0]) as stub:
        asked = dict.fromkeys(
            ("EndpointName", "InputLocation", "ContentType", "InferenceId", "RequestTTLSeconds"),
            ANY,
        )
        answer = {"InferenceId": "1001-2"}
        stub.add_response(
            "invoke_endpoint_async", answer, {**asked, "InvocationTimeoutSeconds": ends_s}
        )
        sagemaker(clients, MemoryObjectStore()).submit(job)

    assert server.asked[0].json()["policy"]["executionTimeout"] == run_ends_within(limit_s) * 1000


@pytest.mark.parametrize(
    ("answer", "job"),
    [
        ({"InferenceId": "i", "FailureLocation": "s3://bucket/f/x.out"}, "f/x.out"),
        ({"InferenceId": "i"}, "i"),
        ({"FailureLocation": "s3://elsewhere/x.out"}, "s3://elsewhere/x.out"),
    ],
)
def test_a_job_of_sagemaker_is_named_by_where_its_failure_would_be_told(
    clients: tuple[Any, Any], answer: dict[str, str], job: str
) -> None:
    with Stubber(clients[0]) as stub:
        stub.add_response("invoke_endpoint_async", answer)
        assert sagemaker(clients, MemoryObjectStore()).submit(ENVELOPE) == job


def test_an_answer_of_sagemaker_that_names_nothing_leaves_it_unknown(
    clients: tuple[Any, Any],
) -> None:
    with Stubber(clients[0]) as stub, pytest.raises(ProviderUnreachable):
        stub.add_response("invoke_endpoint_async", {})
        sagemaker(clients, MemoryObjectStore()).submit(ENVELOPE)


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, "ValidationError", REFUSED),  # a wrong request, but also an endpoint that is not
        (400, "ThrottlingException", REFUSED),
        (403, "AccessDeniedException", REFUSED),
        (403, "ExpiredTokenException", REFUSED),
        (429, "TooManyRequestsException", REFUSED),
        (500, "InternalFailure", UNREACHABLE),
        (502, "502", REFUSED),
        (503, "ServiceUnavailable", REFUSED),
        (504, "504", UNREACHABLE),
    ],
)
def test_each_error_of_sagemaker_tells_whether_it_has_the_job(
    clients: tuple[Any, Any], status: int, code: str, error: type[ProviderError]
) -> None:
    with Stubber(clients[0]) as stub, pytest.raises(ProviderError, match=code) as raised:
        stub.add_client_error("invoke_endpoint_async", code, http_status_code=status)
        sagemaker(clients, MemoryObjectStore()).submit(ENVELOPE)
    assert raised.type is error


URL = "https://runtime.sagemaker.eu-central-1.amazonaws.com"


@pytest.mark.parametrize(
    ("problem", "error"),
    [
        (EndpointConnectionError(endpoint_url=URL), REFUSED),  # also for an unknown host
        (ConnectTimeoutError(endpoint_url=URL), REFUSED),
        (ProxyConnectionError(proxy_url=URL), REFUSED),
        (ReadTimeoutError(endpoint_url=URL), UNREACHABLE),
        (ConnectionClosedError(endpoint_url=URL), UNREACHABLE),
        (SSLError(endpoint_url=URL, error=OSError("handshake")), UNREACHABLE),
        (HTTPClientError(error="something else"), UNREACHABLE),
    ],
)
def test_a_job_that_never_left_for_sagemaker_is_surely_not_taken(
    clients: tuple[Any, Any],
    monkeypatch: pytest.MonkeyPatch,
    problem: BotoCoreError,
    error: type[ProviderError],
) -> None:
    def broken(**_: object) -> None:
        raise problem

    monkeypatch.setattr(clients[0], "invoke_endpoint_async", broken)
    monkeypatch.setattr(clients[1], "describe_endpoint", broken)
    provider = sagemaker(clients, MemoryObjectStore())
    with pytest.raises(ProviderError) as raised:
        provider.submit(ENVELOPE)
    assert raised.type is error
    assert provider.condition() is DOWN


CONDITIONS = {
    "InService": READY,
    "Updating": READY,
    "SystemUpdating": READY,
    "RollingBack": READY,
    "UpdateRollbackFailed": READY,
    "Creating": NO_CAPACITY,
    "Failed": CRASHING,
    "Deleting": DOWN,
    "OutOfService": DOWN,
}


@pytest.mark.parametrize(("status", "condition"), CONDITIONS.items())
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


def test_every_status_that_aws_knows_has_a_condition(clients: tuple[Any, Any]) -> None:
    model = clients[1].meta.service_model
    assert set(model.shape_for("EndpointStatus").enum) == CONDITIONS.keys()


@pytest.mark.parametrize(
    ("code", "condition"),
    [
        ("ValidationException", DOWN),  # there is no such endpoint
        ("AccessDeniedException", DOWN),
        ("InternalFailure", DOWN),
        ("ThrottlingException", READY),  # it is there, and we ask too often
    ],
)
def test_an_endpoint_that_cannot_be_asked_is_down_unless_it_is_asked_too_often(
    clients: tuple[Any, Any], code: str, condition: ProviderCondition
) -> None:
    with Stubber(clients[1]) as stub:
        stub.add_client_error("describe_endpoint", code)
        assert sagemaker(clients, MemoryObjectStore()).condition() is condition


class NoAccess(MemoryObjectStore):
    def read(self, key: str) -> bytes:
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "GetObject")


def test_a_failure_that_cannot_be_read_says_nothing_of_the_job(clients: tuple[Any, Any]) -> None:
    assert sagemaker(clients, NoAccess()).status("s3://elsewhere/x") is ProviderJob.UNKNOWN
