"""What the interactions room must be told."""

from __future__ import annotations

from dataclasses import dataclass

from distillery.core.moderation.penalties import parse_penalties
from distillery.core.tier import Tier
from distillery.discord.command_style import CommandStyle, command_style
from distillery.settings import hex_key, ids, level, origins, setting, tiers, yes_or_no


def _penalties(text: str) -> str:
    parse_penalties(text)
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Environment of the interactions room."""

    table_name: str = setting("the DynamoDB table of jobs")
    bucket_name: str = setting("the S3 bucket of inputs, outputs and results")
    queue_url: str = setting("the SQS queue that wakes the dispatcher")
    discord_public_key: str = setting(
        "the application's public key, from Discord's developer portal", parse=hex_key
    )
    attachment_origins: frozenset[str] = setting(
        "where members' files may lie, with commas between",
        default=frozenset({"https://cdn.discordapp.com", "https://media.discordapp.net"}),
        parse=origins,
    )
    tiers: tuple[Tier, ...] = setting(
        "what members may use at once, as a JSON list, the best first; the last is everybody's",
        default=(Tier(),),
        parse=tiers,
    )
    credit_guilds: frozenset[str] = setting(
        "ids of the servers whose moderators may set members' credits, with commas between",
        default=frozenset(),
        parse=ids,
    )
    command_style: CommandStyle = setting(  # noqa: RUF009 - it makes a field, as for the others
        "which commands there are to speak of: see register_commands",
        default=CommandStyle.SERVE,
        parse=command_style,
    )
    rules_level: str = setting(
        "how strict the rules of content are in servers that chose nothing: `relaxed`, `standard` "
        "or `strict`",
        default="standard",
        parse=level,
    )
    message_rules_level: str = setting("the same in direct messages", default="strict", parse=level)
    penalties: str = setting(
        "what repeated refusals lead to, as a JSON object", default="{}", parse=_penalties
    )
    keep_refused_text: bool = setting(
        "whether the record of a decision holds the text itself", default=False, parse=yes_or_no
    )
