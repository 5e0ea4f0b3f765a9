"""Every permission of a room is used, and nothing that a room asks for is missing."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import re
from typing import Any

import pytest

from infra.rooms import ROOMS
from tests.infra.permissions_page import CHECKED, UNUSED, listed
from tests.local.asked_of_aws import Need
from tests.local.conftest import Cloud
from tests.local.recorded_cloud import RECORD
from tests.local.tour import Tour

ROOM_OF = {room.name.title().replace("_", ""): room.name for room in ROOMS}
pytestmark = [pytest.mark.cloud, pytest.mark.xdist_group("cloud")]


def room_of(role: str) -> str:
    """The room that a role belongs to: CloudFormation names it after the construct."""
    found = re.fullmatch(r"Distillery-(\w+)Role[0-9A-F]{8}-\w+", role)
    return ROOM_OF.get(found[1], "") if found else ""  # the CDK's own helpers have roles as well


def granted(cloud: Cloud) -> dict[str, set[Need]]:
    """What each room may do, as the embedded IAM holds it."""
    iam = cloud.aws("iam")
    grants: dict[str, set[Need]] = {}
    for role in iam.list_roles()["Roles"]:
        name = role["RoleName"]
        if room := room_of(name):
            for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
                document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
                for statement in document["Statement"]:
                    grants.setdefault(room, set()).update(
                        (action, resource)
                        for action in several(statement["Action"])
                        for resource in several(statement["Resource"])
                    )
    return grants


def several(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def signers(cloud: Cloud) -> dict[str, str]:
    """Which room has which access key: MiniStack makes one of a version's and its role's names."""
    client = cloud.aws("lambda")
    found = {}
    for function in client.list_functions()["Functions"]:
        name = function["FunctionName"]
        versions = client.list_versions_by_function(FunctionName=name)["Versions"]
        for version in (function, *versions):
            names = f"{version['FunctionArn']}:{version['Role']}"
            key = "ASIA" + hashlib.sha256(names.encode()).hexdigest()[:16].upper()
            found[key] = room_of(version["Role"].rpartition("/")[2])
    return found


def needed(cloud: Cloud) -> dict[str, set[Need]]:
    """What each room has needed so far."""
    rooms, found = signers(cloud), {}
    for line in (cloud.folder / RECORD).read_text().splitlines():
        signer, action, resource = json.loads(line)
        found.setdefault(rooms.get(signer, signer), set()).add((action, resource))
    found.pop("", None)
    return found


def test_every_permission_is_used_and_none_is_missing(cloud: Cloud) -> None:
    """The embedded IAM refuses what is missing too, but no call of SageMaker passes it."""
    Tour(cloud).take()
    grants, needs = granted(cloud), needed(cloud)

    missing = {
        (room, *need)
        for room, of_room in needs.items()
        for need in of_room
        if not any(covers(grant, need) for grant in grants.get(room, ()))
    }
    unused = {
        (room, action, short(resource))
        for room, of_room in grants.items()
        for action, resource in of_room
        if not action.startswith("logs:")  # Lambda writes what a room says
        and not any(covers((action, resource), need) for need in needs.get(room, ()))
    }
    assert missing == set()
    assert not cloud.denied()
    never = set(listed(UNUSED))
    unlisted, used = unused - never, never - unused
    assert not unlisted, "\n".join(map(str, sorted(unlisted)))
    assert not used, "\n".join(map(str, sorted(used)))
    assert set(listed(CHECKED)) <= {
        (room, action, short(resource))
        for room, of_room in grants.items()
        for action, resource in of_room
    }


def short(arn: str) -> str:
    """Write an ARN as the document of permissions does."""
    name = arn.split(":", 5)[-1].removeprefix("table/")
    if name.startswith("endpoint/"):
        return "endpoint/distillery-gpu"
    made = r"distillery-(?:storage|queues)([a-z])([a-z]*?)[0-9a-f]{8}-[0-9a-z]+"
    return re.sub(made, lambda m: m[1].upper() + m[2], name, flags=re.IGNORECASE)


def covers(grant: Need, need: Need) -> bool:
    return grant[0] == need[0] and fnmatch.fnmatchcase(need[1], grant[1])
