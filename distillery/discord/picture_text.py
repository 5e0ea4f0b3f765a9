"""The words of `/info`: what a picture says of how it was made."""

from __future__ import annotations

from collections.abc import Mapping

from distillery.core.recipes.recipe import PROMPT, Recipe
from distillery.discord.info_text import option_lines
from distillery.discord.markdown import escape
from distillery.discord.picture_request import PictureRequest
from distillery.discord.responses import MAX_CONTENT
from distillery.discord.translation import Words

PROMPT_CHARACTERS = 600  # twice as many when every one of them is escaped
VALUE_CHARACTERS = 80

SAYS_NOTHING = (
    "This picture does not say how it was made. Either it was not made here, or a program that "
    "it went through has left that out. The file as it was made still says it."
)


def picture_info(words: Words, request: PictureRequest, recipes: Mapping[str, Recipe]) -> str:
    """Say what the picture says of itself. All of it may be invented, so all of it is escaped."""
    recipe = recipes.get(request.workflow)
    title = words.own(recipe.title, recipe.titles) if recipe else request.workflow
    lines = [f"**{escape(title, 60)}**"]
    options = dict(request.options)
    if prompt := options.pop(PROMPT, ""):
        lines.append(f"> {escape(str(prompt), PROMPT_CHARACTERS)}")
    lines += option_lines(words, recipe, options, VALUE_CHARACTERS)
    last = words("-# So the file says; anybody could have written it.")
    while len("\n".join([*lines, last])) > MAX_CONTENT:
        lines.pop()
    return "\n".join([*lines, last])
