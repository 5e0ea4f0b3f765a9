"""What settings contradict themselves or each other."""

from __future__ import annotations

import re

from infra.settings import STAGES, Settings

_IMAGE = re.compile(r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/[^\s:@]+[:@]\S+")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_ADDRESS = re.compile(r"https?://[^\s/]+\S*")
_PARAMETER = re.compile(r"(/[\w.-]+)+|[\w.-]+", re.ASCII)
"""AWS, "PutParameter"."""
_AT_RUNPOD = (re.compile(r"[\w-]+", re.ASCII), "must be the id that Runpod shows")
_AT_SAGEMAKER = (
    re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"),
    "must be letters and digits with dashes between, 63 at most",
)
"""AWS, "CreateEndpoint"."""
_PROVIDERS = ("runpod", "sagemaker", "worker_comfyui")
_TARGETS = ("aws", "local")
_COMMAND_STYLES = ("serve", "per_workflow", "both")


_Checks = dict[str, tuple[bool, str]]
"""By setting: whether it can work, and what would."""


def contradictions(settings: Settings) -> dict[str, str]:
    """Say which settings cannot work, each with what would."""
    checks = {
        **_discord(settings),
        **_promises(settings),
        **_money(settings),
        **settings.content_checks(),
        **_deployment(settings),
        **_endpoints(settings),
        **(_gpu(settings) if settings.make_endpoint else {}),
    }
    return {name: words for name, (holds, words) in checks.items() if not holds}


def _discord(settings: Settings) -> _Checks:
    return {
        "application_id": (
            settings.application_id.isdigit(),
            "must be the digits that Discord's developer portal shows",
        ),
        "public_key": (
            re.fullmatch(r"[0-9a-f]{64}", settings.public_key) is not None,
            "must be the 64 hexadecimal digits that Discord's developer portal shows",
        ),
        "alarm_email": (
            not settings.alarm_email or _EMAIL.fullmatch(settings.alarm_email) is not None,
            "must be an e-mail address",
        ),
        "alarm_channel": (
            not settings.alarm_channel or settings.alarm_channel.isdigit(),
            "must be the digits that Discord copies as a channel's id",
        ),
        "credit_guilds": (
            all(one.strip().isdigit() for one in filter(None, settings.credit_guilds.split(","))),
            "must be Discord's ids, with commas between",
        ),
        "command_style": (
            settings.command_style in _COMMAND_STYLES,
            f"must be one of {', '.join(_COMMAND_STYLES)}",
        ),
    }


def _promises(settings: Settings) -> _Checks:
    return {
        "job_timeout_seconds": (
            settings.job_timeout_seconds < 840,  # noqa: PLR2004 - 14 of the token's 15 minutes
            "must be less than 840, so that the answer reaches the member",
        ),
        "hedge_share": (0 < settings.hedge_share <= 1, "must be greater than 0 and at most 1"),
        "success_objective": (
            0.5 < settings.success_objective < 1,  # noqa: PLR2004 - else the alarms mean nothing
            "must be greater than 0.5 and less than 1",
        ),
    }


def _money(settings: Settings) -> _Checks:
    return {
        "gpu_budget_dollars": (settings.gpu_budget_dollars > 0, "must be greater than 0"),
        **{
            name: (getattr(settings, name) >= 0, "must not be less than 0")
            for name in (f"{provider}_dollars_per_hour" for provider in _PROVIDERS)
        },
    }


def _deployment(settings: Settings) -> _Checks:
    return {
        **{
            name: (
                _PARAMETER.fullmatch(getattr(settings, name)) is not None,
                "must be a parameter's name, such as /distillery/NAME",
            )
            for name in ("bot_token_secret", "runpod_key_secret")
        },
        **{
            name: (
                not getattr(settings, name)
                or _ADDRESS.fullmatch(getattr(settings, name)) is not None,
                "must be an address that starts with https://",
            )
            for name in ("sagemaker_url", "rekognition_url")
        },
        "stage": (settings.stage in STAGES, f"must be {' or '.join(STAGES)}"),
        "target": (settings.target in _TARGETS, f"must be {' or '.join(_TARGETS)}"),
        "python_version": (
            settings.python_version == "3.13" or settings.is_local,
            "Lambda runs 3.13; only target=local may differ",
        ),
        "waf": (
            not (settings.waf and settings.is_local),
            "an embedded AWS has none; leave it out where target is local",
        ),
        "build_image": (
            not (settings.build_image and settings.is_local),
            "an embedded AWS builds none; leave it out where target is local",
        ),
    }


def _endpoints(settings: Settings) -> _Checks:
    return {
        "providers": (
            0 < len(settings.providers) == len(set(settings.providers) & set(_PROVIDERS)),
            f"must be one or more of {', '.join(_PROVIDERS)}",
        ),
        "runpod_endpoint_id": _endpoint(settings, "runpod", "runpod_endpoint_id", _AT_RUNPOD),
        "sagemaker_endpoint_name": _endpoint(
            settings, "sagemaker", "sagemaker_endpoint_name", _AT_SAGEMAKER
        ),
        "worker_comfyui_endpoint_id": _endpoint(
            settings, "worker_comfyui", "worker_comfyui_endpoint_id", _AT_RUNPOD
        ),
    }


def _endpoint(
    settings: Settings, provider: str, name: str, known: tuple[re.Pattern[str], str]
) -> tuple[bool, str]:
    value = getattr(settings, name)
    if not value:
        return (
            provider not in settings.providers,
            f"is missing; give it, or leave {provider} out of providers",
        )
    shape, words = known
    return shape.fullmatch(value) is not None, words


def _gpu(settings: Settings) -> _Checks:
    return {
        "make_endpoint": (
            "sagemaker" in settings.providers and not settings.is_local,
            "needs sagemaker in providers, and an AWS that has it",
        ),
        "gpu_image": (
            _IMAGE.fullmatch(settings.gpu_image) is not None,
            "must be ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG; with build_image a deployment "
            "prints one as ImageUri, which is there when BuildCommand has built it",
        ),
        "gpu_models": (
            re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]+/(\S+/)?", settings.gpu_models) is not None,
            "must be s3://BUCKET/PREFIX/",
        ),
        "gpu_instance_type": (
            settings.gpu_instance_type.startswith("ml."),
            "must be one of SageMaker's, such as ml.g5.xlarge",
        ),
        "gpu_host_image": (
            re.fullmatch(r"sagemaker|al\d+-ami-sagemaker-[\w-]+", settings.gpu_host_image)
            is not None,
            "must be one of SageMaker's, such as al2-ami-sagemaker-inference-gpu-3-1, or sagemaker",
        ),
        "gpu_idle_seconds": (
            60 <= settings.gpu_idle_seconds <= 86_400,  # noqa: PLR2004 - what an alarm looks at
            "must be from 60 to 86400: a minute to a day",
        ),
        "gpu_max_instances": (
            settings.gpu_max_instances >= settings.gpu_min_instances,
            "must not be less than gpu_min_instances",
        ),
    }
