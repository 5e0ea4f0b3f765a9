"""What an HTTP request asks of AWS, named as AWS's price lists name it: `dynamodb.GetItem`."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

_TARGETS = {"DynamoDB": "dynamodb", "AmazonSQS": "sqs", "AmazonSSM": "ssm"}
_SUBRESOURCES = ("notification", "policy", "tagging", "uploads")


def operation(method: str, raw_path: str, headers: Mapping[str, str], body: bytes) -> str:
    """Name the service and the operation of a request, as far as its form tells.

    The JSON protocols name it in `X-Amz-Target`, the query protocol in `Action`; what has neither
    is taken for S3, whose paths are /bucket and /bucket/key.
    """
    if target := headers.get("X-Amz-Target"):
        service, _, name = target.partition(".")
        service = service.partition("_")[0]
        return f"{_TARGETS.get(service, service.lower())}.{name}"
    if "form-urlencoded" in headers.get("Content-Type", ""):
        named = parse_qs(body.decode(errors="replace")).get("Action", ["Unknown"])
        return f"query.{named[0]}"
    return f"s3.{_of_s3(method, raw_path)}"


def _of_s3(method: str, raw_path: str) -> str:
    parts = urlsplit(raw_path)
    query = parse_qs(parts.query, keep_blank_values=True)
    for name in _SUBRESOURCES:
        if name in query:
            return f"{method.title()}{name.title()}"
    _, _, key = parts.path.strip("/").partition("/")
    if not key and method == "GET":
        return "ListObjectsV2"
    return f"{method.title()}{'Object' if key or method == 'POST' else 'Bucket'}"
