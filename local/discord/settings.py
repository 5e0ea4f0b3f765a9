"""What one stand-in Discord is told at its start: who the application is, and where it listens."""

from dataclasses import dataclass
from pathlib import Path

MEBIBYTE = 1024 * 1024
REQUEST_LIMIT = 25 * MEBIBYTE  # bytes; Discord's limit for one whole request


@dataclass(frozen=True, slots=True)
class DiscordSettings:
    """One application in one guild.

    `signing_key` is the hex Ed25519 seed that Discord would keep to itself; `public_url` is filled
    in by `listen` once the port is known; `attachment_size_limit` is in bytes per file;
    `cloud_url` is where the page finds the faults and the jobs of the GPU cloud, if there is one.
    """

    application_id: str
    guild_id: str
    channel_id: str
    signing_key: str
    bot_token: str = ""
    public_url: str = ""
    cloud_url: str = ""
    openapi_path: Path | None = None
    attachment_size_limit: int = 10 * MEBIBYTE
    application_name: str = "Distillery"
    guild_name: str = "Still House"
    channel_name: str = "pictures"
