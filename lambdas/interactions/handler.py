"""POST /interactions: check that it is Discord, and answer within three seconds."""

from __future__ import annotations

import base64
import binascii
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from distillery.core.accept_job import AcceptJob
from distillery.core.errors import UserError
from distillery.core.ports import Clock, Telemetry
from distillery.discord.interaction import (
    SERVE,
    Interaction,
    InteractionType,
    MalformedInteraction,
    parse_interaction,
    read_order,
)
from distillery.discord.responses import DEFERRED, NO_SUGGESTIONS, PONG, refusal
from distillery.discord.signature import SignatureCheck

logger = logging.getLogger(__name__)

Event = Mapping[str, Any]
Response = dict[str, Any]
Handler = Callable[[Event], Response]

UNREADABLE = "Discord sent something that Distillery cannot read. Try again."
BROKEN = "Distillery failed to take your request. Nothing was charged. Try again in a minute."
OLD_BUTTON = "This button or form is no longer in use. Send a new `/serve`."


def build_handler(
    check: SignatureCheck, accept: AcceptJob, telemetry: Telemetry, clock: Clock
) -> Handler:
    """Return the handler of an API Gateway HTTP API event (payload version 2.0)."""

    def handle(event: Event) -> Response:
        body = _verified_body(event, check, clock())
        if body is None:
            telemetry.count("SignaturesRefused")
            return _http(401, {"message": "invalid request signature"})
        try:
            answer = _answer(parse_interaction(body), accept)
        except MalformedInteraction as problem:
            logger.warning("unreadable interaction: %s", problem)
            answer = refusal(UNREADABLE)
        except UserError as error:
            telemetry.count("JobsRefused")
            answer = refusal(str(error))
        except Exception:
            logger.exception("could not take the request")
            telemetry.count("InteractionsFailed")
            answer = refusal(BROKEN)
        return _http(200, answer)

    return handle


def _answer(interaction: Interaction, accept: AcceptJob) -> Mapping[str, Any]:
    match interaction.type:
        case InteractionType.PING:
            return PONG
        case InteractionType.AUTOCOMPLETE:
            return NO_SUGGESTIONS
        case InteractionType.MESSAGE_COMPONENT | InteractionType.MODAL_SUBMIT:
            return refusal(OLD_BUTTON)
        case InteractionType.APPLICATION_COMMAND:
            if interaction.command != SERVE:
                return refusal(f"There is no command `/{interaction.command[:40]}`. Use `/serve`.")
            order = read_order(interaction)
            accept(order)
            return DEFERRED


def _verified_body(event: Event, check: SignatureCheck, now: float) -> bytes | None:
    """Return the raw body if it is fresh, UTF-8 and signed by Discord, else None."""
    headers = {str(name).lower(): value for name, value in (event.get("headers") or {}).items()}
    try:
        body = _raw_body(event)
        body.decode()
    except (binascii.Error, UnicodeError):
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
