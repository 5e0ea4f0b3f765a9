"""The parts of a command as Discord takes them: names and descriptions in every language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from distillery.core.locales import Localized
from distillery.core.recipes.recipe import OptionKind
from distillery.discord.translation import in_every_language

Payload = dict[str, Any]

OPTION_TYPES: Mapping[OptionKind, int] = {
    OptionKind.STRING: 3,
    OptionKind.SIZE: 3,
    OptionKind.INTEGER: 4,
    OptionKind.BOOLEAN: 5,
    OptionKind.NUMBER: 10,
    OptionKind.ATTACHMENT: 11,
}
CHAT_INPUT, MESSAGE = 1, 3
_EVERYWHERE = [0, 1, 2]  # contexts: servers, messages with the bot, all other direct messages
_INSTALLS = [0, 1]  # integration types: in a server, by a user for themselves


def chat_command(
    name: str,
    description: str,
    options: Sequence[Payload] = (),
    descriptions: Localized | None = None,
) -> Payload:
    """Return a slash command that is there wherever Discord has one."""
    return {
        "type": CHAT_INPUT,
        "name": name,
        **text("description", description, descriptions),
        "options": list(options),
        "contexts": _EVERYWHERE,
        "integration_types": _INSTALLS,
    }


def message_command(name: str) -> Payload:
    """Return a command in the menu of every message. It has neither options nor a description."""
    return {
        "type": MESSAGE,
        **text("name", name),
        "contexts": _EVERYWHERE,
        "integration_types": _INSTALLS,
    }


def option(
    kind: OptionKind, name: str, description: str, *, required: bool = False, **more: Any
) -> Payload:
    """Return an option of one of our own commands."""
    return {
        "type": OPTION_TYPES[kind],
        "name": name,
        **text("description", description),
        "required": required,
        **more,
    }


def choice(name: str, value: str | float, names: Localized | None = None) -> Payload:
    """Return one choice of an option."""
    return {**text("name", name, names), "value": value}


def text(field: str, default: str, own: Localized | None = None) -> Payload:
    """Return a text with its versions; those of a manifest, `own`, win over our translations."""
    return localized(field, default, {**in_every_language(default), **(own or {})})


def localized(field: str, default: str, versions: Localized) -> Payload:
    """Return a field with its versions, if it has any."""
    found = dict(versions)
    # Without its own version, one kind of English would be shown the other's.
    for one, other in (("en-US", "en-GB"), ("en-GB", "en-US")):
        if one in found:
            found.setdefault(other, default)
    return {field: default, **({f"{field}_localizations": found} if found else {})}
