"""What a member is typing, as Discord sends it while they do.

Source: Discord, "Receiving and Responding" (Application Command Interaction Data Option): what they
have not sent yet has not been checked, not even by their client.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from distillery.discord.interaction import (
    HELP,
    SERVE,
    WORKFLOW_OPTION,
    Interaction,
    MalformedInteraction,
)


@dataclass(frozen=True, slots=True)
class Focus:
    """The option that is being typed into, and the workflow that was chosen, if one was."""

    option: str
    typed: str
    workflow: str | None


def read_focus(interaction: Interaction) -> Focus:
    """Read what a member is typing; raises MalformedInteraction."""
    try:
        options: list[Mapping[str, Any]] = list(interaction.document["data"].get("options") or [])
        focused = next(option for option in options if option.get("focused"))
        workflows = [o.get("value") for o in options if o.get("name") == WORKFLOW_OPTION]
        option, typed = str(focused["name"]), str(focused.get("value", ""))
    except (KeyError, TypeError, AttributeError, StopIteration) as problem:
        raise MalformedInteraction(f"nothing is being typed: {problem!r}") from problem
    chosen = workflows[0] if workflows and option != WORKFLOW_OPTION else None
    if interaction.command not in (SERVE, HELP):
        chosen = interaction.command
    return Focus(option, typed, None if chosen is None else str(chosen))
