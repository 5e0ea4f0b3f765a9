"""POST /interactions: check that it is Discord, and answer within three seconds."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from distillery.core.errors import UserError
from distillery.core.ports import Clock, Telemetry
from distillery.discord.interaction import (
    Interaction,
    InteractionType,
    MalformedInteraction,
    parse_interaction,
)
from distillery.discord.responses import NO_SUGGESTIONS, PONG, private
from distillery.discord.signature import SignatureCheck
from lambdas.interactions.commands import Command

logger = logging.getLogger(__name__)

Event = Mapping[str, Any]
Response = dict[str, Any]
Handler = Callable[[Event], Response]

UNREADABLE = "Discord sent something that Distillery cannot read. Try again."
UNCERTAIN = (
    "Distillery could not take your request for certain. If `/queue` does not show it, it was lost "
    "and nothing was charged: send it again."
)
OLD_BUTTON = "This button or form is no longer in use. Send a new `/serve`."


def build_handler(
    check: SignatureCheck, commands: Mapping[str, Command], telemetry: Telemetry, clock: Clock
) -> Handler:
    """Return the handler of an API Gateway HTTP API event (payload version 2.0)."""

    def handle(event: Event) -> Response:
        body = _verified_body(event, check, clock())
        if body is None:
            telemetry.count("SignaturesRefused")
            return _http(401, {"message": "invalid request signature"})
        try:
            answer = _answer(parse_interaction(body), commands)
        except MalformedInteraction as problem:
            logger.warning("unreadable interaction: %s", problem)
            answer = private(UNREADABLE)
        except UserError as error:
            telemetry.count("JobsRefused")
            answer = private(str(error))
        except Exception:
            logger.exception("could not take the request")
            telemetry.count("InteractionsFailed")
            answer = private(UNCERTAIN)
        return _http(200, answer)

    return handle


def _answer(interaction: Interaction, commands: Mapping[str, Command]) -> Mapping[str, Any]:
    match interaction.type:
        case InteractionType.PING:
            return PONG
        case InteractionType.AUTOCOMPLETE:
            return NO_SUGGESTIONS
        case InteractionType.MESSAGE_COMPONENT | InteractionType.MODAL_SUBMIT:
            return private(OLD_BUTTON)
        case InteractionType.APPLICATION_COMMAND:
            command = commands.get(interaction.command, _unknown)
            return command(interaction)


def _unknown(interaction: Interaction) -> Mapping[str, Any]:
    return private(f"There is no command `/{interaction.command[:40]}`. Use `/serve`.")


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
