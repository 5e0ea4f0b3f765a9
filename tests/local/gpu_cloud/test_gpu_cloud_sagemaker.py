"""SageMaker's asynchronous endpoint through real boto3 clients, with quick containers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.gpu_cloud.gpu_cloud_kit import ENVELOPE, Cloud, StartCloud
from tests.until import eventually

OUTPUT = "/images/sagemaker/output/"
FAILURE = "/images/sagemaker/failures/"


def body(**order: Any) -> bytes:
    return json.dumps(order).encode()


async def output_of(cloud: Cloud, inference_id: str, kind: str = OUTPUT) -> bytes:
    return await eventually(lambda: cloud.s3.objects.get(f"{kind}{inference_id}.out"))


async def test_an_inline_request_leaves_its_output_in_s3(cloud: Cloud) -> None:
    answer = await cloud.invoke(InferenceId="one", Body=body(a=1), ContentType="application/json")

    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert answer["InferenceId"] == "one"
    assert answer["OutputLocation"] == "s3://images/sagemaker/output/one.out"
    assert answer["FailureLocation"] == "s3://images/sagemaker/failures/one.out"
    assert json.loads(await output_of(cloud, "one")) == {"echo": {"a": 1}}


async def test_a_request_in_s3_is_read_from_there_and_recorded(cloud: Cloud) -> None:
    cloud.s3.objects["/images/jobs/1/input.json"] = body(**ENVELOPE)

    await cloud.invoke(InferenceId="two", InputLocation="s3://images/jobs/1/input.json")

    assert json.loads(await output_of(cloud, "two")) == {"echo": ENVELOPE}
    [submission] = (await cloud.get("/control/submissions"))[1]
    assert submission.pop("at") > 0
    assert submission == {
        "provider": "sagemaker",
        "provider_job_id": "two",
        "job_id": "1300000000000000001",
        "attempt": 2,
        "mode": "ok",
    }


async def test_without_an_id_the_service_makes_one(cloud: Cloud) -> None:
    answer = await cloud.invoke(Body=body(a=1))

    assert await output_of(cloud, answer["InferenceId"])


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ({"do": "fail"}, "Received client error (422) from primary with message"),
        ({"do": "die"}, "the container closed the connection"),
    ],
)
async def test_a_failed_request_leaves_a_failure_and_the_next_one_still_runs(
    cloud: Cloud, order: dict[str, str], reason: str
) -> None:
    await cloud.invoke(InferenceId="bad", Body=body(**order))
    await cloud.invoke(InferenceId="good", Body=body(a=1))

    assert reason in (await output_of(cloud, "bad", FAILURE)).decode()
    assert await output_of(cloud, "good")
    assert f"{OUTPUT}bad.out" not in cloud.s3.objects


async def test_an_input_that_is_not_there_leaves_a_failure(cloud: Cloud) -> None:
    await cloud.invoke(InferenceId="bad", InputLocation="s3://images/nothing")

    assert b"cannot read s3://images/nothing" in await output_of(cloud, "bad", FAILURE)


async def test_a_request_that_runs_too_long_leaves_a_failure(cloud: Cloud) -> None:
    await cloud.invoke(InferenceId="bad", Body=body(do="hang"), InvocationTimeoutSeconds=1)

    assert b"timed out after 1 s" in await output_of(cloud, "bad", FAILURE)


async def test_a_request_that_waits_too_long_leaves_a_failure(cloud: Cloud) -> None:
    await cloud.fault("sagemaker", "no_capacity")
    await cloud.invoke(InferenceId="bad", Body=body(a=1), RequestTTLSeconds=60)

    cloud.ahead_s = 60

    assert b"expired after 60 s" in await output_of(cloud, "bad", FAILURE)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "exactly one of Body and InputLocation"),
        ({"Body": b"{}", "InputLocation": "s3://images/a"}, "exactly one of"),
        ({"Body": b"x" * 128_001}, "at most 128000 bytes"),
        ({"Body": b"{}", "InferenceId": "x" * 65}, "1 to 64 printable"),
        ({"Body": b"{}", "InvocationTimeoutSeconds": 3601}, "between 1 and 3600"),
        ({"InputLocation": "s3://bucket-only"}, "s3://bucket/key"),
    ],
)
async def test_a_bad_request_is_a_validation_error(
    cloud: Cloud, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError, match=message) as caught:
        await cloud.invoke(**options)

    assert caught.value.response["Error"]["Code"] == "ValidationError"


async def test_an_unknown_endpoint_is_refused_by_both_services(cloud: Cloud) -> None:
    with pytest.raises(ClientError) as caught:
        await cloud.describe("elsewhere")
    assert caught.value.response["Error"]["Code"] == "ValidationException"

    assert (await cloud.post("/endpoints/elsewhere/async-invocations"))[0] == 403
    signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=x"}
    status, answer = await cloud.post("/endpoints/elsewhere/async-invocations", headers=signed)
    assert (status, answer["Message"]) == (
        400,
        "Endpoint elsewhere of account 000000000000 not found.",
    )


async def test_the_endpoint_scales_from_nothing_and_back(start_cloud: StartCloud) -> None:
    cloud = await start_cloud(sagemaker={"idle_timeout_s": 0.1})

    async def instances() -> tuple[int, int]:
        [variant] = (await cloud.describe())["ProductionVariants"]
        return variant["CurrentInstanceCount"], variant["DesiredInstanceCount"]

    assert (await cloud.describe())["EndpointStatus"] == "InService"
    assert await instances() == (0, 0)
    await cloud.invoke(InferenceId="one", Body=body(a=1))
    await output_of(cloud, "one")

    async def nothing_is_left() -> bool:
        return await instances() == (0, 0)

    await eventually(nothing_is_left)


async def test_an_output_that_s3_does_not_take_ends_no_more_than_its_request(
    start_cloud: StartCloud, tmp_path: Path
) -> None:
    cloud = await start_cloud(sagemaker={"bucket": "refused"})
    trace = tmp_path / "trace"

    await cloud.invoke(Body=body(trace=str(trace)))
    await cloud.invoke(Body=body(trace=str(trace)))

    await eventually(lambda: trace.exists() and len(trace.read_text().splitlines()) == 2)
