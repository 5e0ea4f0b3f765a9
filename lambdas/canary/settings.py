"""What the canary room must be told."""

from __future__ import annotations

from dataclasses import dataclass

from distillery.settings import names, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Environment of the canary room."""

    table_name: str = setting("the DynamoDB table of jobs")
    queue_url: str = setting("the SQS queue that wakes the dispatcher")
    canary_providers: tuple[str, ...] = setting(
        "who is to make a picture, with commas between", parse=names
    )
