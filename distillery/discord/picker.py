"""Asks which of a message's pictures is meant, where it has several.

Discord does not send the message again with a click, so the question itself shows the pictures: an
embed each, whose address comes back with the button.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from distillery.core.recipes.recipe import Attachment
from distillery.discord.components import MOST_BUTTONS, button, row
from distillery.discord.interaction import Interaction, MalformedInteraction
from distillery.discord.link_cards import LONGEST_LINK, MOST_CARDS
from distillery.discord.responses import private
from distillery.discord.target import linked_picture
from distillery.discord.translation import Words

PICK = "pick"
"""What its buttons are called. Questions that are open hold it, so it stays."""


def ask_which(words: Words, command: str, pictures: Sequence[Attachment]) -> Mapping[str, Any]:
    """Ask; the answer is `read_pick` of the click. At most ten pictures are shown."""
    shown = [one for one in pictures if len(one.url) <= LONGEST_LINK][:MOST_CARDS]
    embeds = [
        {"title": words("Picture {number}", number=number), "image": {"url": one.url}}
        for number, one in enumerate(shown, 1)
    ]
    buttons = [button(f"{PICK}:{command}:{n}", f"{n + 1}") for n in range(len(shown))]
    answer = private(words("Which picture?"), embeds)
    parted = [buttons[n : n + MOST_BUTTONS] for n in range(0, len(buttons), MOST_BUTTONS)]
    rows = [row(some) for some in parted]
    return {**answer, "data": {**answer["data"], "components": rows}}


def read_pick(interaction: Interaction) -> tuple[str, Attachment]:
    """Read the command, and the picture that was chosen for it; raises MalformedInteraction."""
    try:
        _, command, number = interaction.custom_id.split(":")
        embeds = interaction.document["message"]["embeds"]
        return command, linked_picture(str(dict(enumerate(embeds))[int(number)]["image"]["url"]))
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise MalformedInteraction(f"no picture chosen: {problem!r}") from problem
