"""What the interactions room is compared with: the handler one would write first.

A boto3 client, Powertools and a check of the signature; it answers every interaction with a pong.
"""

from __future__ import annotations

import json
import os
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from nacl.signing import VerifyKey

logger = Logger(service="plain")
metrics = Metrics(namespace="Distillery", service="plain")
queue = boto3.client("sqs")
jobs = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])
key = VerifyKey(bytes.fromhex(os.environ["DISCORD_PUBLIC_KEY"]))


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer one API Gateway event."""
    headers = event["headers"]
    signed = headers["x-signature-timestamp"] + event["body"]
    key.verify(signed.encode(), bytes.fromhex(headers["x-signature-ed25519"]))
    return {"statusCode": 200, "body": json.dumps({"type": 1})}
