"""`distillery destroy`: removes every stack of a stage, also those whose setting is off by now."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, WaiterError

from infra.settings import stack_names
from local.operating.init import account, ask
from local.operating.place import CannotGoOn, aws_client

_DATA = ("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable", "AWS::S3::Bucket")
_LOOK_S, _PATIENCE_S = 5, 40 * 60
"""An endpoint takes minutes to go, the helpers of a bucket too."""


def run(arguments: argparse.Namespace) -> int:
    """Name the stacks, ask, and delete them one after the other; 0 when all are gone."""
    try:
        return _destroy(arguments.stage or "prod", arguments.yes, ask)
    except (CannotGoOn, BotoCoreError, ClientError) as problem:
        print(problem, file=sys.stderr)
        return 1


def _destroy(stage: str, is_sure: bool, ask: Callable[[str], str]) -> int:
    print(f"AWS: {account()}")
    client = aws_client("cloudformation")
    found = list(_existing(client, stack_names(stage)))
    if not found:
        print(f"There is no stack of {stage} here.")
        return 0
    names = ", ".join(stack["StackName"] for stack in found)
    if not is_sure and ask(f"Delete {names}? (y/n) ").lower() != "y":
        print("Nothing was deleted.")
        return 1
    for stack in found:
        _delete(client, stack)
    return 0


def _existing(client: Any, names: Sequence[str]) -> Iterator[Any]:
    for name in names:
        try:
            yield from client.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if "does not exist" not in str(error):
                raise


def _delete(client: Any, stack: Any) -> None:
    name, identity = stack["StackName"], stack["StackId"]
    print(f"{name}: is being deleted", flush=True)
    client.delete_stack(StackName=identity)
    patience = {"Delay": _LOOK_S, "MaxAttempts": _PATIENCE_S // _LOOK_S}
    try:
        client.get_waiter("stack_delete_complete").wait(StackName=identity, WaiterConfig=patience)
    except WaiterError as error:
        why = [
            f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
            for event in _events(client, identity, "DELETE_FAILED")
        ]
        raise CannotGoOn("\n".join([f"{name} is not gone: {error}", *why])) from error
    print(f"{name}: is gone")
    for event in _events(client, identity, "DELETE_SKIPPED"):
        if event["ResourceType"] in _DATA:
            print(f"  stays, as keep_data says: {event['PhysicalResourceId']}")


def _events(client: Any, identity: str, status: str) -> Iterator[Any]:
    for page in client.get_paginator("describe_stack_events").paginate(StackName=identity):
        yield from (one for one in page["StackEvents"] if one["ResourceStatus"] == status)
