"""What the settings come to in the variables of rooms; what is deployed adds its own names."""

from __future__ import annotations

from collections.abc import Mapping

from infra import second_opinion
from infra.settings import Settings


def of_settings(settings: Settings) -> Mapping[str, str]:
    """Return the value of every variable that a setting decides."""
    return {
        "DISCORD_API_URL": settings.discord_api_url,
        "DISCORD_APPLICATION_ID": settings.application_id,
        "DISCORD_PUBLIC_KEY": settings.public_key,
        "ATTACHMENT_ORIGINS": settings.attachment_origins,
        "BOT_TOKEN_SECRET_NAME": settings.bot_token_secret,
        "PROVIDERS": ",".join(settings.providers),
        "ALARM_CHANNEL": settings.alarm_channel,
        "CANARY_PROVIDERS": ",".join(settings.at_runpod),
        "JOB_TIMEOUT_SECONDS": str(settings.job_timeout_seconds),
        "RUNPOD_API_URL": settings.runpod_api_url,
        "RUNPOD_ENDPOINT_ID": settings.runpod_endpoint_id,
        "RUNPOD_SECRET_NAME": settings.runpod_key_secret,
        "RUNPOD_SLOTS": str(settings.runpod_slots),
        "SAGEMAKER_ENDPOINT_NAME": settings.sagemaker_endpoint_name,
        "SAGEMAKER_SLOTS": str(settings.sagemaker_slots),
        "WORKER_COMFYUI_ENDPOINT_ID": settings.worker_comfyui_endpoint_id,
        "WORKER_COMFYUI_SLOTS": str(settings.worker_comfyui_slots),
        "PROMISE_SECONDS": str(settings.promise_seconds),
        "HEDGE_SHARE": str(settings.hedge_share),
        "TIERS": settings.tiers,
        "CREDIT_GUILDS": settings.credit_guilds,
        **second_opinion.values_of(settings),
        "COMMAND_STYLE": settings.command_style,
        "RULES_LEVEL": settings.rules_level,
        "MESSAGE_RULES_LEVEL": settings.message_rules_level,
        "PENALTIES": settings.penalties,
        "KEEP_REFUSED_TEXT": str(settings.keep_refused_text),
    }
