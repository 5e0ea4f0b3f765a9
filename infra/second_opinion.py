"""Second opinions on words and on pictures: who is asked, and that the rooms may ask them."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Stack

from infra.functions import RoomFunction
from infra.settings import Settings


def values_of(settings: Settings) -> Mapping[str, str]:
    """Return the variables that a room needs to ask."""
    return {
        "TEXT_CHECK": settings.text_check,
        "GUARDRAIL_ID": settings.guardrail_id,
        "GUARDRAIL_VERSION": settings.guardrail_version,
        "TEXT_CHECK_FAILURE": settings.text_check_failure,
        "PICTURE_CHECK": settings.picture_check,
        "PICTURE_ACTIONS": settings.picture_actions,
        "CHECK_SCORE": str(settings.check_score),
    }


def allow_text_check(stack: Stack, room: RoomFunction, settings: Settings) -> None:
    """Grant what the chosen check of words needs; nothing where it is off."""
    if settings.text_check == "comprehend":
        # Comprehend has no resources for this (Service Authorization Reference).
        room.allow("comprehend:DetectToxicContent", "*")
    elif settings.text_check == "bedrock":
        guardrail = stack.format_arn(
            service="bedrock", resource="guardrail", resource_name=settings.guardrail_id
        )
        room.allow("bedrock:ApplyGuardrail", guardrail)


def allow_picture_check(room: RoomFunction, settings: Settings, table_arn: str) -> None:
    """Grant what the check of pictures needs, besides reading them; nothing where it is off."""
    if settings.picture_check == "off":
        return
    # Rekognition has no resources for this (Service Authorization Reference).
    room.allow("rekognition:DetectModerationLabels", "*")
    room.allow("dynamodb:BatchGetItem", table_arn)  # what a server's moderators settled
    if settings.rekognition_url:
        room.function.add_environment("AWS_ENDPOINT_URL_REKOGNITION", settings.rekognition_url)
