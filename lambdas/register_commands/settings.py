"""What the register_commands room must be told."""

from __future__ import annotations

from dataclasses import dataclass

from distillery.discord.command_style import CommandStyle, command_style
from distillery.settings import setting, web_address


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Environment of the register_commands room."""

    discord_application_id: str = setting("the application's id, from Discord's developer portal")
    bot_token_secret_name: str = setting("the secret that holds the bot's token")
    discord_api_url: str = setting(
        "Discord's HTTP API", default="https://discord.com/api/v10", parse=web_address
    )
    command_style: CommandStyle = setting(  # noqa: RUF009 - it makes a field, as for the others
        "`serve`: workflows are choices of `/serve`; `per_workflow`: each is a command; `both`",
        default=CommandStyle.SERVE,
        parse=command_style,
    )
