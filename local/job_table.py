"""Reads jobs from the service's table as an operator does: all of a time, or all that are open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from distillery.aws.job_record import from_item
from distillery.core.job import Job

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def jobs_since(dynamodb: DynamoDBClient, table: str, since: float = 0.0) -> list[Job]:
    """Return the jobs accepted at `since` (epoch seconds) or later, the oldest first.

    Reads the whole table: no index has jobs by time, since only an operator asks, and seldom.
    """
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=table,
        ConsistentRead=True,
        FilterExpression="begins_with(pk, :job) AND created_at >= :since",
        ExpressionAttributeValues={":job": {"S": "JOB#"}, ":since": {"N": repr(since)}},
    )
    jobs = [from_item(item) for page in pages for item in page["Items"]]
    return sorted(jobs, key=lambda job: job.created_at)


def open_job_ids(dynamodb: DynamoDBClient, table: str) -> Iterator[str]:
    """Return the ids of the jobs that are not over: the index `due` holds those alone."""
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table,
        IndexName="due",
        KeyConditionExpression="due = :due",
        ExpressionAttributeValues={":due": {"S": "DUE"}},
    )
    for page in pages:
        for item in page["Items"]:
            yield item["pk"]["S"].removeprefix("JOB#")
