"""The form of "Use as input": the words for a new picture, and the picture that it starts from.

Source: Discord, "Component Reference". A form's `custom_id` has 100 characters, which an address of
a picture has not, and Discord does not send the message again: so the form holds it as a field.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from distillery.core.recipes.recipe import PROMPT, Option, Recipe, Value
from distillery.discord.interaction import Interaction, MalformedInteraction
from distillery.discord.target import linked_picture
from distillery.discord.translation import Words

USE = "use"
"""What the form is called in `Replies.modals`. Forms that are open hold it, so it stays."""
_ADDRESS = "address"
_LONGEST_TEXT = 4000
_LONGEST_ADDRESS = 2000
_SHORT, _LONG = 1, 2


def use_form(words: Words, recipe: Recipe, address: str) -> Mapping[str, Any]:
    """Answer a command with the form."""
    fields = [
        _field(words("Prompt"), words(option.description), _input(PROMPT, option))
        for option in recipe.options
        if option.name == PROMPT
    ]
    where = {
        "type": 4,
        "custom_id": _ADDRESS,
        "style": _SHORT,
        "value": address[:_LONGEST_ADDRESS],
        "max_length": _LONGEST_ADDRESS,
        "required": True,
    }
    about = words("Where the picture lies in Discord. It is filled in already.")
    fields.append(_field(words("Picture"), about, where))
    data = {"custom_id": USE, "title": words("Use as input")[:45], "components": fields}
    return {"type": 9, "data": data}


def read_use_form(interaction: Interaction, recipe: Recipe) -> Mapping[str, Value]:
    """Read the options that the form gives the recipe; raises MalformedInteraction."""
    try:
        typed = dict(_typed(interaction.document["data"]["components"]))
        picture = linked_picture(typed[_ADDRESS].strip())
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise MalformedInteraction(f"not the form: {problem!r}") from problem
    options: dict[str, Value] = {recipe.picture_option.name: picture}
    if typed.get(PROMPT):
        options[PROMPT] = typed[PROMPT]
    return options


def _typed(components: Any) -> Iterator[tuple[str, str]]:
    """Fields stand in labels, and stood in rows before there were labels."""
    for holder in components:
        for part in [holder["component"]] if "component" in holder else holder["components"]:
            yield str(part["custom_id"]), str(part.get("value") or "")


def _field(label: str, description: str, part: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "type": 18,
        "label": label[:45],
        "description": description[:100],
        "component": part,
    }


def _input(name: str, option: Option) -> Mapping[str, Any]:
    return {
        "type": 4,
        "custom_id": name,
        "style": _LONG,
        "max_length": min(option.max_length or _LONGEST_TEXT, _LONGEST_TEXT),
        "required": option.required,
    }
