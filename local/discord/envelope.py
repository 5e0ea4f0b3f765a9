"""What every interaction carries besides its data: who, where, and what they may.

Source: Discord's documentation, "Receiving and Responding to Interactions".
"""

import secrets
import time

from local.discord.channels import Channel, Place
from local.discord.members import Member
from local.discord.refusals import Json
from local.discord.settings import DiscordSettings
from local.discord.snowflake import snowflake

TEXT_CHANNEL, DIRECT_MESSAGES = 0, 1
IN_A_GUILD, WITH_THE_BOT = 0, 1
BOTS_PERMISSIONS = "2251799813685247"
BOTS_PERMISSIONS_IN_DIRECT_MESSAGES = str(1 << 14 | 1 << 15 | 1 << 17 | 1 << 18)
TOKEN_BYTES = 96


def envelope(kind: int, place: Place) -> Json:
    """Return an interaction of the given type, but for its data."""
    common = {
        "id": snowflake(time.time()),
        "application_id": place.settings.application_id,
        "type": kind,
        "token": new_token(),
        "version": 1,
        "channel_id": place.channel.id,
        "channel": channel_object(place),
        "locale": "en-US",
        "attachment_size_limit": place.settings.attachment_size_limit,
        "entitlements": [],
        "entitlement_sku_ids": [],
    }
    return common | (_directly(place) if place.channel.direct else _in_the_guild(place))


def new_token() -> str:
    """Return a token that nobody can guess."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def user_of(interaction: Json) -> Json:
    """Return who sent an interaction: a member in a guild, a bare user in direct messages."""
    user: Json = interaction["member"]["user"] if "member" in interaction else interaction["user"]
    return user


def channel_object(place: Place) -> Json:
    """Return the partial channel of an interaction."""
    channel = place.channel
    if channel.direct:
        recipients = [place.member.user()]
        return {"id": channel.id, "type": DIRECT_MESSAGES, "flags": 0, "recipients": recipients}
    return guild_channel_object(place.settings, channel, place.member)


def guild_channel_object(settings: DiscordSettings, channel: Channel, member: Member) -> Json:
    """Return the partial object of a channel of the guild, as `member` has it."""
    return {
        "id": channel.id,
        "type": TEXT_CHANNEL,
        "guild_id": settings.guild_id,
        "name": channel.name,
        "nsfw": channel.nsfw,
        "parent_id": None,
        "permissions": str(member.permissions),
        "position": 0,
        "topic": channel.topic or None,
        "flags": 0,
        "last_message_id": None,
        "rate_limit_per_user": 0,
    }


def partial_member(user: Member) -> Json:
    """Return a member as resolved data has it: without user, deaf and mute."""
    return {
        "nick": None,
        "avatar": None,
        "banner": None,
        "roles": list(user.role_ids),
        "joined_at": "2024-01-01T00:00:00.000000+00:00",
        "premium_since": None,
        "flags": 0,
        "pending": False,
        "permissions": str(user.permissions),
        "communication_disabled_until": None,
        "unusual_dm_activity_until": None,
    }


def _in_the_guild(place: Place) -> Json:
    guild_id = place.settings.guild_id
    member = partial_member(place.member)
    return {
        "guild_id": guild_id,
        "guild": {"id": guild_id, "locale": "en-US", "features": []},
        "member": {"user": place.member.user(), **member, "deaf": False, "mute": False},
        "guild_locale": "en-US",
        "app_permissions": BOTS_PERMISSIONS,
        "authorizing_integration_owners": {"0": guild_id},
        "context": IN_A_GUILD,
    }


def _directly(place: Place) -> Json:
    return {
        "user": place.member.user(),
        "app_permissions": BOTS_PERMISSIONS_IN_DIRECT_MESSAGES,
        "authorizing_integration_owners": {"0": "0"},
        "context": WITH_THE_BOT,
    }
