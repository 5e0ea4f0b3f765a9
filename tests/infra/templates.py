"""What a template says of a resource, of a room's function, and of what a role may do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from infra.rooms import Room

Resource = Mapping[str, Any]


def of_type(template: Mapping[str, Any], kind: str) -> dict[str, Resource]:
    found = {n: r for n, r in template["Resources"].items() if r["Type"] == kind}
    assert found, f"no {kind} in the template"
    return found


def function_of(template: Mapping[str, Any], room: Room) -> tuple[str, Resource]:
    handler = f"lambdas.{room.name}.main.handler"
    functions = of_type(template, "AWS::Lambda::Function").items()
    return next((n, f["Properties"]) for n, f in functions if f["Properties"]["Handler"] == handler)


def statements(template: Mapping[str, Any]) -> Iterator[tuple[str, Resource]]:
    for name, policy in of_type(template, "AWS::IAM::Policy").items():
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            yield name, statement


def named(resource: Any) -> str:
    """Write a resource's ARN short: `Table/index/due`, `Bucket/jobs/*`, `secret:a/name`."""
    match resource:
        case str():
            return resource
        case {"Fn::GetAtt": [name, "Arn"]}:
            return re.sub(r"^(Storage|Queues)(\w+?)[0-9A-F]{8}$", r"\2", str(name))
        case {"Fn::Join": ["", parts]}:
            return re.sub(r"^arn:.*?:(parameter/|endpoint/)", r"\1", "".join(map(named, parts)))
        case {"Ref": name}:
            return str(name)
    raise AssertionError(f"an unknown kind of resource: {resource}")


def called(template: Mapping[str, Any], reference: Any) -> str:
    """The logical id of the function whose live version a reference names."""
    aliases = of_type(template, "AWS::Lambda::Alias")
    (alias,) = {name for name in aliases if f'"{name}"' in json.dumps(reference)}
    return str(aliases[alias]["Properties"]["FunctionName"]["Ref"])


def granted(template: Mapping[str, Any], role_prefix: str) -> set[str]:
    """What a role may do, as `service:Action on resource`; writing its own log is left out."""
    grants: set[str] = set()
    for name, statement in statements(template):
        if name.startswith(role_prefix):
            actions, resources = statement["Action"], statement["Resource"]
            actions = [actions] if isinstance(actions, str) else actions
            resources = resources if isinstance(resources, list) else [resources]
            grants |= {f"{a} on {named(r)}" for a in actions for r in resources}
    return {grant for grant in grants if not grant.startswith("logs:")}
