"""What Discord sends: an interaction object, read into our own words.

Source: Discord, "Receiving and Responding", Interaction Object. Discord publishes no schema for
it, so everything is looked at before it is used.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from distillery.core.job import Origin
from distillery.core.order import Order
from distillery.core.recipes.recipe import Attachment, Value

SERVE, QUEUE, CANCEL, HISTORY, HELP = "serve", "queue", "cancel", "history", "help"
ME, INFO = "me", "info"
PICTURE_INFO, UPSCALE, VARIATIONS, USE_AS_INPUT = "Info", "Upscale", "Variations", "Use as input"
"""Commands in the menu of a message."""
WORKFLOW_OPTION = "workflow"
IMAGES_OPTION = "images"
WHICH_OPTION = "which"
COMMAND_OPTION = "command"
IMAGE_OPTION = "image"
LATEST, ALL = "latest", "all"
SHOW_OPTION = "show"
FAVOURITES = "favourites"


THREADS = frozenset({10, 11, 12})
"""Types of channels that lie in another one (Discord, "Channel Types"). The parent of any other
channel is a category."""


class InteractionType(IntEnum):
    """Discord's interaction types."""

    PING = 1
    APPLICATION_COMMAND = 2
    MESSAGE_COMPONENT = 3
    AUTOCOMPLETE = 4
    MODAL_SUBMIT = 5


class OptionType(IntEnum):
    """Discord's application command option types that we use."""

    SUB_COMMAND = 1
    STRING = 3
    INTEGER = 4
    BOOLEAN = 5
    NUMBER = 10
    ATTACHMENT = 11


class MalformedInteraction(ValueError):
    """A rightly signed body that is not an interaction we can read."""


@dataclass(frozen=True, slots=True)
class Interaction:
    """One interaction. `document` is the object as Discord sent it."""

    type: InteractionType
    document: Mapping[str, Any]

    @property
    def command(self) -> str:
        """The command's name; empty when this is not a command."""
        return self._said("name")

    @property
    def custom_id(self) -> str:
        """What we called a button, a menu or a form; empty when this is a command."""
        return self._said("custom_id")

    @property
    def action(self) -> str:
        """The first word of the `custom_id`, up to a colon: what to do with the rest of it."""
        return self.custom_id.partition(":")[0]

    @property
    def locale(self) -> str:
        """The language of the member's Discord, such as `de`; empty when it does not say."""
        locale = self.document.get("locale")
        return locale if isinstance(locale, str) else ""

    def _said(self, field: str) -> str:
        data = self.document.get("data")
        return str(data.get(field, "")) if isinstance(data, dict) else ""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who sends an interaction, and from where."""

    interaction_id: str
    origin: Origin
    role_ids: frozenset[str]


def parse_interaction(body: bytes) -> Interaction:
    """Read a verified body; raises MalformedInteraction."""
    try:
        document = json.loads(body)
        return Interaction(InteractionType(document["type"]), document)
    except (ValueError, KeyError, TypeError) as problem:
        raise MalformedInteraction(f"not an interaction: {problem!r}") from problem


def read_order(interaction: Interaction) -> Order:
    """Read `/serve`, or a workflow's own command, as an order; raises MalformedInteraction."""
    document = interaction.document
    with reading("a command"):
        workflow = read_workflow(interaction)
        options = _options(document["data"])
        options.pop(WORKFLOW_OPTION, None)
        images = options.pop(IMAGES_OPTION, 1)
        if not isinstance(images, int):
            raise TypeError(f"{IMAGES_OPTION} is {images!r}")
        return Order(
            job_id=_snowflake(document["id"]),
            origin=_origin(document),
            workflow=workflow if interaction.command == SERVE else interaction.command,
            options=options,
            images=images,
            role_ids=_role_ids(document),
        )


def read_user(interaction: Interaction) -> str:
    """Read who sent a command, as the user's id; raises MalformedInteraction."""
    with reading("a command"):
        return _user_id(interaction.document)


def read_permissions(interaction: Interaction) -> int:
    """Read what a member may do in the channel, as Discord's bits; 0 outside of servers."""
    with reading("a member"):
        return int((interaction.document.get("member") or {}).get("permissions", 0))


def read_workflow(interaction: Interaction) -> str | None:
    """Read which workflow a command names, if it names one; raises MalformedInteraction."""
    with reading("a command"):
        workflow = _options(interaction.document["data"]).get(WORKFLOW_OPTION)
        return str(workflow) if workflow is not None else None


def read_help(interaction: Interaction) -> tuple[str, str]:
    """Read which workflow and which command `/help` is about; "" for none."""
    with reading("a command"):
        options = _options(interaction.document["data"])
        return str(options.get(WORKFLOW_OPTION, "")), str(options.get(COMMAND_OPTION, ""))


def read_which(interaction: Interaction) -> str:
    """Read which requests a `/cancel` is about: LATEST or ALL; raises MalformedInteraction."""
    with reading("a command"):
        which = _options(interaction.document["data"]).get(WHICH_OPTION, LATEST)
        if which not in (LATEST, ALL):
            raise ValueError(f"{WHICH_OPTION} is {which!r}")
        return str(which)


def read_show(interaction: Interaction) -> str:
    """Read what a `/history` shall show: FAVOURITES or ALL; raises MalformedInteraction."""
    with reading("a command"):
        show = _options(interaction.document["data"]).get(SHOW_OPTION, ALL)
        if show not in (ALL, FAVOURITES):
            raise ValueError(f"{SHOW_OPTION} is {show!r}")
        return str(show)


def read_asker(interaction: Interaction) -> Asker:
    """Read who sends an interaction, and from where; raises MalformedInteraction."""
    with reading("an interaction"):
        document = interaction.document
        return Asker(_snowflake(document["id"]), _origin(document), _role_ids(document))


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Turn whatever is missing or odd into a MalformedInteraction that says what it was to be."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError) as problem:
        raise MalformedInteraction(f"not {what}: {problem!r}") from problem


def _user_id(document: Mapping[str, Any]) -> str:
    # A member in a guild, a bare user in a direct message.
    user = document["member"]["user"] if document.get("member") else document["user"]
    return _snowflake(user["id"])


def _role_ids(document: Mapping[str, Any]) -> frozenset[str]:
    """Only a guild has roles. An id is one guild's alone: nobody can make theirs elsewhere."""
    return frozenset(map(_snowflake, (document.get("member") or {}).get("roles", [])))


def _origin(document: Mapping[str, Any]) -> Origin:
    locale, channel = document.get("locale"), document.get("channel") or {}
    parent = channel.get("parent_id") if channel.get("type") in THREADS else None
    return Origin(
        application_id=_snowflake(document["application_id"]),
        token=str(document["token"]),
        user_id=_user_id(document),
        channel_id=_snowflake(document["channel_id"]),
        guild_id=_snowflake(document["guild_id"]) if document.get("guild_id") else None,
        attachment_size_limit=int(document.get("attachment_size_limit", 10 * 1024 * 1024)),
        age_restricted=channel.get("nsfw") is True,
        locale=locale[:10] if isinstance(locale, str) else "",
        parent_channel_id=_snowflake(parent) if parent else None,
    )


def _options(data: Mapping[str, Any]) -> dict[str, Value]:
    attachments = data.get("resolved", {}).get("attachments", {})
    options: dict[str, Value] = {}
    for option in data.get("options", []):
        value = option["value"]
        if option["type"] == OptionType.ATTACHMENT:
            value = _attachment(attachments[value])
        options[str(option["name"])] = value
    return options


def _attachment(document: Mapping[str, Any]) -> Attachment:
    return Attachment(
        filename=str(document["filename"]),
        url=str(document["url"]),
        content_type=str(document.get("content_type", "application/octet-stream")),
        size=int(document["size"]),
    )


def _snowflake(value: object) -> str:
    text = str(value)
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{text[:40]!r} is not a snowflake")
    return text
