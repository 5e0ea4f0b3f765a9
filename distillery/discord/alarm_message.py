"""What a channel of operators is told of an alarm of CloudWatch's.

Source: Amazon CloudWatch, "Alarm events": the message that an alarm publishes to an SNS topic. A
composite alarm says in its reason which of its alarms set it off.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from distillery.discord.components import IS_COMPONENTS_V2, Component, container, text
from distillery.discord.markdown import escape
from distillery.discord.responses import NO_MENTIONS

RINGS, IS_OVER, IS_TOLD = 0xDA373C, 0x23A55A, 0x4E5058
"""The colour at its side: red, green, grey."""
_STATES = {"ALARM": ("🔔 **{}** rings", RINGS), "OK": ("**{}** is over", IS_OVER)}
_MOST_NAME, _MOST_REASON = 100, 600
_ARN = re.compile(r"arn:aws[\w-]*:cloudwatch:[\w-]*:\d*:alarm:([\w-]+)")


def alarm_message(published: str) -> dict[str, Any]:
    """Return the message to post; what is no alarm's is shown as it is."""
    alarm = _read(published)
    if alarm is None:
        return _message([text(escape(published, _MOST_REASON))], IS_TOLD)
    words, colour = _STATES.get(alarm["NewStateValue"], ("**{}** has no data", IS_TOLD))
    parts = [
        text(words.format(escape(alarm["AlarmName"], _MOST_NAME))),
        text(alarm.get("AlarmDescription") or "It says nothing of itself."),
        text(f"-# {escape(_reason(alarm), _MOST_REASON)}"),
    ]
    return _message(parts, colour)


def _read(published: str) -> Mapping[str, Any] | None:
    try:
        alarm = json.loads(published)
    except ValueError:
        return None
    is_alarm = isinstance(alarm, dict) and {"AlarmName", "NewStateValue"} <= alarm.keys()
    return alarm if is_alarm else None


def _reason(alarm: Mapping[str, Any]) -> str:
    """Name an alarm by its name: an ARN has the account's number."""
    return _ARN.sub(r"\1", str(alarm.get("NewStateReason", ""))) or "no reason given"


def _message(parts: list[Component], colour: int) -> dict[str, Any]:
    return {
        "flags": IS_COMPONENTS_V2,
        "components": [container(parts, colour)],
        "allowed_mentions": NO_MENTIONS,
    }
