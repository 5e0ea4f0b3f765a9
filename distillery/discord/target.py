"""The message whose menu a command was picked from, and the pictures in it.

Source: Discord, "Application Commands" (Message Commands) and "Receiving and Responding" (Resolved
Data Structure).
"""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from distillery.core.recipes.manifest_option import IMAGE_TYPES, MAX_FILE_BYTES
from distillery.core.recipes.recipe import Attachment
from distillery.discord.interaction import Interaction, MalformedInteraction

UNKNOWN_SIZE = MAX_FILE_BYTES
"""The size of a picture of which only the address is known."""
_DEEPEST = 4  # containers do not stand in each other more often


def read_pictures(interaction: Interaction) -> list[Attachment]:
    """Return the pictures of the message, in its order; raises MalformedInteraction."""
    try:
        data = interaction.document["data"]
        message = data["resolved"]["messages"][data["target_id"]]
        found = {picture.url: picture for part in _parts(message) for picture in _pictures(part)}
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise MalformedInteraction(f"not a command on a message: {problem!r}") from problem
    return list(found.values())


def linked_picture(url: str, content_type: str = "") -> Attachment:
    """Return a picture of which only the address is known; its name may tell its kind."""
    name = PurePosixPath(unquote(urlsplit(url).path)).name
    kind = content_type or mimetypes.guess_type(name)[0] or ""
    return Attachment(filename=name, url=url, content_type=kind, size=UNKNOWN_SIZE)


def _parts(message: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The message, and those that it passes on."""
    yield message
    for snapshot in message.get("message_snapshots") or ():
        yield snapshot["message"]


def _pictures(message: Mapping[str, Any]) -> Iterator[Attachment]:
    for file in message.get("attachments") or ():
        kind = str(file.get("content_type") or "").partition(";")[0]
        if kind in IMAGE_TYPES:
            yield Attachment(str(file["filename"]), str(file["url"]), kind, int(file["size"]))
    yield from _shown(message.get("components"), _DEEPEST)


def _shown(components: Any, depth: int) -> Iterator[Attachment]:
    """Pictures in galleries, which a message of components shows in the place of attachments."""
    for component in components or ():
        items = component.get("items") or ()
        for media in [item["media"] for item in items]:
            kind = str(media.get("content_type") or "").partition(";")[0]
            if kind in IMAGE_TYPES:
                yield linked_picture(str(media["url"]), kind)
        if depth:
            yield from _shown(component.get("components"), depth - 1)
