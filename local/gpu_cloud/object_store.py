"""The S3 objects that SageMaker reads its inputs from and leaves its outputs and failures in."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from local.gpu_cloud.settings import SageMakerSettings


class ObjectStoreError(Exception):
    """S3 did not give or take an object; the text says which and why."""


class ObjectStore:
    """Blocking calls of boto3, each in a thread of its own."""

    def __init__(self, settings: SageMakerSettings) -> None:
        self._settings = settings
        self._s3 = boto3.client(
            "s3",
            endpoint_url=settings.s3_endpoint_url,
            region_name=settings.region,
            aws_access_key_id=settings.access_key_id,
            aws_secret_access_key=settings.secret_access_key,
            config=Config(
                s3={"addressing_style": "path"},
                proxies={},  # S3 is on this machine, whatever HTTP_PROXY says
                connect_timeout=5,
                read_timeout=30,
                retries={"mode": "standard", "max_attempts": 3},
            ),
        )

    def output_location(self, inference_id: str) -> str:
        """Say where the output of a request goes; the name is made from its id."""
        return self._location(self._settings.output_prefix, inference_id)

    def failure_location(self, inference_id: str) -> str:
        """Say where the failure of a request goes."""
        return self._location(self._settings.failure_prefix, inference_id)

    async def read(self, location: str) -> bytes:
        """Read the object at an `s3://` address.

        Raises:
            ObjectStoreError: there is none, or S3 does not answer.
        """
        return await asyncio.to_thread(self._read, location)

    async def write(self, location: str, body: bytes, content_type: str) -> None:
        """Write the object at an `s3://` address.

        Raises:
            ObjectStoreError: S3 refuses it, or does not answer.
        """
        await asyncio.to_thread(self._write, location, body, content_type)

    def _location(self, prefix: str, inference_id: str) -> str:
        return f"s3://{self._settings.bucket}/{prefix}{quote(inference_id, safe='')}.out"

    def _read(self, location: str) -> bytes:
        bucket, key = _split(location)
        try:
            return self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except (BotoCoreError, ClientError) as error:
            raise ObjectStoreError(f"cannot read {location}: {error}") from error

    def _write(self, location: str, body: bytes, content_type: str) -> None:
        bucket, key = _split(location)
        try:
            self._s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type)
        except (BotoCoreError, ClientError) as error:
            raise ObjectStoreError(f"cannot write {location}: {error}") from error


def _split(location: str) -> tuple[str, str]:
    parts = urlsplit(location, allow_fragments=False)
    return parts.netloc, parts.path.removeprefix("/")
