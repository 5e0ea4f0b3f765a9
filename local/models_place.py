"""Where `distillery models` keeps model files: a folder, or a prefix in a bucket."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, Literal, Protocol

import boto3
from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from gpu_container.worker.models.declared import S3, Model
from gpu_container.worker.models.download import ModelUnavailable, Watch, bring
from gpu_container.worker.models.http_source import HttpSource
from gpu_container.worker.models.verified import is_whole, note_beside, sha256_of

STAGING = Path(__file__).parent.parent / ".local" / "models"
"""Where a file is on its way to a bucket, so that an interrupted one goes on."""
_BUCKET = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?")
_CHUNK_BYTES = 1 << 20
_URL_LIVES_S = 12 * 3600

State = Literal["here", "missing", "wrong size"]


class NoSuchPlace(ValueError):
    """There is no such place; the message says what to do."""


class Place(Protocol):
    """A place that keeps models. Every call raises ModelUnavailable where it cannot be reached."""

    def state(self, model: Model) -> State:
        """Say what the place has under the model's name, by its size."""
        ...

    def sha256(self, model: Model) -> str:
        """Read the whole file and hash it."""
        ...

    def bring(self, model: Model, source: HttpSource, tell: Callable[[int], None]) -> bool:
        """Put the model there, whole and right or not at all; False: it is there already."""
        ...


class Folder:
    """A folder of this machine, such as a mounted network volume."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        if not self._path.is_dir():
            raise NoSuchPlace(f"There is no folder {path}. Make it, or mount the volume.")

    def state(self, model: Model) -> State:
        """See Place."""
        path = self._path / model.path
        return "here" if is_whole(path, model) else "wrong size" if path.exists() else "missing"

    def sha256(self, model: Model) -> str:
        """See Place."""
        try:
            return sha256_of(self._path / model.path)
        except OSError as error:
            raise ModelUnavailable(f"{model.path}: cannot be read: {error.strerror}") from error

    def bring(self, model: Model, source: HttpSource, tell: Callable[[int], None]) -> bool:
        """See Place. What is there is hashed, unless that was done since it was last changed."""
        return bring(model, source, self._path, Watch(saw=tell))


class Bucket:
    """A prefix in S3, with the shell's own credentials. SageMaker mounts it at /opt/ml/model.

    An object appears when its upload is complete, so there is never half of one.
    """

    def __init__(self, text: str) -> None:
        found = _BUCKET.fullmatch(text)
        if found is None:
            raise NoSuchPlace(f"{text} is not like s3://BUCKET/PREFIX")
        self._bucket, prefix = found[1], (found[2] or "").strip("/")
        self._prefix = f"{prefix}/" if prefix else ""
        with _asking(f"s3://{self._bucket}"):
            _s3().head_bucket(Bucket=self._bucket)

    def state(self, model: Model) -> State:
        """See Place. What `bring` has put there also has its hash beside it."""
        with _asking(self._where(model)):
            try:
                said = _s3().head_object(**self._address(model))
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] == HTTPStatus.NOT_FOUND:
                    return "missing"
                raise
        right = said["ContentLength"] == model.size
        right = right and said["Metadata"].get("sha256", model.sha256) == model.sha256
        return "here" if right else "wrong size"

    def sha256(self, model: Model) -> str:
        """See Place."""
        digest = hashlib.sha256()
        with _asking(self._where(model)):
            for chunk in _s3().get_object(**self._address(model))["Body"].iter_chunks(_CHUNK_BYTES):
                digest.update(chunk)
        return digest.hexdigest()

    def bring(self, model: Model, source: HttpSource, tell: Callable[[int], None]) -> bool:
        """See Place. By way of this machine's disk."""
        if self.state(model) == "here":
            return False
        staged = STAGING / model.path
        bring(model, source, STAGING, Watch(saw=tell))
        with _asking(self._where(model)):
            more = {"Metadata": {"sha256": model.sha256}}
            _s3().upload_file(str(staged), ExtraArgs=more, **self._address(model))
        staged.unlink()
        note_beside(staged).unlink(missing_ok=True)
        return True

    def _address(self, model: Model) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + model.path}

    def _where(self, model: Model) -> str:
        return f"s3://{self._bucket}/{self._prefix}{model.path}"


def readable_url(source: S3) -> str:
    """Return an address at which the object can be read for some hours, without credentials."""
    address = {"Bucket": source.bucket, "Key": source.key}
    with _asking(str(source)):
        url: str = _s3().generate_presigned_url("get_object", address, ExpiresIn=_URL_LIVES_S)
    return url


@contextmanager
def _asking(where: str) -> Iterator[None]:
    """Say it in one line when S3 cannot be asked or says no."""
    try:
        yield
    except (ClientError, BotoCoreError, Boto3Error) as error:
        advice = "look at the credentials, AWS_REGION and the bucket's policy"
        raise ModelUnavailable(f"{where}: {error}; {advice}") from error


def _s3() -> Any:
    # Signature version 4: newer regions and encrypted objects refuse the older one in a URL.
    return boto3.client("s3", config=Config(signature_version="s3v4"))
