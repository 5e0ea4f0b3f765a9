"""Discord's developer portal, in so far as it tries out an interactions URL before taking it."""

import time
from http import HTTPStatus

from local.discord import interactions
from local.discord.endpoint import Reply, post_interaction, post_signed
from local.discord.state import Discord

OTHER_SEED = "01" * 32  # a key that is not the application's


async def set_interactions_url(discord: Discord, url: str) -> None:
    """Take `url` if it answers a PING rightly and refuses a bad signature.

    Raises:
        ValueError: it does not; the text says what it answered and what to do.
    """
    answer = await post_interaction(discord, url, interactions.ping(discord.settings))
    if answer.status != HTTPStatus.OK or answer.json() != {"type": 1}:
        raise ValueError(
            f'a signed PING has to be answered 200 {{"type":1}}, but {_told(answer)}: '
            "check the URL, and that the application knows this Discord's public key"
        )
    body = interactions.encoded(interactions.ping(discord.settings))
    headers = interactions.sign(OTHER_SEED, body, str(int(time.time())))
    answer = await post_signed(discord, url, body, headers)
    if answer.status != HTTPStatus.UNAUTHORIZED:
        raise ValueError(
            f"a wrong signature has to be answered 401, but {_told(answer)}: "
            "verify X-Signature-Ed25519 over the timestamp and the raw body"
        )
    discord.interactions_url = url


def _told(answer: Reply) -> str:
    if answer.status == 0:
        return f"there was no answer within 3 s ({answer.reason})"
    return f"it answered {answer.status} {answer.body[:200].decode(errors='replace')}"
