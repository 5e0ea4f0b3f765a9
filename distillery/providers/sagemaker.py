"""Amazon SageMaker asynchronous endpoints. Source: AWS, "Asynchronous inference"."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from distillery.core.errors import ProviderRefused, ProviderUnreachable
from distillery.core.ports import Envelope, ObjectStore, ProviderCondition, ProviderJob

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient

logger = logging.getLogger(__name__)

QUEUE_LIFE_S = 15 * 60
"""A job that is not finished by then is of no use: the interaction token has died."""
_MAX_INVOCATION_S = 3600
_SERVING = frozenset({"InService", "Updating", "SystemUpdating"})


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
        except (BotoCoreError, ClientError) as error:
            logger.warning("SageMaker gave no status: %s", type(error).__name__)
            return ProviderCondition.DOWN
        return ProviderCondition.READY if status in _SERVING else ProviderCondition.STARVED

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
                    _MAX_INVOCATION_S, int(envelope["limits"]["timeout_s"])
                ),
            )
        except ClientError as error:
            raise ProviderRefused(
                f"SageMaker answered {error.response['Error'].get('Code')}"
            ) from error
        except BotoCoreError as error:
            raise ProviderUnreachable(
                f"SageMaker did not answer: {type(error).__name__}"
            ) from error
        failure = answer.get("FailureLocation", answer["InferenceId"])
        return failure.removeprefix(f"s3://{self._bucket}/")

    def status(self, provider_job_id: str) -> ProviderJob:
        """ENDED once SageMaker has written the object that tells of a failure, else UNKNOWN.

        There is no call that tells whether an invocation waits or runs.
        """
        try:
            self._objects.read(provider_job_id)
        except FileNotFoundError:
            return ProviderJob.UNKNOWN
        return ProviderJob.ENDED

    def cancel(self, provider_job_id: str) -> None:
        """SageMaker cannot stop an asynchronous invocation; its result is simply not awaited."""
        logger.info("SageMaker cannot cancel", extra={"failure_object": provider_job_id})
