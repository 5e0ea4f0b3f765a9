"""What the tell_alarms room must be told."""

from __future__ import annotations

from dataclasses import dataclass

from distillery.settings import setting, web_address


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Environment of the tell_alarms room."""

    alarm_channel: str = setting("the id of the channel that is told of alarms")
    bot_token_secret_name: str = setting("the secret that holds the bot's token")
    discord_api_url: str = setting(
        "Discord's HTTP API", default="https://discord.com/api/v10", parse=web_address
    )
