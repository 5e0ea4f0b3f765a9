"""Commands on a picture that lies in Discord: how it was made, and more of it.

They are in the menu of every message; `/info` takes an attachment instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from distillery.core.accept_job import AcceptJob
from distillery.core.errors import UserError
from distillery.core.recipe import PROMPT, Action, Attachment, Recipe, Value, recipe_for
from distillery.discord.interaction import (
    IMAGE_OPTION,
    INFO,
    PICTURE_INFO,
    UPSCALE,
    USE_AS_INPUT,
    VARIATIONS,
    Interaction,
    read_order,
)
from distillery.discord.picture_request import PictureRequest, read_picture_request
from distillery.discord.picture_text import SAYS_NOTHING, picture_info
from distillery.discord.responses import DEFERRED, private
from distillery.discord.target import read_pictures
from distillery.discord.translation import Words
from distillery.discord.use_form import USE, read_use_form, use_form

NO_PICTURE = "There is no picture in this message. Choose one that has a PNG, JPEG or WebP image."
NO_WORKFLOW = "No workflow that is installed here does this. `/help` says what can be made."
NO_PROMPT = (
    "This picture does not say what its prompt was, and {title} needs one. Choose “Use as input” "
    "and write it, or attach the picture to `/serve`."
)

Answer = Mapping[str, Any]


class Ends(Protocol):
    """Who reads the beginning and the end of a picture: see `PictureEnds`."""

    def fetch(self, url: str) -> tuple[bytes, bytes]:
        """Return both; raises UserError."""


@dataclass(frozen=True, slots=True)
class PictureCommands:
    """What members do with a picture. `ends` is asked for only where a file is looked into."""

    accept: AcceptJob
    ends: Callable[[], Ends]
    words: Callable[[Interaction], Words]

    def by_name(self) -> Mapping[str, Callable[[Interaction], Answer]]:
        """Return the function of each command. All raise MalformedInteraction or UserError."""
        return {
            INFO: self._info_of_attachment,
            PICTURE_INFO: self._info_of_message,
            UPSCALE: lambda interaction: self._act(interaction, Action.UPSCALE),
            VARIATIONS: lambda interaction: self._act(interaction, Action.VARIATION),
            USE_AS_INPUT: self._use_form,
        }

    def modals(self) -> Mapping[str, Callable[[Interaction], Answer]]:
        """Return the function of each form."""
        return {USE: self._used}

    def _info_of_attachment(self, interaction: Interaction) -> Answer:
        picture = read_order(interaction).options.get(IMAGE_OPTION)
        if not isinstance(picture, Attachment):
            raise UserError(self.words(interaction)(NO_PICTURE))
        return self._info(interaction, picture)

    def _info_of_message(self, interaction: Interaction) -> Answer:
        return self._info(interaction, self._first_picture(interaction))

    def _info(self, interaction: Interaction, picture: Attachment) -> Answer:
        words = self.words(interaction)
        request = self._request(picture)
        if request is None:
            return private(words(SAYS_NOTHING))
        return private(picture_info(words, request, self.accept.recipes))

    def _act(self, interaction: Interaction, action: Action) -> Answer:
        """Let the recipe that is made for it work on the first picture of the message."""
        picture = self._first_picture(interaction)
        recipe = self._recipe(interaction, action)
        options: dict[str, Value] = {recipe.picture_option.name: picture}
        prompts = [option for option in recipe.options if option.name == PROMPT]
        if prompts:
            request = self._request(picture)
            prompt = request.options.get(PROMPT) if request else None
            if prompt:
                options |= {PROMPT: str(prompt)}
            elif prompts[0].required:
                raise UserError(self.words(interaction)(NO_PROMPT, title=recipe.title))
        return self._order(interaction, recipe, options)

    def _use_form(self, interaction: Interaction) -> Answer:
        recipe = self._recipe(interaction, Action.START_FROM)
        picture = self._first_picture(interaction)
        return use_form(self.words(interaction), recipe, picture.url)

    def _used(self, interaction: Interaction) -> Answer:
        recipe = self._recipe(interaction, Action.START_FROM)
        return self._order(interaction, recipe, read_use_form(interaction, recipe))

    def _recipe(self, interaction: Interaction, action: Action) -> Recipe:
        recipe = recipe_for(self.accept.recipes, action)
        if recipe is None:
            raise UserError(self.words(interaction)(NO_WORKFLOW))
        return recipe

    def _order(
        self, interaction: Interaction, recipe: Recipe, options: Mapping[str, Value]
    ) -> Answer:
        self.accept(replace(read_order(interaction), workflow=recipe.name, options=options))
        return DEFERRED

    def _first_picture(self, interaction: Interaction) -> Attachment:
        pictures = read_pictures(interaction)
        if not pictures:
            raise UserError(self.words(interaction)(NO_PICTURE))
        return pictures[0]

    def _request(self, picture: Attachment) -> PictureRequest | None:
        return read_picture_request(*self.ends().fetch(picture.url))
