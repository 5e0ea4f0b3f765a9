"""Every command, as Discord registers it. What each does is in `lambdas.interactions`."""

from __future__ import annotations

from collections.abc import Mapping

from distillery.core.recipe import OptionKind, Recipe
from distillery.discord.command_limits import check_together
from distillery.discord.command_parts import (
    Payload,
    chat_command,
    choice,
    option,
)
from distillery.discord.command_style import CommandStyle
from distillery.discord.interaction import (
    ALL,
    CANCEL,
    HELP,
    HISTORY,
    LATEST,
    QUEUE,
    WHICH_OPTION,
)
from distillery.discord.serve_command import making_commands, workflow_options


def all_commands(
    recipes: Mapping[str, Recipe], style: CommandStyle = CommandStyle.SERVE
) -> list[Payload]:
    """Return every command, as `PUT /applications/{id}/commands` takes them.

    Raises BrokenRecipe when two recipes contradict each other or Discord's limits are passed.
    """
    commands = [
        *making_commands(recipes, style),
        *_asking_commands(),
        chat_command(
            HELP,
            "See what can be made, and how",
            workflow_options(recipes, "What to know more of (everything if left out)"),
        ),
    ]
    check_together(commands)
    return commands


def _asking_commands() -> list[Payload]:
    """Return the commands with which members ask about what they have."""
    which = option(
        OptionKind.STRING,
        WHICH_OPTION,
        "Which of your requests (the latest if left out)",
        choices=[choice(name, name) for name in (LATEST, ALL)],
    )
    return [
        chat_command(QUEUE, "See where your requests stand"),
        chat_command(CANCEL, "Call off requests that have not ended; they cost nothing", [which]),
        chat_command(HISTORY, "See your last requests with their pictures, and repeat one"),
    ]
