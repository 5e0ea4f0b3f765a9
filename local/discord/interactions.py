"""Builds and signs interactions exactly as Discord sends them.

Source: Discord's documentation, "Receiving and Responding to Interactions".
"""

import json
import time
from collections.abc import Mapping, Sequence

from nacl.signing import SigningKey

from local.discord.channels import Place
from local.discord.envelope import envelope, new_token
from local.discord.members import bot_user
from local.discord.option_values import Known, fill, fill_partly
from local.discord.refusals import Json
from local.discord.settings import DiscordSettings
from local.discord.snowflake import snowflake

PING, COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 1, 2, 3, 4, 5


def ping(settings: DiscordSettings) -> Json:
    """Return the interaction with which Discord tries out an endpoint."""
    return {
        "id": snowflake(time.time()),
        "application_id": settings.application_id,
        "type": PING,
        "token": new_token(),
        "version": 1,
        "user": bot_user(settings) | {"bot": False},
        "entitlements": [],
    }


def slash_command(
    place: Place,
    command: Json,
    values: Mapping[str, object],
    known: Known | None = None,
    path: Sequence[str] = (),
) -> Json:
    """Return the interaction of a member who used `command`, a registered command.

    `values` holds values by option name, typed or as text; a file, a member, a channel or a role
    is given by its id and looked up in `known`. `path` names a subcommand.

    Raises:
        ValueError: an option is missing, unknown, or outside its bounds.
    """
    filled = fill(command, path, values, known or {})
    data = _command_data(command)
    if filled.options:
        data["options"] = filled.options
    if filled.resolved:
        data["resolved"] = filled.resolved
    return envelope(COMMAND, place) | {"data": data}


def autocompletion(
    place: Place,
    command: Json,
    values: Mapping[str, object],
    focused: str,
    path: Sequence[str] = (),
) -> Json:
    """Return the interaction of a member who is typing into the option `focused`."""
    filled = fill_partly(command, path, values, focused)
    data = _command_data(command) | {"options": filled.options}
    return envelope(AUTOCOMPLETE, place) | {"data": data}


def message_command(place: Place, command: Json, message: Json) -> Json:
    """Return the interaction of a member who picked `command` from the menu of a message."""
    data = _command_data(command) | {
        "target_id": message["id"],
        "resolved": {"messages": {message["id"]: message}},
    }
    return envelope(COMMAND, place) | {"data": data}


def component_click(
    place: Place, message: Json, component: Json, values: Sequence[str] | None = None
) -> Json:
    """Return the interaction of a member who used a button or a select menu of `message`."""
    data: Json = {
        "component_type": component["type"],
        "custom_id": component["custom_id"],
        "id": component.get("id", 1),
    }
    if values is not None:
        data["values"] = list(values)
    return envelope(COMPONENT, place) | {"data": data, "message": message}


def modal_submit(
    place: Place, custom_id: str, components: Sequence[Json], message: Json | None
) -> Json:
    """Return the interaction of a member who sent a form; `message` is where a button opened it."""
    data = {"custom_id": custom_id, "components": list(components)}
    interaction = envelope(MODAL_SUBMIT, place) | {"data": data}
    return interaction | ({"message": message} if message else {})


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


def _command_data(command: Json) -> Json:
    data: Json = {"id": command["id"], "name": command["name"], "type": command.get("type", 1)}
    if command.get("guild_id"):
        data["guild_id"] = command["guild_id"]
    return data
