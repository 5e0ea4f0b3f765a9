"""Commands on a picture that lies in Discord: how it was made, and more of it.

They are in the menu of every message; `/info` takes an attachment instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from distillery.core.accept_job import AcceptJob
from distillery.core.errors import InvalidOption, UserError
from distillery.core.recipes.manifest_option import IMAGE_TYPES
from distillery.core.recipes.recipe import PROMPT, Action, Attachment, Recipe, Value, recipe_for
from distillery.discord.interaction import (
    IMAGE_OPTION,
    INFO,
    PICTURE_INFO,
    UPSCALE,
    USE_AS_INPUT,
    VARIATIONS,
    Interaction,
    MalformedInteraction,
    read_order,
)
from distillery.discord.picker import PICK, ask_which, read_pick
from distillery.discord.picture_request import PictureRequest, read_picture_request
from distillery.discord.picture_text import SAYS_NOTHING, picture_info
from distillery.discord.responses import DEFERRED, private
from distillery.discord.target import UNKNOWN_SIZE, read_pictures
from distillery.discord.translation import Words
from distillery.discord.use_form import USE, read_use_form, use_form

NO_PICTURE = "There is no picture in this message. Choose one that has a PNG, JPEG or WebP image."
NO_IMAGE = "`{option}` cannot be {kind}. Attach one of: {kinds}."
NO_WORKFLOW = "No workflow that is installed here does this. `/help` says what can be made."
NO_PROMPT = (
    "This picture does not say what its prompt was, and {title} needs one. Choose “Use as input” "
    "and write it, or attach the picture to `/serve`."
)
_NOT_TOLD = "application/octet-stream"
_KINDS = ", ".join(IMAGE_TYPES)

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
        return {INFO: self._info_of_attachment, **dict.fromkeys(self._menu(), self._on_message)}

    def components(self) -> Mapping[str, Callable[[Interaction], Answer]]:
        """Return the function of the buttons that choose one of several pictures."""
        return {PICK: self._picked}

    def modals(self) -> Mapping[str, Callable[[Interaction], Answer]]:
        """Return the function of each form."""
        return {USE: self._used}

    def _info_of_attachment(self, interaction: Interaction) -> Answer:
        picture = read_order(interaction).options.get(IMAGE_OPTION)
        if not isinstance(picture, Attachment):
            raise UserError(self.words(interaction)(NO_PICTURE))
        kind = picture.content_type.partition(";")[0]
        if not kind.startswith(("image/", "video/", _NOT_TOLD)):
            raise InvalidOption(NO_IMAGE, option=IMAGE_OPTION, kind=kind, kinds=_KINDS)
        return self._info(interaction, picture)

    def _menu(self) -> Mapping[str, Callable[[Interaction, Attachment], Answer]]:
        """What each command in a message's menu does with the picture."""
        return {
            PICTURE_INFO: self._info,
            UPSCALE: lambda interaction, one: self._act(interaction, one, Action.UPSCALE),
            VARIATIONS: lambda interaction, one: self._act(interaction, one, Action.VARIATION),
            USE_AS_INPUT: self._use_form,
        }

    def _on_message(self, interaction: Interaction) -> Answer:
        words = self.words(interaction)
        pictures = read_pictures(interaction)
        if not pictures:
            raise UserError(words(NO_PICTURE))
        if len(pictures) > 1:
            return ask_which(words, interaction.command, pictures)
        return self._menu()[interaction.command](interaction, pictures[0])

    def _picked(self, interaction: Interaction) -> Answer:
        command, picture = read_pick(interaction)
        if command not in self._menu():
            raise MalformedInteraction(f"no command: {command[:40]!r}")
        return self._menu()[command](interaction, picture)

    def _info(self, interaction: Interaction, picture: Attachment) -> Answer:
        words = self.words(interaction)
        request = self._request(picture)
        if request is None:
            return private(words(SAYS_NOTHING))
        return private(picture_info(words, request, self.accept.recipes))

    def _act(self, interaction: Interaction, picture: Attachment, action: Action) -> Answer:
        """Let the recipe that is made for it work on the picture."""
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

    def _use_form(self, interaction: Interaction, picture: Attachment) -> Answer:
        recipe = self._recipe(interaction, Action.START_FROM)
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
        given = {name: _fitting(recipe, value) for name, value in options.items()}
        self.accept(replace(read_order(interaction), workflow=recipe.name, options=given))
        return DEFERRED

    def _request(self, picture: Attachment) -> PictureRequest | None:
        return read_picture_request(*self.ends().fetch(picture.url))


def _fitting(recipe: Recipe, value: Value) -> Value:
    """Of a picture whose size nobody has said, fetch no more than the recipe takes."""
    most = recipe.picture_option.max_bytes
    if isinstance(value, Attachment) and value.size == UNKNOWN_SIZE and most is not None:
        return replace(value, size=min(value.size, most))
    return value
