"""Where people write: two channels of the guild, and each member's direct messages with the bot."""

from dataclasses import dataclass

from local.discord.members import Member, member_named
from local.discord.refusals import unknown_channel
from local.discord.settings import DiscordSettings

AGE_RESTRICTED_ID = "1200000000000000401"
_DIRECT = 1_000_000  # from a member's id to that of their direct messages


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel. `member_id` is set for direct messages: whose they are."""

    id: str
    name: str
    topic: str = ""
    nsfw: bool = False
    member_id: str | None = None

    @property
    def direct(self) -> bool:
        """Whether these are direct messages with the bot."""
        return self.member_id is not None


@dataclass(frozen=True, slots=True)
class Place:
    """Who does something, and where."""

    settings: DiscordSettings
    channel: Channel
    member: Member


def guild_channels(settings: DiscordSettings) -> tuple[Channel, ...]:
    """Return the channels of the guild; the first is where everything goes by default."""
    return (
        Channel(settings.channel_id, settings.channel_name, "Type / to ask for a picture"),
        Channel(AGE_RESTRICTED_ID, "after-dark", "Age-restricted: for adults only", nsfw=True),
    )


def direct_messages(settings: DiscordSettings, member: Member) -> Channel:
    """Return where a member and the bot write to each other."""
    topic = f"Between you and {settings.application_name} alone"
    identity = str(int(member.id) + _DIRECT)
    return Channel(identity, settings.application_name, topic, member_id=member.id)


def channel_with_id(settings: DiscordSettings, identity: str) -> Channel:
    """Find a channel, or refuse with 10003."""
    for channel in guild_channels(settings):
        if channel.id == identity:
            return channel
    try:
        member = member_named(str(int(identity) - _DIRECT))
    except ValueError:
        raise unknown_channel() from None
    return direct_messages(settings, member)


def place(settings: DiscordSettings, member: Member, channel_id: str | None) -> Place:
    """Return a place where a member may be; without `channel_id` the first channel.

    Raises:
        Refusal: 10003, the channel does not exist or is somebody else's.
    """
    channel = channel_with_id(settings, channel_id or settings.channel_id)
    if channel.member_id not in (None, member.id):
        raise unknown_channel()
    return Place(settings, channel, member)
