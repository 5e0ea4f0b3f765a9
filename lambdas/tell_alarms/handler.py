"""Messages of an SNS topic: each alarm is posted once into the operators' channel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from distillery.discord.alarm_message import alarm_message

Event = Mapping[str, Any]
Handler = Callable[[Event], None]
NONCE_CHARACTERS = 25
"""As many as Discord takes."""


class Post(Protocol):
    """Posts a message once, however often it is called with the same nonce."""

    def __call__(self, payload: Mapping[str, Any], *, nonce: str) -> None:
        """Raises DiscordUnavailable or DiscordRefused."""


def build_handler(post: Post) -> Handler:
    """Return the handler. What it raises has Lambda call it again, twice."""

    def handle(event: Event) -> None:
        for record in event["Records"]:
            published = record["Sns"]
            nonce = published["MessageId"].replace("-", "")[:NONCE_CHARACTERS]
            post(alarm_message(published["Message"]), nonce=nonce)

    return handle
