"""Builds and signs interactions exactly as Discord sends them for a guild.

Source: Discord's documentation, "Receiving and Responding to Interactions".
"""

import json
import math
import secrets
import time
from collections.abc import Mapping

from nacl.signing import SigningKey

from local.discord.command_rules import ATTACHMENT, BOOLEAN, INTEGER, NUMBER, STRING
from local.discord.members import Member, bot_user
from local.discord.refusals import Json
from local.discord.settings import DiscordSettings
from local.discord.snowflake import snowflake

PING, COMMAND, COMPONENT = 1, 2, 3
EVERY_PERMISSION = str((1 << 50) - 1)
BOTS_PERMISSIONS = "2251799813685247"
LONGEST_STRING = 6000
LARGEST_INTEGER = 2**53
IN_A_GUILD = 0
TOKEN_BYTES = 96


def ping(settings: DiscordSettings) -> Json:
    """Return the interaction with which Discord tries out an endpoint."""
    return {
        "id": snowflake(time.time()),
        "application_id": settings.application_id,
        "type": PING,
        "token": _token(),
        "version": 1,
        "user": bot_user(settings) | {"bot": False},
        "entitlements": [],
    }


def slash_command(
    settings: DiscordSettings,
    command: Json,
    options: Mapping[str, object],
    user: Member,
    attachments: Mapping[str, Json] | None = None,
) -> Json:
    """Return the interaction of a member who used `command`, a registered command.

    `options` holds values by option name, typed or as text; the value of an attachment option is an
    id in `attachments`, which maps ids to attachment objects.

    Raises:
        ValueError: an option is missing, unknown, or outside its bounds.
    """
    known = {option["name"]: option for option in command.get("options") or []}
    for name in set(options) - set(known):
        raise ValueError(f"/{command['name']} has no option {name!r}")
    for option in known.values():
        if option.get("required") and options.get(option["name"]) in (None, ""):
            raise ValueError(f"{option['name']}: this option is required")
    given = [
        _option(known[name], value, attachments or {})
        for name, value in options.items()
        if value not in (None, "")
    ]
    data: Json = {"id": command["id"], "name": command["name"], "type": command.get("type", 1)}
    if given:
        data["options"] = given
    if command.get("guild_id"):
        data["guild_id"] = command["guild_id"]
    used = [str(entry["value"]) for entry in given if entry["type"] == ATTACHMENT]
    if used:
        data["resolved"] = {"attachments": {one: (attachments or {})[one] for one in used}}
    return _envelope(settings, COMMAND, user) | {"data": data}


def component_click(
    settings: DiscordSettings,
    message: Json,
    component: Json,
    user: Member,
    values: list[str] | None = None,
) -> Json:
    """Return the interaction of a member who used a button or a select menu of `message`."""
    data: Json = {
        "component_type": component["type"],
        "custom_id": component["custom_id"],
        "id": component.get("id", 1),
    }
    if values is not None:
        data["values"] = values
    return _envelope(settings, COMPONENT, user) | {"data": data, "message": message}


def sign(seed_hex: str, body: bytes, timestamp: str) -> dict[str, str]:
    """Return the headers of a signed interaction; `timestamp` is seconds since 1970 as text."""
    signature = SigningKey(bytes.fromhex(seed_hex)).sign(timestamp.encode() + body).signature
    return {
        "X-Signature-Ed25519": signature.hex(),
        "X-Signature-Timestamp": timestamp,
        "Content-Type": "application/json",
        "User-Agent": "Discord-Interactions/1.0 (+https://discord.com)",
    }


def public_key(seed_hex: str) -> str:
    """Return the hex public key that an application is given for a signing key."""
    return bytes(SigningKey(bytes.fromhex(seed_hex)).verify_key).hex()


def encoded(interaction: Json) -> bytes:
    """Return the body to sign and to send."""
    return json.dumps(interaction, ensure_ascii=False, separators=(",", ":")).encode()


def _envelope(settings: DiscordSettings, kind: int, user: Member) -> Json:
    channel = {
        "id": settings.channel_id,
        "type": 0,
        "guild_id": settings.guild_id,
        "name": settings.channel_name,
        "nsfw": False,
        "parent_id": None,
        "permissions": EVERY_PERMISSION,
        "position": 0,
        "topic": None,
        "flags": 0,
        "last_message_id": None,
        "rate_limit_per_user": 0,
    }
    return {
        "id": snowflake(time.time()),
        "application_id": settings.application_id,
        "type": kind,
        "token": _token(),
        "version": 1,
        "guild_id": settings.guild_id,
        "guild": {"id": settings.guild_id, "locale": "en-US", "features": []},
        "channel_id": settings.channel_id,
        "channel": channel,
        "member": _member(user),
        "locale": "en-US",
        "guild_locale": "en-US",
        "app_permissions": BOTS_PERMISSIONS,
        "attachment_size_limit": settings.attachment_size_limit,
        "entitlements": [],
        "entitlement_sku_ids": [],
        "authorizing_integration_owners": {"0": settings.guild_id},
        "context": IN_A_GUILD,
    }


def _member(user: Member) -> Json:
    return {
        "user": user.user(),
        "nick": None,
        "avatar": None,
        "banner": None,
        "roles": [],
        "joined_at": "2024-01-01T00:00:00.000000+00:00",
        "premium_since": None,
        "deaf": False,
        "mute": False,
        "flags": 0,
        "pending": False,
        "permissions": EVERY_PERMISSION,
        "communication_disabled_until": None,
        "unusual_dm_activity_until": None,
    }


def _option(option: Json, value: object, attachments: Mapping[str, Json]) -> Json:
    kind = option["type"]
    try:
        typed = _typed(kind, value)
    except ValueError as error:
        raise ValueError(f"{option['name']}: {error}") from error
    choices = [choice["value"] for choice in option.get("choices") or []]
    if choices and typed not in choices:
        raise ValueError(f"{option['name']}: pick one of {', '.join(map(str, choices))}")
    if kind == ATTACHMENT and typed not in attachments:
        raise ValueError(f"{option['name']}: upload the file first; {value!r} is no known upload")
    _check_bounds(option, typed)
    return {"name": option["name"], "type": kind, "value": typed}


def _typed(kind: int, value: object) -> str | int | float | bool:
    text = str(value)
    if kind == BOOLEAN:
        if text.lower() not in ("true", "false"):
            raise ValueError("must be true or false")
        return text.lower() == "true"
    if kind == INTEGER:
        return _integer(text)
    if kind == NUMBER:
        number = float(text)
        if not math.isfinite(number):
            raise ValueError("must be a number")
        return number
    return text


def _integer(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        raise ValueError("must be a whole number") from None
    if abs(number) > LARGEST_INTEGER:
        raise ValueError("is too large")
    return number


def _check_bounds(option: Json, value: str | float) -> None:
    low, high, size = option.get("min_value"), option.get("max_value"), value
    if option["type"] == STRING:
        low, high, size = option.get("min_length"), option.get("max_length"), len(str(value))
        high = LONGEST_STRING if high is None else high
    unit = " in length" if option["type"] == STRING else ""
    if low is not None and float(size) < low:
        raise ValueError(f"{option['name']}: must be {low} or more{unit}")
    if high is not None and float(size) > high:
        raise ValueError(f"{option['name']}: must be {high} or less{unit}")


def _token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)
