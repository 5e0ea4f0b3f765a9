"""The judge of pictures through the service's own adapter."""

from __future__ import annotations

import asyncio

import boto3
import pytest
from botocore.config import Config

from distillery.aws.picture_opinions import RekognitionOpinion
from distillery.core.errors import NoOpinion
from distillery.core.moderation.ports import Finding
from local.gpu_cloud.rekognition_api import FINDING
from tests.local.gpu_cloud.gpu_cloud_kit import Cloud


def opinion(cloud: Cloud) -> RekognitionOpinion:
    client = boto3.client(
        "rekognition",
        endpoint_url=f"{cloud.url}/rekognition",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, proxies={}),
    )
    return RekognitionOpinion(client, "images", 0.7)


async def test_the_switch_says_what_is_found(cloud: Cloud) -> None:
    judge = opinion(cloud)
    assert await asyncio.to_thread(judge.of_picture, "a.png") == []

    assert await cloud.post("/control/judge", {"pictures": "unfit"}) == (200, {"pictures": "unfit"})
    assert await asyncio.to_thread(judge.of_picture, "a.png") == [Finding(FINDING, 0.99)]

    await cloud.post("/control/judge", {"pictures": "silent"})
    with pytest.raises(NoOpinion):
        await asyncio.to_thread(judge.of_picture, "a.png")
    assert (await cloud.get("/control/judge"))[1] == {"pictures": "silent"}


@pytest.mark.parametrize("order", [[], {}, {"pictures": "beautiful"}])
async def test_a_judgement_that_there_is_not_is_refused(cloud: Cloud, order: object) -> None:
    status, answer = await cloud.post("/control/judge", order)
    assert status == 400
    assert "fit, unfit, silent" in answer["error"]


async def test_only_signed_calls_of_the_one_action_are_answered(cloud: Cloud) -> None:
    status, _ = await cloud.post("/rekognition", {})
    assert status == 403
    signed = {"Authorization": "AWS4-HMAC-SHA256 x"}
    status, _ = await cloud.post("/rekognition", {}, headers=signed)
    assert status == 400
