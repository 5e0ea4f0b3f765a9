"""Every command, as Discord registers it. What each does is in `lambdas.interactions`."""

from __future__ import annotations

from collections.abc import Mapping

from distillery.core.recipes.recipe import Action, OptionKind, Recipe, recipe_for
from distillery.discord.admin import admin_command
from distillery.discord.command_limits import check_together
from distillery.discord.command_parts import (
    Payload,
    chat_command,
    choice,
    message_command,
    option,
)
from distillery.discord.command_style import CommandStyle
from distillery.discord.interaction import (
    ALL,
    CANCEL,
    COMMAND_OPTION,
    FAVOURITES,
    HELP,
    HISTORY,
    IMAGE_OPTION,
    INFO,
    LATEST,
    ME,
    PICTURE_INFO,
    QUEUE,
    SERVE,
    SHOW_OPTION,
    UPSCALE,
    USE_AS_INPUT,
    VARIATIONS,
    WHICH_OPTION,
)
from distillery.discord.serve_command import making_commands, workflow_options

ON_PICTURES: Mapping[str, Action] = {
    UPSCALE: Action.UPSCALE,
    VARIATIONS: Action.VARIATION,
    USE_AS_INPUT: Action.START_FROM,
}
"""Commands in the menu of a message that need a recipe for what they do."""


def all_commands(
    recipes: Mapping[str, Recipe], style: CommandStyle = CommandStyle.SERVE
) -> list[Payload]:
    """Return every command, as `PUT /applications/{id}/commands` takes them.

    Raises BrokenRecipe when two recipes contradict each other or Discord's limits are passed.
    """
    asking = _asking_commands()
    serve = [SERVE] if style is not CommandStyle.PER_WORKFLOW else []
    names = [*serve, HELP, *(command["name"] for command in asking)]
    commands = [
        *making_commands(recipes, style),
        *asking,
        _help_command(recipes, names),
        message_command(PICTURE_INFO),
        *(message_command(n) for n, action in ON_PICTURES.items() if recipe_for(recipes, action)),
    ]
    commands.append(admin_command())
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
    picture = option(
        OptionKind.ATTACHMENT, IMAGE_OPTION, "A picture that was made here", required=True
    )
    show = option(
        OptionKind.STRING,
        SHOW_OPTION,
        "Which of them (all of yours if left out)",
        choices=[choice(name, name) for name in (ALL, FAVOURITES)],
    )
    return [
        chat_command(QUEUE, "See where your requests stand"),
        chat_command(CANCEL, "Call off requests that have not ended; they cost nothing", [which]),
        chat_command(HISTORY, "See your last requests with their pictures, and repeat one", [show]),
        chat_command(ME, "See your limits, and what is left of them"),
        chat_command(INFO, "See how a picture was made", [picture]),
    ]


def _help_command(recipes: Mapping[str, Recipe], names: list[str]) -> Payload:
    which = option(
        OptionKind.STRING,
        COMMAND_OPTION,
        "Which command to know more of",
        choices=[choice(f"/{name}", name) for name in names],
    )
    workflow = workflow_options(recipes, "What to know more of (everything if left out)")
    return chat_command(HELP, "See what can be made, and how", [*workflow, which])
