"""What a workflow is to members: a choice of `/serve`, a command of its own, or both."""

from __future__ import annotations

from enum import StrEnum


class CommandStyle(StrEnum):
    """How the commands that make pictures are named; an operator's setting."""

    SERVE = "serve"
    PER_WORKFLOW = "per_workflow"
    BOTH = "both"


def command_style(text: str) -> CommandStyle:
    """Parse the setting; raises ValueError with what there is."""
    if text not in tuple(CommandStyle):
        raise ValueError(f"it must be one of {', '.join(CommandStyle)}")
    return CommandStyle(text)
