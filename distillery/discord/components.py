"""The parts of a message of components, and of a form.

Source: Discord, "Component Reference". With IS_COMPONENTS_V2 a message is made of components alone:
it has no content and no embeds, and the flag is never taken off again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from enum import IntEnum
from typing import Any

from distillery.discord.responses import EPHEMERAL, NO_MENTIONS

Component = dict[str, Any]

IS_COMPONENTS_V2 = 1 << 15
MOST_TEXT = 4000
"""Characters of all texts of one message together."""
MOST_BUTTONS = 5
"""Buttons of one row."""
MOST_CHOICES = 25
"""Choices of one menu."""


class Style(IntEnum):
    """How a button looks."""

    PRIMARY = 1
    SECONDARY = 2
    SUCCESS = 3
    DANGER = 4


def edit_of(parts: Sequence[Component], filenames: Sequence[str] = ()) -> dict[str, Any]:
    """Return the edit after which a message is exactly this, whatever it was before.

    Every file that there shall be is named: without that a repeated edit would add them again.
    """
    return {
        "flags": IS_COMPONENTS_V2,
        "content": None,  # what an older version of ours wrote may not stay beside components
        "embeds": None,
        "components": list(parts),
        "attachments": [{"id": str(n), "filename": name} for n, name in enumerate(filenames)],
        "allowed_mentions": NO_MENTIONS,
    }


def private_parts(parts: Sequence[Component]) -> dict[str, Any]:
    """Answer only the member who asked."""
    return {
        "type": 4,
        "data": {
            "flags": IS_COMPONENTS_V2 | EPHEMERAL,
            "components": list(parts),
            "allowed_mentions": NO_MENTIONS,
        },
    }


def update_to(edit: dict[str, Any]) -> dict[str, Any]:
    """Answer a click by changing the message that was clicked."""
    return {"type": 7, "data": edit}


def container(parts: Iterable[Component], color: int) -> Component:
    """Return a frame around parts, with a bar of colour at its side."""
    return {"type": 17, "accent_color": color, "components": list(parts)}


def text(content: str) -> Component:
    """Return a text in Discord's markdown."""
    return {"type": 10, "content": content[:MOST_TEXT]}


def gallery(filenames: Sequence[str], covered: Collection[str] = ()) -> Component:
    """Return pictures and videos side by side: 1 to 10 attachments of the message."""
    items = [
        {"media": {"url": f"attachment://{name}"}, **cover(is_on=name in covered)}
        for name in filenames
    ]
    return {"type": 12, "items": items}


def file_card(filename: str, *, is_covered: bool = False) -> Component:
    """Return a card for a file that is no picture, an attachment of the message."""
    return {"type": 13, "file": {"url": f"attachment://{filename}"}, **cover(is_on=is_covered)}


def cover(*, is_on: bool) -> Component:
    """Return what makes a part a spoiler."""
    return {"spoiler": True} if is_on else {}


def row(parts: Iterable[Component]) -> Component:
    """Return up to five buttons, or one menu, in a row."""
    return {"type": 1, "components": list(parts)}


def button(
    custom_id: str, label: str, style: Style = Style.SECONDARY, emoji: str | None = None
) -> Component:
    """Return a button."""
    shown: Component = {"label": label} if label else {}
    if emoji:
        shown["emoji"] = {"name": emoji}
    return {"type": 2, "style": style.value, "custom_id": custom_id, **shown}


def menu(custom_id: str, choices: Sequence[Component], placeholder: str = "") -> Component:
    """Return a menu of which one choice is taken: 1 to 25 of `choice`."""
    hint = {"placeholder": placeholder[:150]} if placeholder else {}
    return {"type": 3, "custom_id": custom_id, "options": list(choices), **hint}


def choice(label: str, value: str, *, is_default: bool = False) -> Component:
    """Return one choice of a menu."""
    return {"label": label[:100], "value": value[:100], "default": is_default}


def form(custom_id: str, title: str, fields: Sequence[Component]) -> dict[str, Any]:
    """Answer a click with a form of 1 to 5 of `field`."""
    data = {"custom_id": custom_id, "title": title[:45], "components": list(fields)}
    return {"type": 9, "data": data}


def field(label: str, description: str, part: Component) -> Component:
    """Return a field of a form: a text input or a menu, with words."""
    hint = {"description": description[:100]} if description else {}
    return {"type": 18, "label": label[:45], "component": part, **hint}


def text_input(
    custom_id: str, value: str, *, is_long: bool, is_required: bool, most: int | None
) -> Component:
    """Return what a member types into, filled with `value`."""
    longest = min(most or MOST_TEXT, MOST_TEXT)
    filled = {"value": value[:longest]} if value else {}
    return {
        "type": 4,
        "custom_id": custom_id,
        "style": 2 if is_long else 1,
        "required": is_required,
        "max_length": longest,
        **filled,
    }
