"""A link to a picture, as an embed.

An address signed by a room's role is some 1,600 characters long: a second one in a message's
content would be cut.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distillery.discord.translation import Words

MOST_CARDS = 10  # embeds of one message (Discord, "Create Message")
LONGEST_LINK = 2048  # characters of an embed's url (Discord's OpenAPI document, RichEmbed)
LINK_TOO_LONG = (
    "Its link is too long for Discord. Make it again with `/serve` and the same options."
)


def link_card(words: Words, title: str, url: str, *, is_shown: bool = False) -> Mapping[str, Any]:
    """Return an embed that links to `url`, or says that it cannot.

    `is_shown`: what lies there is an image, to be seen small beside the title.
    """
    if len(url) > LONGEST_LINK:
        return {"title": title, "description": words(LINK_TOO_LONG)}
    return {"title": title, "url": url, **({"thumbnail": {"url": url}} if is_shown else {})}
