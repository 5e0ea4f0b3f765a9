"""Posts signed interactions to the application's endpoint."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp

from local.discord import interactions
from local.discord.refusals import Json
from local.discord.state import Discord

ANSWER_WITHIN = 3.0  # seconds; Discord's deadline for the first answer


@dataclass(frozen=True, slots=True)
class Reply:
    """What the interactions endpoint answered; `status` is 0 where nothing came in time."""

    status: int
    body: bytes
    reason: str = ""

    def json(self) -> Json | None:
        """Return the body where it is a JSON object."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return None
        return value if isinstance(value, dict) else None


async def post_interaction(discord: Discord, url: str | None, interaction: Json) -> Reply:
    """Sign and send one interaction; no answer in time is a `Reply` with status 0."""
    if not url:
        return Reply(0, b"", "no interactions URL is set")
    body = interactions.encoded(interaction)
    headers = interactions.sign(discord.settings.signing_key, body, str(int(time.time())))
    return await post_signed(discord, url, body, headers)


async def post_signed(discord: Discord, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
    """Send a body with the given signature."""
    timeout = aiohttp.ClientTimeout(total=ANSWER_WITHIN)
    try:
        async with discord.http.post(url, data=body, headers=headers, timeout=timeout) as answer:
            return Reply(answer.status, await answer.read())
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        return Reply(0, b"", str(error) or type(error).__name__)
