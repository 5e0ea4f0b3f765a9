"""What the followup room must be told."""

from __future__ import annotations

from dataclasses import dataclass

from distillery.settings import setting, web_address


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Environment of the followup room."""

    table_name: str = setting("the DynamoDB table of jobs")
    bucket_name: str = setting("the S3 bucket of inputs, outputs and results")
    queue_url: str = setting("the SQS queue that wakes the dispatcher")
    discord_api_url: str = setting(
        "Discord's HTTP API", default="https://discord.com/api/v10", parse=web_address
    )
