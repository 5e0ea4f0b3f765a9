"""What an operator decides about a deployment: CDK context, read once and checked as a whole."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NewType

Json = NewType("Json", str)
"""A text that is JSON; what it says is for the room that reads it to check."""
_OURS = re.compile(r"[a-z]+(_[a-z]+)*")  # the CDK's own keys have colons, slashes or dashes
_USUAL = ("runpod", "sagemaker")
_PROVIDERS = (*_USUAL, "worker_comfyui")
_TARGETS = ("aws", "local")
_COMMAND_STYLES = ("serve", "per_workflow", "both")


class WrongSettings(ValueError):
    """Says all that is wrong with the context, one key a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The context of one deployment: `-c key=value`, or `context` in cdk.json."""

    application_id: str
    """Discord's id of the application."""
    public_key: str
    """Discord's public key of the application, 64 hexadecimal digits."""
    providers: tuple[str, ...] = _USUAL
    """Who may run jobs, in order of preference."""
    runpod_endpoint_id: str = ""
    runpod_slots: int = 3
    """Jobs Runpod may hold at once."""
    sagemaker_endpoint_name: str = ""
    sagemaker_slots: int = 3
    """Jobs SageMaker may hold at once."""
    worker_comfyui_endpoint_id: str = ""
    """A Runpod endpoint that runs worker-comfyui."""
    worker_comfyui_slots: int = 3
    """Jobs it may hold at once."""
    job_timeout_seconds: int = 600
    """How long a worker may take for one job; an interaction's token lives 900 s."""
    promise_seconds: int = 120
    """How long a member is promised to wait for pictures."""
    hedge_share: float = 0.5
    """Share of the promise that a job may wait at one provider before a warm one gets it."""
    tiers: Json = Json('[{"name": "member"}]')
    """What members may use at once, best first; the last tier is everybody's."""
    command_style: str = "serve"
    """What a workflow is to members: a choice of /serve, a command of its own, or both."""
    bot_token_secret: str = "distillery/discord-bot-token"  # noqa: S105 - a name, not a secret
    runpod_key_secret: str = "distillery/runpod-api-key"  # noqa: S105
    target: str = "aws"
    """`aws`, or `local`: plain HTTP to an embedded AWS, and bundles for this machine."""
    discord_api_url: str = "https://discord.com/api/v10"
    attachment_origins: str = "https://cdn.discordapp.com,https://media.discordapp.net"
    runpod_api_url: str = "https://api.runpod.ai/v2"
    sagemaker_url: str = ""
    """Where SageMaker answers; empty: at AWS."""
    python_version: str = "3.13"
    """The Python of the bundles. AWS runs 3.13; only the local target may differ."""
    build_image: bool = False
    """Whether to make the stack DistilleryImage, which builds the GPU image at AWS."""

    @property
    def is_local(self) -> bool:
        """Whether this deployment is for the embedded AWS."""
        return self.target == "local"

    @classmethod
    def from_context(cls, context: Mapping[str, Any]) -> Settings:
        """Read the context; raises WrongSettings."""
        fields = {field.name: field for field in dataclasses.fields(cls)}
        problems = [
            f"{key}: no such setting; there are {', '.join(fields)}"
            for key in sorted(context)
            if _OURS.fullmatch(key) and key not in fields
        ]
        values: dict[str, Any] = {}
        for name, field in fields.items():
            try:
                if name in context:
                    values[name] = _READERS[str(field.type)](context[name])
                elif field.default is dataclasses.MISSING:
                    raise ValueError("is missing; Discord's developer portal shows it")
            except ValueError as error:
                problems.append(f"{name}: {error}")
        if not problems:
            settings = cls(**values)
            problems = settings._contradictions()
        if problems:
            raise WrongSettings(
                "wrong settings (give each as -c key=value)\n" + "\n".join(problems)
            )
        return settings

    def _contradictions(self) -> list[str]:
        checks = {
            "application_id: must be the digits that Discord's developer portal shows": (
                self.application_id.isdigit()
            ),
            "public_key: must be the 64 hexadecimal digits that Discord's developer portal shows": (
                re.fullmatch(r"[0-9a-f]{64}", self.public_key) is not None
            ),
            f"providers: must be one or more of {', '.join(_PROVIDERS)}": (
                0 < len(self.providers) == len(set(self.providers) & set(_PROVIDERS))
            ),
            "runpod_endpoint_id: is missing; give it, or leave runpod out of providers": (
                bool(self.runpod_endpoint_id) or "runpod" not in self.providers
            ),
            "sagemaker_endpoint_name: is missing; give it, or leave sagemaker out of providers": (
                bool(self.sagemaker_endpoint_name) or "sagemaker" not in self.providers
            ),
            "worker_comfyui_endpoint_id: is missing; give it, or leave worker_comfyui out of "
            "providers": (
                bool(self.worker_comfyui_endpoint_id) or "worker_comfyui" not in self.providers
            ),
            "job_timeout_seconds: must be less than 840, so that the answer reaches the member": (
                self.job_timeout_seconds < 840  # noqa: PLR2004 - 14 of the token's 15 minutes
            ),
            "hedge_share: must be greater than 0 and at most 1": 0 < self.hedge_share <= 1,
            f"command_style: must be one of {', '.join(_COMMAND_STYLES)}": (
                self.command_style in _COMMAND_STYLES
            ),
            f"target: must be {' or '.join(_TARGETS)}": self.target in _TARGETS,
            "python_version: Lambda runs 3.13; only target=local may differ": (
                self.python_version == "3.13" or self.is_local
            ),
            "build_image: an embedded AWS builds none; leave it out where target is local": (
                not (self.build_image and self.is_local)
            ),
        }
        return [problem for problem, holds in checks.items() if not holds]


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"must be a text that is not empty, not {value!r}")
    return value


def _whole_number(value: Any) -> int:
    text = str(value)
    if not text.isdigit() or int(text) < 1:
        raise ValueError(f"must be a whole number of at least 1, not {value!r}")
    return int(text)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ValueError(f"must be a number, not {value!r}") from None


def _json(value: Any) -> Json:
    """Read what `-c` gives as a text and what cdk.json may hold as it is."""
    try:
        return Json(json.dumps(json.loads(value) if isinstance(value, str) else value))
    except ValueError:
        raise ValueError(f"must be JSON, not {value!r}") from None


def _yes_or_no(value: Any) -> bool:
    if str(value).lower() not in ("true", "false"):
        raise ValueError(f"must be true or false, not {value!r}")
    return str(value).lower() == "true"


def _names(value: Any) -> tuple[str, ...]:
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise ValueError(f"must be names with commas between, not {value!r}")
    return tuple(part.strip() for part in parts)


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "str": _text,
    "int": _whole_number,
    "float": _number,
    "bool": _yes_or_no,
    "Json": _json,
    "tuple[str, ...]": _names,
}
