"""The ports, each in memory and on moto's AWS: one suite runs on both."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

import botocore.session
import pytest
from botocore.loaders import create_loader
from moto import mock_aws

from local.plain_table import create_table
from tests.adapters.scripted_server import Script, scripted_server

REGION = "eu-central-1"
TABLE = "jobs"
BUCKET = "distillery-test"

_DESCRIPTIONS = create_loader()
"""AWS's descriptions of its services: read once, as they are large."""

_BARE_NAME = re.compile(r"(?<![:#\w])[A-Za-z_]\w*\b(?!\()")
_KEYWORDS = frozenset({"SET", "REMOVE", "ADD", "DELETE", "AND", "OR", "NOT", "BETWEEN", "IN"})
_RESERVED = frozenset(
    files("moto.dynamodb.parsing").joinpath("reserved_keywords.txt").read_text().split()
)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[botocore.session.Session]:
    """A session whose calls all stay in this process."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        session = botocore.session.get_session()
        session.register_component("data_loader", _DESCRIPTIONS)
        yield session


@pytest.fixture
def dynamodb(aws: botocore.session.Session) -> Any:
    """A client, and the table as `infra` makes it."""
    client = aws.create_client("dynamodb")
    client.meta.events.register("provide-client-params.dynamodb.*", refuse_reserved_words)
    create_table(client, TABLE)
    return client


def refuse_reserved_words(params: Mapping[str, Any], **_: Any) -> None:
    """DynamoDB refuses its reserved words as bare names in any expression; moto does in some."""
    requests = [params, *(r for item in params.get("TransactItems", ()) for r in item.values())]
    for request in requests:
        for field, expression in request.items():
            if field.endswith("Expression"):
                names = set(map(str.upper, _BARE_NAME.findall(expression)))
                wrong = names & _RESERVED - _KEYWORDS
                assert not wrong, f"{wrong} is reserved: {expression}"


@pytest.fixture
def server() -> Iterator[Script]:
    """A scripted HTTP server of this test's own."""
    with scripted_server() as script:
        yield script
