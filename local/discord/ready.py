"""All that a member's page is told when it opens."""

from dataclasses import asdict
from typing import Any

from local.discord.channels import direct_messages, guild_channels
from local.discord.members import MEMBERS, ROLES, Member, bot_user
from local.discord.state import Discord


def ready(discord: Discord, member: Member) -> dict[str, Any]:
    """Return the guild, its people and channels, the commands, and what `member` may read."""
    settings = discord.settings
    channels = [*guild_channels(settings), direct_messages(settings, member)]
    return {
        "guild": {"id": settings.guild_id, "name": settings.guild_name},
        "channels": [asdict(channel) | {"direct": channel.direct} for channel in channels],
        "bot": bot_user(settings),
        "attachment_size_limit": settings.attachment_size_limit,
        "members": [_told(one) for one in MEMBERS],
        "roles": list(ROLES.values()),
        "commands": discord.commands.usable(),
        "messages": [posted.event() for posted in discord.messages.visible(member.id)],
        "cloud": bool(settings.cloud_url),
    }


def _told(member: Member) -> dict[str, Any]:
    return {
        "id": member.id,
        "username": member.username,
        "name": member.display_name,
        "colour": member.colour,
        "roles": [ROLES[role]["name"] for role in member.role_ids],
        "permissions": str(member.permissions),
    }
