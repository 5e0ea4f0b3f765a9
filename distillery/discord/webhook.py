"""Edits of the one message that answers an interaction.

Source: Discord, "Receiving and Responding" (Edit Original Interaction Response), "Rate Limits" and
"Opcodes and Status Codes". The token in the address is the only credential, so it is never logged.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import urllib3

from distillery.core.errors import DiscordRefused, DiscordUnavailable

logger = logging.getLogger(__name__)

TRIES = 4
LONGEST_WAIT_S = 5.0
"""A room is paid while it waits: past this it gives up and is called again later."""
_TIMEOUT = urllib3.Timeout(connect=3.0, read=10.0)


@dataclass(frozen=True, slots=True)
class File:
    """A file to attach. `filename` is what `attachment://` and members see."""

    filename: str
    content_type: str
    data: bytes


class WebhookClient:
    """Speaks to Discord's webhook routes at `api_url`, for example https://discord.com/api/v10."""

    def __init__(
        self,
        http: urllib3.PoolManager,
        api_url: str,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._http = http
        self._api_url = api_url.rstrip("/")
        self._sleep = sleep

    def edit_original(
        self,
        application_id: str,
        token: str,
        payload: Mapping[str, Any],
        files: Sequence[File] = (),
        *,
        fresh: bool = False,
    ) -> None:
        """Replace the message that answers an interaction.

        The attachments named in `payload` are all that remain, so a repeat changes nothing.
        `fresh` says that the interaction is so young that Discord may not have read our first
        answer yet; until then it does not know the message.
        Raises DiscordUnavailable when it may work later and DiscordRefused when it never will.
        """
        url = f"{self._api_url}/webhooks/{application_id}/{token}/messages/@original"
        body, content_type = _encode(payload, files)
        for last in [False] * (TRIES - 1) + [True]:
            wait_s = self._patch(url, body, content_type, fresh)
            if wait_s is None:
                return
            if last or wait_s > LONGEST_WAIT_S:
                raise DiscordUnavailable("Discord did not take the message yet", wait_s)
            self._sleep(wait_s)

    def _patch(self, url: str, body: bytes, content_type: str, fresh: bool) -> float | None:
        """Send once. Returns None when taken, else how many seconds to wait before a repeat."""
        try:
            answer = self._http.request(
                "PATCH",
                url,
                body=body,
                headers={"Content-Type": content_type},
                timeout=_TIMEOUT,
                retries=False,
                redirect=False,
            )
        except urllib3.exceptions.HTTPError as error:
            logger.warning("Discord did not answer: %s", type(error).__name__)
            return 1.0
        if answer.status < HTTPStatus.MULTIPLE_CHOICES:
            return None
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            return _retry_after(answer)
        unknown_yet = fresh and answer.status == HTTPStatus.NOT_FOUND
        if unknown_yet or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return 1.0
        raise DiscordRefused(f"Discord answered {answer.status}: {_reason(answer)}")


def _encode(payload: Mapping[str, Any], files: Sequence[File]) -> tuple[bytes, str]:
    document = json.dumps(payload).encode()
    if not files:
        return document, "application/json"
    form: list[tuple[str, tuple[str | None, bytes, str]]] = [
        ("payload_json", (None, document, "application/json"))
    ]
    form += [
        (f"files[{index}]", (file.filename, file.data, file.content_type))
        for index, file in enumerate(files)
    ]
    return urllib3.encode_multipart_formdata(
        [
            urllib3.fields.RequestField.from_tuples(name, value)  # type: ignore[arg-type]
            for name, value in form
        ]
    )


def _retry_after(answer: urllib3.BaseHTTPResponse) -> float:
    try:
        return float(answer.json()["retry_after"])
    except (ValueError, KeyError, TypeError):
        return 1.0


def _reason(answer: urllib3.BaseHTTPResponse) -> str:
    """Discord's code and message, which hold nothing of the member's."""
    try:
        document = answer.json()
        return f"{document['code']} {document['message']}"
    except (ValueError, KeyError, TypeError):
        return "no reason given"
