"""Rekognition as AWS's own model describes the call: botocore checks it."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from botocore.stub import Stubber

from distillery.aws.picture_opinions import MOST_BYTES, RekognitionOpinion
from distillery.core.errors import NoOpinion
from distillery.core.moderation.ports import Finding

KEY = "jobs/1001/1/outputs/0_9.png"


def client() -> Any:
    return botocore.session.get_session().create_client(
        "rekognition",
        region_name="eu-central-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )


def test_it_names_what_it_finds() -> None:
    rekognition = client()
    with Stubber(rekognition) as stub:
        labels = [
            {"Name": "Explicit", "ParentName": "", "Confidence": 87.5, "TaxonomyLevel": 1},
            {"Name": "Swimwear", "ParentName": "", "Confidence": 25.0, "TaxonomyLevel": 1},
        ]
        stub.add_response(
            "detect_moderation_labels",
            {"ModerationLabels": labels, "ModerationModelVersion": "7.0"},
            {"Image": {"S3Object": {"Bucket": "pictures", "Name": KEY}}, "MinConfidence": 25.0},
        )
        found = RekognitionOpinion(rekognition, "pictures", 0.25).of_picture(KEY)
    assert found == [Finding("Explicit", 0.875), Finding("Swimwear", 0.25)]


@pytest.mark.parametrize("code", ["ThrottlingException", "InvalidImageFormatException"])
def test_an_answer_that_does_not_come_is_no_opinion(code: str) -> None:
    rekognition = client()
    with Stubber(rekognition) as stub:
        stub.add_client_error("detect_moderation_labels", code)
        with pytest.raises(NoOpinion, match="Rekognition"):
            RekognitionOpinion(rekognition, "pictures", 0.25).of_picture(KEY)


@pytest.mark.parametrize(
    ("content_type", "size", "takes"),
    [
        ("image/png", MOST_BYTES, True),
        ("image/jpeg", 1, True),
        ("image/png", MOST_BYTES + 1, False),
        ("image/webp", 1, False),
        ("video/mp4", 1, False),
    ],
)
def test_it_takes_what_rekognition_takes(content_type: str, size: int, takes: bool) -> None:
    assert RekognitionOpinion(client(), "pictures", 0.25).takes(content_type, size) is takes
