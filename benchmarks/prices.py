"""AWS's list prices in US East (N. Virginia), in one place, each with where it stands.

AWS's price pages draw their figures by script, so each was checked against a page that quotes it;
`seen` is that page's date, None where the price is from memory. No free tier and no volume discount
is in. Change a price here when AWS does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Unit(StrEnum):
    """What AWS counts, as a table shows it."""

    WRITE = "DynamoDB write request units"
    READ = "DynamoDB read request units"
    SQS = "SQS requests"
    S3_PUT = "S3 PUT and POST"
    S3_GET = "S3 GET and HEAD"
    LAMBDA_REQUEST = "Lambda requests"
    LAMBDA_GB_S = "Lambda GB-seconds (arm64)"
    HTTP_API = "HTTP API requests"
    LOG_GB = "CloudWatch Logs GB taken in"
    SECRET_READ = "SSM GetParameter"  # noqa: S105  # pragma: allowlist secret


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars for one unit."""

    dollars: float
    page: str
    """The page of AWS's that sets it."""
    seen: str | None
    note: str = ""


_MILLION = 1e6
_DYNAMODB = "Amazon DynamoDB pricing, on-demand capacity, Standard class"
_S3 = "Amazon S3 pricing, S3 Standard, requests"
_LAMBDA = "AWS Lambda pricing"

PRICES: Mapping[Unit, Price] = {
    Unit.WRITE: Price(0.625 / _MILLION, _DYNAMODB, "2025-07", "since November 2024"),
    Unit.READ: Price(0.125 / _MILLION, _DYNAMODB, "2025-07", "since November 2024"),
    Unit.SQS: Price(
        0.50 / _MILLION, "Amazon SQS pricing", "2026-03", "0.40 and 0.10 for message groups"
    ),
    Unit.S3_PUT: Price(0.005 / 1000, _S3, "undated"),
    Unit.S3_GET: Price(0.0004 / 1000, _S3, "undated"),
    Unit.LAMBDA_REQUEST: Price(0.20 / _MILLION, _LAMBDA, "2026-09"),
    Unit.LAMBDA_GB_S: Price(0.0000133334, _LAMBDA, "undated", "first 7.5 billion a month"),
    Unit.HTTP_API: Price(1.00 / _MILLION, "Amazon API Gateway pricing", "2026-09"),
    Unit.LOG_GB: Price(0.50, "Amazon CloudWatch pricing, Logs", None, "Lambda's first 10 TB"),
    Unit.SECRET_READ: Price(
        0.0, "AWS Systems Manager pricing, Parameter Store, standard throughput", "undated", "free"
    ),
}

METRIC_DOLLARS_A_MONTH = 0.30
"""A custom metric, for each set of dimensions (Amazon CloudWatch pricing, Metrics; from memory)."""
_OF_OPERATION: Mapping[str, Unit] = {
    "sqs.SendMessage": Unit.SQS,
    "s3.PutObject": Unit.S3_PUT,
    "s3.PostObject": Unit.S3_PUT,
    "s3.ListObjectsV2": Unit.S3_PUT,  # priced as a PUT
    "s3.GetObject": Unit.S3_GET,
    "s3.HeadObject": Unit.S3_GET,
    "ssm.GetParameter": Unit.SECRET_READ,
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
    return {unit: amount * PRICES[unit].dollars for unit, amount in units.items()}
