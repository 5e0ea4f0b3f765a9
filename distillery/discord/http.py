"""One message on its way to Discord: its encoding, its tries, and what an answer means.

Source: Discord, "Uploading Files", "Rate Limits" and "Opcodes and Status Codes". An address may
hold a token, so it is never logged.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import urllib3

from distillery.core.errors import DiscordRefused, DiscordUnavailable
from distillery.discord.rate_limits import RateLimits, Target

logger = logging.getLogger(__name__)

TRIES = 4
LONGEST_WAIT_S = 5.0
"""A room is paid while it waits: past this, in all, it gives up and is called again later."""
_AGAIN_S = 1.0
_TIMEOUT = urllib3.Timeout(connect=3.0, read=10.0)


@dataclass(frozen=True, slots=True)
class File:
    """A file to attach. `filename` is what `attachment://` and members see."""

    filename: str
    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Call:
    """One message for Discord.

    `droppable` says that it is not worth waiting for; `fresh` that Discord may not know the
    message yet, so that 404 means "later".
    """

    method: str
    path: str
    target: Target
    payload: Mapping[str, Any]
    files: Sequence[File] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    droppable: bool = False
    fresh: bool = False


class Refusal(DiscordRefused):
    """Discord's no, with its HTTP status and its own error code (0 when it gave none)."""

    def __init__(self, status: int, code: int, reason: str) -> None:
        super().__init__(f"Discord answered {status}: {reason}")
        self.status = status
        self.code = code


class DiscordHttp:
    """Sends messages to `api_url`, for example https://discord.com/api/v10."""

    def __init__(
        self,
        http: urllib3.PoolManager,
        api_url: str,
        limits: RateLimits,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._http = http
        self._api_url = api_url.rstrip("/")
        self._limits = limits
        self._sleep = sleep

    def send(self, call: Call) -> None:
        """Send a message that may be repeated without harm.

        Raises DiscordUnavailable when it may work later, Refusal when it never will.
        """
        body, content_type = _encode(call.payload, call.files)
        headers = {**call.headers, "Content-Type": content_type}
        patience_s = 0.0 if call.droppable else LONGEST_WAIT_S
        wait_s = self._limits.wait_s(call.target, droppable=call.droppable)
        for _ in range(TRIES):
            if wait_s > patience_s:
                break
            if wait_s > 0:
                self._sleep(wait_s)
                patience_s -= wait_s
            if self._is_taken(call, body, headers):
                return
            wait_s = self._limits.wait_s(call.target, droppable=call.droppable) or _AGAIN_S
        raise DiscordUnavailable("Discord did not take the message yet", wait_s)

    def _is_taken(self, call: Call, body: bytes, headers: Mapping[str, str]) -> bool:
        """Send once. Returns whether it was taken; if not, it may be repeated."""
        try:
            answer = self._http.request(
                call.method,
                self._api_url + call.path,
                body=body,
                headers=headers,
                timeout=_TIMEOUT,
                retries=False,
                redirect=False,
            )
        except urllib3.exceptions.HTTPError as error:
            logger.warning("Discord did not answer: %s", type(error).__name__)
            return False
        self._limits.heard(call.target, answer)
        if answer.status < HTTPStatus.MULTIPLE_CHOICES:
            return True
        unknown_yet = call.fresh and answer.status == HTTPStatus.NOT_FOUND
        limited = answer.status == HTTPStatus.TOO_MANY_REQUESTS
        if unknown_yet or limited or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return False
        raise _refusal(answer)


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


def _refusal(answer: urllib3.BaseHTTPResponse) -> Refusal:
    """Discord's code and message, which hold nothing of the member's."""
    try:
        document = answer.json()
        code, reason = int(document["code"]), f"{document['code']} {document['message']}"
    except (ValueError, KeyError, TypeError):
        code, reason = 0, "no reason given"
    return Refusal(answer.status, code, reason)
