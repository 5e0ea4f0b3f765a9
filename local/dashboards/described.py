"""The alarms that a template only describes: no embedded AWS can make them (infra/alarms.py)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

Json = dict[str, Any]

_COMPOSITE = "AWS::CloudWatch::CompositeAlarm"
_KINDS = ("AWS::CloudWatch::Alarm", _COMPOSITE)


def described_alarms(cloudformation: Any) -> Iterator[Json]:
    """Yield them from every stack's template, as DescribeAlarms would tell them.

    A composite one has its `Parts`: the names of the alarms any of which sets it off.
    """
    for stack in cloudformation.describe_stacks()["Stacks"]:
        template = cloudformation.get_template(StackName=stack["StackName"])["TemplateBody"]
        if not isinstance(template, str):  # botocore reads JSON; `cdk bootstrap` writes YAML
            yield from of_template(template)


def of_template(template: Mapping[str, Any]) -> Iterator[Json]:
    """Yield what one template describes under a condition; see `described_alarms`."""
    resources = template["Resources"]
    for resource in resources.values():
        if resource["Type"] in _KINDS and "Condition" in resource:
            alarm = dict(resource["Properties"])
            if resource["Type"] == _COMPOSITE:
                alarm["Parts"] = _parts(alarm["AlarmRule"], resources)
            yield alarm


def _parts(rule: Any, resources: Mapping[str, Any]) -> list[str]:
    """Return the names in a rule of the form ALARM(..) OR ALARM(..), which is the only one here."""
    named = re.findall(r'"Fn::GetAtt": \["(\w+)", "Arn"\]', json.dumps(rule))
    return [resources[name]["Properties"]["AlarmName"] for name in named]
