"""What the dispatcher room must be told."""

from __future__ import annotations

from dataclasses import dataclass

from distillery.core.errors import ConfigError
from distillery.settings import names, origins, setting, web_address, whole_number


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Environment of the dispatcher room."""

    table_name: str = setting("the DynamoDB table of jobs")
    bucket_name: str = setting("the S3 bucket of inputs, outputs and results")
    queue_url: str = setting("the SQS queue that wakes the dispatcher")
    discord_api_url: str = setting(
        "Discord's HTTP API", default="https://discord.com/api/v10", parse=web_address
    )
    attachment_origins: frozenset[str] = setting(
        "where members' files may lie, with commas between",
        default=frozenset({"https://cdn.discordapp.com", "https://media.discordapp.net"}),
        parse=origins,
    )
    providers: tuple[str, ...] = setting(
        "who may run jobs, in order of preference: `runpod`, `sagemaker`, or both with a comma",
        parse=names,
    )
    job_timeout_seconds: int = setting(
        "how long a worker may take for one job", default=600, parse=whole_number
    )
    runpod_api_url: str = setting(
        "Runpod's HTTP API", default="https://api.runpod.ai/v2", parse=web_address
    )
    runpod_endpoint_id: str = setting("the id of the Runpod endpoint", default="")
    runpod_secret_name: str = setting(
        "the secret that holds Runpod's API key", default="distillery/runpod-api-key"
    )
    runpod_slots: int = setting("jobs Runpod may hold at once", default=3, parse=whole_number)
    sagemaker_endpoint_name: str = setting("the name of the SageMaker endpoint", default="")
    sagemaker_slots: int = setting("jobs SageMaker may hold at once", default=3, parse=whole_number)

    def __post_init__(self) -> None:
        """Refuse a provider that is unknown, or chosen but not set up."""
        endpoints = {
            "runpod": ("RUNPOD_ENDPOINT_ID", self.runpod_endpoint_id),
            "sagemaker": ("SAGEMAKER_ENDPOINT_NAME", self.sagemaker_endpoint_name),
        }
        problems = [
            f"PROVIDERS names {name!r}: it may name {' and '.join(endpoints)}"
            for name in self.providers
            if name not in endpoints
        ]
        problems += [
            f"{variable} is not set, but PROVIDERS names {name}"
            for name, (variable, value) in endpoints.items()
            if name in self.providers and not value
        ]
        if problems:
            raise ConfigError("; ".join(problems))
