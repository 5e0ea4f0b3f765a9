"""The service's table made by one call, for whoever needs it without a deployment.

`tests/infra` holds it to the table of the real template.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

INDEXES = {
    "waiting": ("waiting", "waiting_order"),
    "due": ("due", "due_at"),
    "member": ("user_id", "created_at"),
}
"""Each index's partition and sort key."""
NUMBERS = frozenset({"due_at", "created_at"})


def create_table(client: DynamoDBClient, name: str) -> None:
    """Make the table."""
    keys = {"pk", "sk"} | {key for index in INDEXES.values() for key in index}
    definition: dict[str, Any] = {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": key, "AttributeType": "N" if key in NUMBERS else "S"}
            for key in sorted(keys)
        ],
        "KeySchema": _schema("pk", "sk"),
        "GlobalSecondaryIndexes": [
            {
                "IndexName": index,
                "KeySchema": _schema(*attributes),
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
            for index, attributes in INDEXES.items()
        ],
    }
    client.create_table(**definition)


def _schema(partition: str, sort: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": partition, "KeyType": "HASH"},
        {"AttributeName": sort, "KeyType": "RANGE"},
    ]
