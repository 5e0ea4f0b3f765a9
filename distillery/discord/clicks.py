"""What Discord sends when a member uses a button, a menu or a form of ours.

Source: Discord, "Receiving and Responding" (Message Component Data, Modal Submit Data).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from distillery.core.job import Job
from distillery.core.parent import Parent
from distillery.discord.interaction import (
    Asker,
    Interaction,
    read_asker,
    read_permissions,
    reading,
)

ADMINISTRATOR, MANAGE_MESSAGES = 1 << 3, 1 << 13
"""Permissions (Discord, "Permissions"). Who may manage a channel's messages may ours."""


@dataclass(frozen=True, slots=True)
class Click:
    """A button, a menu's choice or a form. Nothing in it has been checked against a job."""

    asker: Asker
    action: str
    job_id: str
    picture: int | None = None  # from 0
    message_id: str | None = None  # of the message whose button it is
    is_moderator: bool = False
    fields: Mapping[str, str] = field(default_factory=dict)  # of a form, as they were typed

    def may_rule_over(self, job: Job) -> bool:
        """Tell whether the member may call the job off or take its answer away."""
        return self.is_moderator or self.asker.origin.user_id == job.origin.user_id

    @property
    def parent(self) -> Parent:
        """The request that a job made by this click goes on from."""
        return Parent(self.job_id, self.action, self.picture, self.message_id)


def read_click(interaction: Interaction) -> Click:
    """Read a button, a menu or a form; raises MalformedInteraction."""
    with reading("a click"):
        document = interaction.document
        data = document["data"]
        action, *target = interaction.custom_id.split(":")
        if data.get("values"):  # a menu's choice says which of the message's pictures is meant
            target = data["values"][0].split(":")
        job_id, picture = target if len(target) > 1 else (target[0], None)
        return Click(
            asker=read_asker(interaction),
            action=action,
            job_id=job_id,
            picture=None if picture is None else _number(picture),
            message_id=str(document["message"]["id"]) if document.get("message") else None,
            is_moderator=bool(read_permissions(interaction) & (ADMINISTRATOR | MANAGE_MESSAGES)),
            fields=dict(_fields(data.get("components", []))),
        )


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 2):  # noqa: PLR2004 - 0 to 99
        raise ValueError(f"{text[:40]!r} is no picture's number")
    return int(text)


def _fields(components: list[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield each field of a form by name: a text, or the choice of a menu."""
    for holder in components:
        inner = [holder["component"]] if "component" in holder else holder.get("components", [])
        for part in inner:
            values = part.get("values")
            yield str(part["custom_id"]), str(values[0] if values else part.get("value") or "")
