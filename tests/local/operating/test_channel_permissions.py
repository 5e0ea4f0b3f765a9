"""What a bot may do in a channel, by Discord's rules of precedence."""

from __future__ import annotations

from typing import Any

import pytest

from local.operating.channel_permissions import ADMINISTRATOR, SEND, SEND_IN_THREADS, permissions_in

GUILD, BOT, OPS, MUTED = "1", "2", "3", "4"
SENDS = str(SEND)


def overwrite(identity: str, kind: int = 0, **bits: str) -> dict[str, Any]:
    return {"id": identity, "type": kind, "allow": "0", "deny": "0", **bits}


def may_send(*overwrites: dict[str, Any], **permissions: str) -> bool:
    channel = {"guild_id": GUILD, "permission_overwrites": list(overwrites)}
    of = {GUILD: permissions.get("everybody", SENDS), OPS: permissions.get("ops", "0"), MUTED: "0"}
    roles = [{"id": role, "permissions": bits} for role, bits in of.items()]
    roles.append({"id": "5", "permissions": str(ADMINISTRATOR)})  # somebody else's
    return bool(permissions_in(channel, roles, {"user": {"id": BOT}, "roles": [OPS, MUTED]}) & SEND)


@pytest.mark.parametrize(
    ("overwrites", "may"),
    [
        ([], True),
        ([overwrite(GUILD, deny=SENDS)], False),
        ([overwrite(GUILD, deny=str(SEND_IN_THREADS))], True),
        # A role's word is stronger than everybody's, and among roles who allows wins.
        ([overwrite(GUILD, deny=SENDS), overwrite(OPS, allow=SENDS)], True),
        ([overwrite(MUTED, deny=SENDS), overwrite(OPS, allow=SENDS)], True),
        ([overwrite(MUTED, deny=SENDS)], False),
        # The member's own is the strongest.
        ([overwrite(OPS, allow=SENDS), overwrite(BOT, 1, deny=SENDS)], False),
        ([overwrite(OPS, deny=SENDS), overwrite(BOT, 1, allow=SENDS)], True),
        # What is of others says nothing.
        ([overwrite("5", deny=SENDS), overwrite("6", 1, deny=SENDS)], True),
    ],
)
def test_the_nearest_word_counts(overwrites: list[dict[str, Any]], may: bool) -> None:
    assert may_send(*overwrites) is may


def test_without_a_word_in_the_channel_the_roles_count() -> None:
    assert may_send(everybody="0", ops=SENDS)
    assert not may_send(everybody="0")


def test_an_administrator_may_everything() -> None:
    assert may_send(overwrite(BOT, 1, deny=SENDS), ops=str(ADMINISTRATOR))
