"""A second opinion on pictures: Amazon Rekognition's content moderation.

Source: Amazon Rekognition, "DetectModerationLabels" and "Guidelines and quotas": PNG or JPEG, at
most 15 MB in S3. Rekognition reads the object with the rights of the room that asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from distillery.core.errors import NoOpinion
from distillery.core.moderation.ports import Finding

KINDS = frozenset({"image/png", "image/jpeg"})
MOST_BYTES = 15 * 1024 * 1024
_PER_CENT = 100


class RekognitionOpinion:
    """Implements `PictureOpinion`. Of what is less sure than `score` it is not even told."""

    def __init__(self, client: Any, bucket: str, score: float) -> None:
        self._client = client
        self._bucket = bucket
        self._score = score

    def takes(self, content_type: str, size: int) -> bool:
        """Tell whether Rekognition judges such files: no videos, no WebP."""
        return content_type in KINDS and size <= MOST_BYTES

    def of_picture(self, key: str) -> Sequence[Finding]:
        """Return every label of a picture; raises NoOpinion."""
        try:
            answer = self._client.detect_moderation_labels(
                Image={"S3Object": {"Bucket": self._bucket, "Name": key}},
                MinConfidence=self._score * _PER_CENT,  # left out, it is 50
            )
        except (BotoCoreError, ClientError) as error:
            raise NoOpinion(f"Rekognition: {type(error).__name__}") from error
        return [
            Finding(str(label["Name"]), float(label["Confidence"]) / _PER_CENT)
            for label in answer["ModerationLabels"]
        ]
