"""Amazon SageMaker asynchronous endpoints. Source: AWS, "Asynchronous inference"."""

from __future__ import annotations

import json
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ProxyConnectionError,
)

from distillery.core.deadlines import run_ends_within
from distillery.core.errors import ProviderError, ProviderRefused, ProviderUnreachable
from distillery.core.ports import Envelope, ObjectStore, ProviderCondition, ProviderJob

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient

logger = logging.getLogger(__name__)

QUEUE_LIFE_S = 15 * 60
"""A job that is not finished by then is of no use: the interaction token has died."""
_MAX_INVOCATION_S = 3600
_NOT_SERVING = {
    "Creating": ProviderCondition.NO_CAPACITY,  # waits for its first instance
    "Failed": ProviderCondition.CRASHING,  # its instances do not come, or do not live
    "Deleting": ProviderCondition.DOWN,
    "OutOfService": ProviderCondition.DOWN,
}
"""AWS, "DescribeEndpoint". In any other status an endpoint serves, if only as it did before a
change: InService, Updating, SystemUpdating, RollingBack, UpdateRollbackFailed."""
_THROTTLED = frozenset({"ThrottlingException", "Throttling", "TooManyRequestsException"})
_NEVER_SENT = (ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError)
_NOT_PASSED_ON = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE})


class SageMakerProvider:
    """Implements `GpuProvider` on one endpoint, which reads its jobs from our bucket."""

    name = "sagemaker"

    def __init__(
        self,
        runtime: SageMakerRuntimeClient,
        control: SageMakerClient,
        objects: ObjectStore,
        *,
        bucket: str,
        endpoint: str,
    ) -> None:
        self._runtime = runtime
        self._control = control
        self._objects = objects
        self._bucket = bucket
        self._endpoint = endpoint

    def condition(self) -> ProviderCondition:
        """READY while the endpoint serves, with instances or scaled to zero."""
        try:
            status = self._control.describe_endpoint(EndpointName=self._endpoint)["EndpointStatus"]
        except ClientError as error:
            if error.response["Error"].get("Code") in _THROTTLED:
                return ProviderCondition.READY  # it is there, and we ask too often
            logger.warning("SageMaker refused to tell its status: %s", error)
            return ProviderCondition.DOWN
        except BotoCoreError as error:
            logger.warning("SageMaker gave no status: %s", type(error).__name__)
            return ProviderCondition.DOWN
        return _NOT_SERVING.get(status, ProviderCondition.READY)

    def submit(self, envelope: Envelope) -> str:
        """InvokeEndpointAsync; returns the key of the object that would tell of its failure."""
        job_id, attempt = envelope["job_id"], envelope["attempt"]
        key = f"jobs/{job_id}/{attempt}/envelope"
        self._objects.put(key, json.dumps(envelope).encode(), "application/json")
        try:
            answer = self._runtime.invoke_endpoint_async(
                EndpointName=self._endpoint,
                InputLocation=f"s3://{self._bucket}/{key}",
                ContentType="application/json",
                InferenceId=f"{job_id}-{attempt}",
                RequestTTLSeconds=QUEUE_LIFE_S,
                InvocationTimeoutSeconds=min(
                    _MAX_INVOCATION_S, run_ends_within(envelope["limits"]["timeout_s"])
                ),
            )
        except (BotoCoreError, ClientError) as error:
            raise _not_taken(error) from error
        failure = answer.get("FailureLocation") or answer.get("InferenceId")
        if not failure:
            raise ProviderUnreachable("SageMaker's answer names neither the job nor its failure")
        return failure.removeprefix(f"s3://{self._bucket}/")

    def status(self, provider_job_id: str) -> ProviderJob:
        """ENDED once SageMaker has written the object that tells of a failure, else UNKNOWN.

        There is no call that tells whether an invocation waits or runs.
        """
        try:
            self._objects.read(provider_job_id)
        except FileNotFoundError:
            return ProviderJob.UNKNOWN
        except (BotoCoreError, ClientError) as error:
            logger.warning("where SageMaker would tell of a failure cannot be read: %s", error)
            return ProviderJob.UNKNOWN
        return ProviderJob.ENDED

    def cancel(self, provider_job_id: str) -> None:
        """SageMaker cannot stop an asynchronous invocation; its result is simply not awaited."""
        logger.info("SageMaker cannot cancel", extra={"failure_object": provider_job_id})


def _not_taken(error: BotoCoreError | ClientError) -> ProviderError:
    """What it means that InvokeEndpointAsync failed: the job was not taken, or nobody knows.

    No error says that a job will never be taken: SageMaker does not look into it, and a
    ValidationError may as well say that there is no such endpoint.
    """
    if not isinstance(error, ClientError):
        words = f"SageMaker did not answer: {type(error).__name__}"
        never_sent = isinstance(error, _NEVER_SENT)
        return ProviderRefused(words) if never_sent else ProviderUnreachable(words)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    words = f"SageMaker answered {status} {error.response['Error'].get('Code')}"
    if status is None or status < HTTPStatus.INTERNAL_SERVER_ERROR or status in _NOT_PASSED_ON:
        return ProviderRefused(words, status)
    return ProviderUnreachable(words)
