"""Clients of AWS services, made with botocore alone: boto3 would make each cold start longer."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, cast

import botocore.session
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient

_CONFIG = Config(
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 3},
)
_OPINION = Config(connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 1})
"""A member waits for it, and there is a rule for what follows when it does not come."""


@cache
def _session() -> botocore.session.Session:
    return botocore.session.get_session()


def dynamodb() -> DynamoDBClient:
    """Make a client of DynamoDB."""
    return cast("DynamoDBClient", _session().create_client("dynamodb", config=_CONFIG))


def sqs() -> SQSClient:
    """Make a client of SQS."""
    return cast("SQSClient", _session().create_client("sqs", config=_CONFIG))


def s3() -> S3Client:
    """Make a client of S3 that signs addresses with Signature Version 4 in every region."""
    config = _CONFIG.merge(Config(signature_version="s3v4"))
    return cast("S3Client", _session().create_client("s3", config=config))


def sagemaker() -> SageMakerClient:
    """Make a client of SageMaker's control plane."""
    return cast("SageMakerClient", _session().create_client("sagemaker", config=_CONFIG))


def sagemaker_runtime() -> SageMakerRuntimeClient:
    """Make a client of SageMaker's runtime that never repeats a call.

    An invocation whose answer was lost may be running: a repeat would run it twice.
    """
    config = _CONFIG.merge(Config(retries={"total_max_attempts": 1}))
    return cast(
        "SageMakerRuntimeClient", _session().create_client("sagemaker-runtime", config=config)
    )


def comprehend() -> Any:
    """Make a client of Amazon Comprehend."""
    return _session().create_client("comprehend", config=_OPINION)


def bedrock_runtime() -> Any:
    """Make a client of Amazon Bedrock's runtime."""
    return _session().create_client("bedrock-runtime", config=_OPINION)


def rekognition() -> Any:
    """Make a client of Amazon Rekognition."""
    return _session().create_client("rekognition", config=_OPINION)


def ssm() -> SSMClient:
    """Make a client of Systems Manager, whose parameters hold the secrets."""
    return cast("SSMClient", _session().create_client("ssm", config=_CONFIG))
