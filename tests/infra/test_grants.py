"""What each room may do, and that it may do nothing else."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from infra.rooms import ROOMS, Room
from tests.infra.templates import granted, statements


def test_no_statement_allows_every_action(template: dict[str, Any]) -> None:
    for name, statement in statements(template):
        assert "*" not in json.dumps(statement["Action"]), name


def test_a_star_in_a_resource_is_one_of_those_with_a_reason(template: dict[str, Any]) -> None:
    starred = {
        (name, text)
        for name, statement in statements(template)
        for text in re.findall(r'"([^"]*\*[^"]*)"', json.dumps(statement["Resource"]))
    }

    assert {(re.sub(r"[0-9A-F]{8}$", "", name), text) for name, text in starred} == {
        ("InteractionsRoleDefaultPolicy", "/jobs/*/*/outputs/*"),
        ("DispatcherRoleDefaultPolicy", "/jobs/*"),
        ("FollowupRoleDefaultPolicy", "/jobs/*"),
        ("WatchdogRoleDefaultPolicy", "/jobs/*"),
        ("DeadLettersRoleDefaultPolicy", "/jobs/*"),
        ("WatchdogRoleDefaultPolicy", "/jobs/*/*/cancel"),
        ("WatchdogRoleDefaultPolicy", "/sagemaker/failures/*"),
        ("CommandsProviderRoleDefaultPolicy", ":*"),
    }


def secret(name: str) -> set[str]:
    return {f"ssm:GetParameter on parameter/{name}"}


def reading(queue: str) -> set[str]:
    reads = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
    return {f"sqs:{action} on {queue}" for action in reads}


DEAD_LETTERS_OF_EVENTS = {"sqs:SendMessage on DeadLetters"}
WAKING = {"sqs:SendMessage on Jobs"}
ENDPOINT = "endpoint/distillery-gpu"
WORKING_ON_JOBS = {
    *(f"dynamodb:{action} on Table" for action in ("GetItem", "PutItem", "UpdateItem", "Query")),
    *("dynamodb:Query on Table/index/waiting", "s3:GetObject on Bucket/jobs/*"),
    "s3:ListBucket on Bucket",
    *(WAKING | secret("distillery/discord-bot-token")),
}
GRANTS: dict[str, set[str]] = {
    "Interactions": {
        *(f"dynamodb:{action} on Table" for action in ("GetItem", "PutItem", "UpdateItem")),
        *("dynamodb:BatchGetItem on Table", "dynamodb:Query on Table"),
        *("dynamodb:Query on Table/index/waiting", "dynamodb:Query on Table/index/member"),
        "s3:GetObject on Bucket/jobs/*/*/outputs/*",
        "s3:ListBucket on Bucket",
        *WAKING,
    },
    "Dispatcher": {
        *(WORKING_ON_JOBS | reading("Jobs") | secret("distillery/runpod-api-key")),
        "s3:PutObject on Bucket/jobs/*",
        *(
            f"sagemaker:{call} on {ENDPOINT}"
            for call in ("InvokeEndpointAsync", "DescribeEndpoint")
        ),
    },
    "Followup": WORKING_ON_JOBS | DEAD_LETTERS_OF_EVENTS,
    "Watchdog": {
        *(WORKING_ON_JOBS | DEAD_LETTERS_OF_EVENTS | secret("distillery/runpod-api-key")),
        "dynamodb:Query on Table/index/due",
        *("s3:PutObject on Bucket/jobs/*/*/cancel", "s3:GetObject on Bucket/sagemaker/failures/*"),
        f"sagemaker:DescribeEndpoint on {ENDPOINT}",
    },
    "DeadLetters": WORKING_ON_JOBS | reading("DeadLetters"),
    "Canary": {"dynamodb:PutItem on Table"} | WAKING | DEAD_LETTERS_OF_EVENTS,
    "RegisterCommands": secret("distillery/discord-bot-token"),
    "TellAlarms": secret("distillery/discord-bot-token"),
}


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_a_room_may_do_what_it_does_and_nothing_else(room: Room, template: dict[str, Any]) -> None:
    name = room.name.title().replace("_", "")
    assert granted(template, f"{name}Role") == GRANTS[name]


def test_whoever_answers_members_may_read_the_bot_s_token(template: dict[str, Any]) -> None:
    readers = {
        re.sub(r"RoleDefaultPolicy\w{8}$", "", name)
        for name, statement in statements(template)
        if "distillery/discord-bot-token" in json.dumps(statement["Resource"])
    }
    variable = "BOT_TOKEN_SECRET_NAME"

    assert {"Dispatcher", "Followup", "Watchdog"} <= readers
    for room in ROOMS:
        name = room.name.title().replace("_", "")
        assert (name in readers) == (variable in room.variables), name
