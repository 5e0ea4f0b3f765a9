"""Texts that are too long for one message: one page at a time, with buttons to turn them.

Which page a button leads to is in its `custom_id`, so it works for as long as Discord shows it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from distillery.discord.components import Component, button, row
from distillery.discord.interaction import Interaction, MalformedInteraction
from distillery.discord.responses import MAX_CONTENT, private
from distillery.discord.translation import Words

PAGE_CHARACTERS = MAX_CONTENT - 40
"""The rest of a message is for the page's number."""
_FURTHEST = 1000


def paged(
    words: Words,
    name: str,
    page: int,
    pages: int,
    text: str,
    *,
    embeds: Sequence[Mapping[str, Any]] = (),
    rows: Sequence[Component] = (),
) -> Mapping[str, Any]:
    """Answer with one page of several, counted from 0. Buttons are called `name:page`."""
    answer = private(text, embeds)
    turns = [
        button(f"{name}:{to}", words(label))
        for to, label in ((page - 1, "◀ Back"), (page + 1, "Further ▶"))
        if 0 <= to < pages
    ]
    if pages > 1:
        number = words("-# Page {page} of {pages}", page=page + 1, pages=pages)
        answer = private(f"{text}\n{number}", embeds)
    components = [*rows, *([row(turns)] if turns else [])]
    return {**answer, "data": {**answer["data"], "components": components}}


def turned(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the answer to a click that turns a page: the message itself changes."""
    data = {key: value for key, value in answer["data"].items() if key != "flags"}
    return {"type": 7, "data": data}


def read_turn(interaction: Interaction) -> tuple[str, int]:
    """Read what stands between the name and the page, and the page; else MalformedInteraction."""
    _, _, rest = interaction.custom_id.partition(":")
    topic, _, page = rest.rpartition(":")
    if not (page.isascii() and page.isdigit() and int(page) < _FURTHEST):
        raise MalformedInteraction(f"no page: {interaction.custom_id[:120]!r}")
    return topic, int(page)
