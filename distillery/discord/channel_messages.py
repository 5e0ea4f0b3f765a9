"""Messages that the bot posts into a channel, for when an interaction token is dead.

Source: Discord, "Create Message": with `enforce_nonce` a message whose nonce the bot has used in
the past few minutes is not posted again; Discord returns the first one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from distillery.discord.http import Call, DiscordHttp, File
from distillery.discord.rate_limits import Target


class ChannelMessages:
    """The bot's own messages. `bot_token` is asked only when the bot has something to say."""

    def __init__(self, http: DiscordHttp, bot_token: Callable[[], str]) -> None:
        self._http = http
        self._bot_token = bot_token

    def post(
        self, channel_id: str, payload: Mapping[str, Any], files: Sequence[File], *, nonce: str
    ) -> None:
        """Post a message once, however often this is called with the same `nonce`.

        The nonce has at most 25 characters. A channel may be a member's DM with the bot.
        Raises DiscordUnavailable when it may work later, DiscordRefused when the bot may not post.
        """
        self._http.send(
            Call(
                "POST",
                f"/channels/{channel_id}/messages",
                Target("POST /channels/messages", channel_id),
                {**payload, "nonce": nonce, "enforce_nonce": True},
                files,
                headers={"Authorization": f"Bot {self._bot_token()}"},
            )
        )
