"""A second opinion on members' words: who is asked, and that the dispatcher may ask them."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Stack

from infra.functions import RoomFunction
from infra.settings import Settings


def second_opinion_values(settings: Settings) -> Mapping[str, str]:
    """Return the variables that a room needs to ask."""
    return {
        "TEXT_CHECK": settings.text_check,
        "GUARDRAIL_ID": settings.guardrail_id,
        "GUARDRAIL_VERSION": settings.guardrail_version,
        "CHECK_SCORE": str(settings.check_score),
        "TEXT_CHECK_FAILURE": settings.text_check_failure,
    }


def allow_second_opinion(stack: Stack, room: RoomFunction, settings: Settings) -> None:
    """Grant what the chosen check needs; nothing where it is off."""
    if settings.text_check == "comprehend":
        # Comprehend has no resources for this (Service Authorization Reference).
        room.allow("comprehend:DetectToxicContent", "*")
    elif settings.text_check == "bedrock":
        guardrail = stack.format_arn(
            service="bedrock", resource="guardrail", resource_name=settings.guardrail_id
        )
        room.allow("bedrock:ApplyGuardrail", guardrail)
