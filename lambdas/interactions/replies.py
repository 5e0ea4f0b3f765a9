"""What answers each interaction, made of what the room is given: the same on AWS and in tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from distillery.core.accept_job import AcceptJob
from distillery.core.cancel_job import CancelJob
from distillery.core.list_jobs import ListJobs
from distillery.core.ports import Favourites, ObjectStore
from distillery.core.recipes.recipe import default_recipe
from distillery.discord.command_style import CommandStyle
from distillery.discord.commands import all_commands
from distillery.discord.interaction import SERVE, Interaction
from distillery.discord.looks import Looks
from distillery.discord.translation import Words
from lambdas.interactions.buttons import Buttons
from lambdas.interactions.commands import Commands
from lambdas.interactions.favourites import FavouriteButtons
from lambdas.interactions.handler import Replies
from lambdas.interactions.help import Help
from lambdas.interactions.past_requests import PastRequests
from lambdas.interactions.picture_commands import Ends, PictureCommands
from lambdas.interactions.suggestions import Suggestions


def build_replies(
    accept: AcceptJob,
    objects: Callable[[], ObjectStore],
    ends: Callable[[], Ends],
    favourites: Favourites,
    style: CommandStyle = CommandStyle.SERVE,
) -> Replies:
    """Wire all that members can do. `objects` and `ends` are called only where they are needed."""
    recipes, store, clock = accept.recipes, accept.store, accept.clock
    jobs = ListJobs(store)
    cancel = CancelJob(store, accept.queue, accept.telemetry, clock)
    alone = style is CommandStyle.PER_WORKFLOW
    ask_with = default_recipe(recipes).name if alone else SERVE

    def words(interaction: Interaction) -> Words:
        """Speak the member's language, of commands that there are."""
        return Words(interaction.locale, ask_with)

    @cache
    def registered() -> Sequence[Mapping[str, Any]]:
        """Only `/help` says what all commands are."""
        return all_commands(recipes, style)

    commands = Commands(accept, cancel, jobs, words)
    help_ = Help(recipes, registered, words)
    past = PastRequests(recipes, jobs, favourites, objects, words)
    pictures = PictureCommands(accept, ends, words)
    buttons = Buttons(accept, cancel, store, objects, Looks(recipes), clock, words)
    return Replies(
        commands={
            **commands.by_name(),
            **help_.by_name(),
            **past.by_name(),
            **pictures.by_name(),
        },
        suggestions=Suggestions(recipes, jobs).by_command(),
        components={
            **buttons.components(),
            **FavouriteButtons(favourites, store, words).components(),
            **past.components(),
            **help_.components(),
            **pictures.components(),
        },
        modals={**pictures.modals(), **buttons.modals()},
        ask_with=ask_with,
    )
