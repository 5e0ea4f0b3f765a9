"""Inputs, outputs and documents of jobs in one private S3 bucket."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from distillery.core.ports import Claim, Upload

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class S3ObjectStore:
    """Implements `ObjectStore`. What it signs dies with the credentials of the room that signed."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, key: str, data: bytes, content_type: str) -> None:
        """Store an object."""
        self._client.put_object(Bucket=self._bucket, Key=key, Body=data, ContentType=content_type)

    def read(self, key: str) -> bytes:
        """Return an object's bytes; raises FileNotFoundError."""
        try:
            return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except self._client.exceptions.NoSuchKey:
            raise FileNotFoundError(key) from None

    def exists(self, key: str) -> bool:
        """Tell whether there is such an object."""
        try:
            self._client.head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != HTTPStatus.NOT_FOUND:
                raise
            return False
        return True

    def sign_claim(self, key: str, life_s: int) -> Claim:
        """Sign a PUT that S3 takes only while there is no such object.

        Everybody after the first gets 412 (Amazon S3, "Conditional writes"). Signature Version 4
        covers the header: whoever leaves it out gets 403.
        """
        url = self._client.generate_presigned_url(
            "put_object",
            Params={"Bucket": self._bucket, "Key": key, "IfNoneMatch": "*"},
            ExpiresIn=life_s,
        )
        return Claim(url, {"If-None-Match": "*"})

    def sign_get(self, key: str, life_s: int) -> str:
        """Sign a URL for reading one object."""
        return self._client.generate_presigned_url(
            "get_object", Params={"Bucket": self._bucket, "Key": key}, ExpiresIn=life_s
        )

    def sign_upload(self, key: str, max_bytes: int, life_s: int) -> Upload:
        """Sign a POST form; S3 itself refuses a larger file or another place."""
        form = self._client.generate_presigned_post(
            self._bucket,
            key,
            Conditions=[
                ["content-length-range", 0, max_bytes],
                ["starts-with", "$Content-Type", ""],
            ],
            ExpiresIn=life_s,
        )
        return Upload(form["url"], form["fields"])
