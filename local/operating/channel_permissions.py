"""What a member of a Discord server may do in a channel of it that they see.

Source: Discord, "Permissions": the hierarchy, and its pseudocode.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

ADMINISTRATOR, SEND, SEND_IN_THREADS = 1 << 3, 1 << 11, 1 << 38
THREADS = (10, 11, 12)
"""The types of channels that have no rights of their own: those of the channel above count."""
_EVERYTHING = ~0
_OF_A_ROLE, _OF_A_MEMBER = 0, 1


def permissions_in(
    channel: Mapping[str, Any], roles: Sequence[Mapping[str, Any]], member: Mapping[str, Any]
) -> int:
    """Return the bits of what `member` may do in a channel of the server that has these roles."""
    everybody, user = channel["guild_id"], member["user"]["id"]
    own = {everybody, *member["roles"]}
    base = 0
    for role in roles:
        if role["id"] in own:
            base |= int(role["permissions"])
    if base & ADMINISTRATOR:
        return _EVERYTHING
    found = channel.get("permission_overwrites") or ()
    by_role = [o for o in found if o["type"] == _OF_A_ROLE and o["id"] in own - {everybody}]
    levels = (
        [o for o in found if o["id"] == everybody],
        by_role,
        [o for o in found if o["type"] == _OF_A_MEMBER and o["id"] == user],
    )
    for overwrites in levels:
        base &= ~_any_of(overwrites, "deny")
        base |= _any_of(overwrites, "allow")
    return base


def _any_of(overwrites: Sequence[Mapping[str, Any]], which: str) -> int:
    bits = 0
    for overwrite in overwrites:
        bits |= int(overwrite[which])
    return bits
