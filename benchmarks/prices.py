"""What AWS counts when a picture is made, and what each costs (`local/prices.toml`).

No free tier and no volume discount is in.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from local.prices import Price, read_prices


class Unit(StrEnum):
    """What AWS counts, by the name of its price."""

    WRITE = "dynamodb_write"
    READ = "dynamodb_read"
    SQS = "sqs_fair_request"
    S3_PUT = "s3_put"
    S3_GET = "s3_get"
    LAMBDA_REQUEST = "lambda_request"
    LAMBDA_GB_S = "lambda_gb_s"
    HTTP_API = "http_api_request"
    LOG_GB = "log_gb"
    PARAMETER_READ = "parameter_read"


PRICES: Mapping[Unit, Price] = {unit: read_prices()[unit] for unit in Unit}
METRIC_DOLLARS_A_MONTH = read_prices()["metric"].dollars
"""A custom metric, for each set of dimensions."""
_OF_OPERATION: Mapping[str, Unit] = {
    "sqs.SendMessage": Unit.SQS,
    "s3.PutObject": Unit.S3_PUT,
    "s3.PostObject": Unit.S3_PUT,
    "s3.ListObjectsV2": Unit.S3_PUT,  # priced as a PUT
    "s3.GetObject": Unit.S3_GET,
    "s3.HeadObject": Unit.S3_GET,
    "ssm.GetParameter": Unit.PARAMETER_READ,
}


def unit_of(operation: str) -> Unit:
    """Return what AWS counts one call as. DynamoDB counts by size: see `request_units`.

    Raises ValueError for a call that nobody has put a price on.
    """
    if operation not in _OF_OPERATION:
        raise ValueError(f"what does {operation} cost?")
    return _OF_OPERATION[operation]


def cost(units: Mapping[Unit, float]) -> dict[Unit, float]:
    """Return dollars by unit."""
    return {unit: PRICES[unit].listed(amount) for unit, amount in units.items()}
