"""POST /interactions: check that it is Discord, and answer within three seconds."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from distillery.core.errors import UserError
from distillery.core.ports import Clock, Telemetry
from distillery.discord.interaction import (
    SERVE,
    Interaction,
    InteractionType,
    MalformedInteraction,
    parse_interaction,
)
from distillery.discord.responses import MAX_CONTENT, NO_SUGGESTIONS, PONG, private
from distillery.discord.signature import SignatureCheck
from distillery.discord.translation import Words

logger = logging.getLogger(__name__)

Event = Mapping[str, Any]
Response = dict[str, Any]
Handler = Callable[[Event], Response]
Reply = Callable[[Interaction], Mapping[str, Any]]
"""Answers one interaction; raises MalformedInteraction, or UserError with what the member reads."""

UNREADABLE = "Discord sent something that Distillery cannot read. Try again."
UNCERTAIN = (
    "Distillery could not take your request for certain. If `/queue` does not show it, it was lost "
    "and nothing was charged: send it again."
)
NO_COMMAND = "There is no command `/{name}`. Use `/serve`."
OLD_BUTTON = "This button or form is no longer in use. Send a new `/serve`."


@dataclass(frozen=True, slots=True)
class Replies:
    """What answers each kind of interaction, by its name."""

    commands: Mapping[str, Reply]  # slash and message commands, by the command's name
    suggestions: Mapping[str, Reply] = field(default_factory=dict)  # autocomplete, likewise
    components: Mapping[str, Reply] = field(default_factory=dict)  # by the custom_id's first word
    modals: Mapping[str, Reply] = field(default_factory=dict)  # likewise
    ask_with: str = SERVE  # the command that errors send members to

    def to(self, interaction: Interaction) -> Mapping[str, Any]:
        """Answer an interaction."""
        match interaction.type:
            case InteractionType.PING:
                return PONG
            case InteractionType.APPLICATION_COMMAND:
                return self.commands.get(interaction.command, _unknown)(interaction)
            case InteractionType.AUTOCOMPLETE:
                return self.suggestions.get(interaction.command, _no_suggestions)(interaction)
            case InteractionType.MESSAGE_COMPONENT:
                return self.components.get(interaction.action, _old)(interaction)
            case InteractionType.MODAL_SUBMIT:
                return self.modals.get(interaction.action, _old)(interaction)


def build_handler(
    check: SignatureCheck, replies: Replies, telemetry: Telemetry, clock: Clock
) -> Handler:
    """Return the handler of an API Gateway HTTP API event (payload version 2.0)."""

    def handle(event: Event) -> Response:
        began_at = clock()
        body = _verified_body(event, check, began_at)
        if body is None:
            telemetry.count("SignaturesRefused")
            return _http(401, {"message": "invalid request signature"})
        said = answer(body)
        telemetry.seconds("AcknowledgeTime", clock() - began_at)
        return _http(200, said)

    def answer(body: bytes) -> Mapping[str, Any]:
        interaction: Interaction | None = None
        said: Said
        try:
            interaction = parse_interaction(body)
            return replies.to(interaction)
        except MalformedInteraction as problem:
            logger.warning("unreadable interaction: %s", problem)
            said = _of(UNREADABLE)
        except UserError as error:
            telemetry.count("JobsRefused", kind=type(error).__name__)
            said = error.parts
        except Exception:
            logger.exception("could not take the request")
            telemetry.count("InteractionsFailed")
            said = _of(UNCERTAIN)
        return _sorry(interaction, said, replies.ask_with)

    return handle


Said = Sequence[tuple[str, Mapping[str, object]]]
"""Lines, and the values for the braces in each."""


def _of(text: str) -> Said:
    return ((text, {}),)


def _sorry(interaction: Interaction | None, said: Said, ask_with: str) -> Mapping[str, Any]:
    """Say why there is no answer, in the member's language where there is a translation."""
    if interaction is not None and interaction.type is InteractionType.AUTOCOMPLETE:
        return NO_SUGGESTIONS  # while they type, Discord shows no words
    words = Words(interaction.locale if interaction else "", ask_with)
    return private("\n".join(_line(words, *line) for line in said)[:MAX_CONTENT])


def _line(words: Words, text: str, values: Mapping[str, object]) -> str:
    """Say a line that names an option as the command names it to this member."""
    ours = {name: words(str(values[name])) for name in ("option", "description") if name in values}
    if "option" in ours:
        ours["option"] = ours["option"].lower()
    return words(text, **{**values, **ours})


def _unknown(interaction: Interaction) -> Mapping[str, Any]:
    raise UserError(NO_COMMAND, name=interaction.command[:40])


def _no_suggestions(_: Interaction) -> Mapping[str, Any]:
    return NO_SUGGESTIONS


def _old(_: Interaction) -> Mapping[str, Any]:
    raise UserError(OLD_BUTTON)


def _verified_body(event: Event, check: SignatureCheck, now: float) -> bytes | None:
    """Return the raw body if it is fresh, UTF-8 and signed by Discord, else None."""
    headers = {str(name).lower(): value for name, value in (event.get("headers") or {}).items()}
    try:
        body = _raw_body(event)
        body.decode()
    except ValueError:  # not base64, not even ASCII in its place, or not UTF-8
        return None
    signed = check.accepts(
        body, headers.get("x-signature-ed25519"), headers.get("x-signature-timestamp"), now
    )
    return body if signed else None


def _raw_body(event: Event) -> bytes:
    """The signature covers the bytes that Discord sent, which API Gateway may have encoded."""
    text = str(event.get("body") or "")
    if event.get("isBase64Encoded"):
        return base64.b64decode(text, validate=True)
    return text.encode()


def _http(status: int, document: Mapping[str, Any]) -> Response:
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json"},
        "body": json.dumps(document),
    }
