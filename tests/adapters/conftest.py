"""The ports, each in memory and on moto's AWS: one suite runs on both."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from moto import mock_aws

from tests.adapters.scripted_server import Script, scripted_server

REGION = "eu-central-1"
TABLE = "jobs"
BUCKET = "distillery-test"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[botocore.session.Session]:
    """A session whose calls all stay in this process."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield botocore.session.get_session()


@pytest.fixture
def dynamodb(aws: botocore.session.Session) -> Any:
    """A client, and the table as `infra` makes it."""
    client = aws.create_client("dynamodb")
    client.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"}
            for name in ("pk", "sk", "waiting", "waiting_order", "due")
        ]
        + [{"AttributeName": "due_at", "AttributeType": "N"}],
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "waiting",
                "KeySchema": [
                    {"AttributeName": "waiting", "KeyType": "HASH"},
                    {"AttributeName": "waiting_order", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            },
            {
                "IndexName": "due",
                "KeySchema": [
                    {"AttributeName": "due", "KeyType": "HASH"},
                    {"AttributeName": "due_at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            },
        ],
    )
    return client


@pytest.fixture
def server() -> Iterator[Script]:
    """A scripted HTTP server of this test's own."""
    with scripted_server() as script:
        yield script
