"""The people of the guild: three members to play, and the application's own bot user."""

from dataclasses import dataclass

from local.discord.refusals import Json
from local.discord.settings import DiscordSettings

PATRONS, MODERATORS = "1200000000000000301", "1200000000000000302"
BOTS_ROLE = "1200000000000000303"
ROLES: dict[str, Json] = {
    PATRONS: {"id": PATRONS, "name": "Patron", "color": 0xF0B232},
    MODERATORS: {"id": MODERATORS, "name": "Moderator", "color": 0x57F287},
}

KICK, BAN, MANAGE_GUILD, MANAGE_MESSAGES, MODERATE = 1 << 1, 1 << 2, 1 << 5, 1 << 13, 1 << 40
ADMINISTRATOR, SEND_MESSAGES = 1 << 3, 1 << 11
MEMBERS_MAY = sum(1 << bit for bit in (6, 10, 11, 14, 15, 16, 18, 31))
"""React, see, send, embed, attach, read, use emoji of other guilds, use commands."""
MODERATORS_MAY = MEMBERS_MAY | KICK | BAN | MANAGE_GUILD | MANAGE_MESSAGES | MODERATE


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who can type into the channels; `permissions` are Discord's bits."""

    id: str
    username: str
    display_name: str
    colour: str  # of the drawn avatar
    role_ids: tuple[str, ...] = ()
    permissions: int = MEMBERS_MAY

    def user(self) -> Json:
        """Return the user object of Discord's API."""
        return _user(self.id, self.username, self.display_name)

    def may(self, permissions: int) -> bool:
        """Tell whether the member has all of these permissions."""
        return bool(self.permissions & ADMINISTRATOR) or not permissions & ~self.permissions


MEMBERS = (
    Member("1200000000000000001", "juniper", "Juniper", "#3ba55c"),
    Member("1200000000000000002", "barley", "Barley", "#faa61a", (PATRONS,)),
    Member("1200000000000000003", "oak", "Oak", "#eb459e", (MODERATORS,), MODERATORS_MAY),
)


def roles_of_the_guild(guild_id: str) -> list[Json]:
    """Return all roles as Discord's API has them; everybody's has the guild's own id."""
    everybody = {"id": guild_id, "name": "@everyone", "color": 0}
    bots = {"id": BOTS_ROLE, "name": "Bots", "color": 0}
    may = {guild_id: MEMBERS_MAY, MODERATORS: MODERATORS_MAY}
    return [
        {
            **role,
            "permissions": str(may.get(role["id"], 0)),
            "position": position,
            "colors": {
                "primary_color": role["color"],
                "secondary_color": None,
                "tertiary_color": None,
            },
            "hoist": False,
            "managed": role["id"] == BOTS_ROLE,
            "mentionable": False,
            "icon": None,
            "unicode_emoji": None,
            "flags": 0,
        }
        for position, role in enumerate((everybody, *ROLES.values(), bots))
    ]


def member_named(name: str) -> Member:
    """Find a member by id or user name.

    Raises:
        ValueError: nobody is called that.
    """
    for member in MEMBERS:
        if name in (member.id, member.username):
            return member
    known = ", ".join(member.username for member in MEMBERS)
    raise ValueError(f"nobody here is called {name!r}; the members are {known}")


def bot_user(settings: DiscordSettings) -> Json:
    """Return the user object under which the application writes."""
    user = _user(settings.application_id, settings.application_name.lower(), None)
    return {**user, "username": settings.application_name, "bot": True}


def _user(identity: str, username: str, global_name: str | None) -> Json:
    return {
        "id": identity,
        "username": username,
        "global_name": global_name,
        "discriminator": "0",
        "avatar": None,
        "public_flags": 0,
        "flags": 0,
        "primary_guild": None,
    }
