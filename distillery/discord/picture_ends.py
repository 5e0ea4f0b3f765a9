"""The beginning and the end of a picture in Discord, fetched while a member waits for an answer.

Discord waits 3 s for it, so all together has a deadline, and no more than a part of the file is
asked for (RFC 9110, 14: range requests).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import urlsplit

import urllib3

from distillery.core.errors import UserError
from distillery.discord.picture_request import END_BYTES, is_whole

PATIENCE_S = 2.0
"""For both ends together: the rest of the 3 s is for Discord, API Gateway and a cold start."""
MOST_BYTES = 8 * 1024 * 1024
"""As much is read of a file that comes as a whole although a part was asked for."""
_CHUNK = 64 * 1024
NOT_IN_TIME = "Discord did not hand out the picture in time. Try again."
ELSEWHERE = "Only pictures that lie in Discord can be looked at. Upload it, and try again."


class PictureEnds:
    """Reads files from `origins`, the only scheme-and-host pairs that are ever asked."""

    def __init__(
        self,
        http: urllib3.PoolManager,
        origins: frozenset[str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http = http
        self._origins = origins
        self._clock = clock

    def fetch(self, url: str) -> tuple[bytes, bytes]:
        """Return both ends of a file, the end only where it can matter. Raises UserError."""
        parts = urlsplit(url)
        if f"{parts.scheme}://{parts.netloc}" not in self._origins:
            raise UserError(ELSEWHERE)
        deadline = self._clock() + PATIENCE_S
        try:
            head = self._part(url, f"bytes=0-{END_BYTES - 1}", deadline)[:END_BYTES]
            if is_whole(head):
                return head, b""
            return head, self._part(url, f"bytes=-{END_BYTES}", deadline)[-END_BYTES:]
        except urllib3.exceptions.HTTPError:
            raise UserError(NOT_IN_TIME) from None

    def _part(self, url: str, part: str, deadline: float) -> bytes:
        left_s = deadline - self._clock()
        if left_s <= 0:
            raise UserError(NOT_IN_TIME)
        answer = self._http.request(
            "GET",
            url,
            headers={"Range": part},
            preload_content=False,
            decode_content=False,
            timeout=urllib3.Timeout(total=left_s),
            redirect=False,
            retries=False,
        )
        try:
            if answer.status not in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
                raise UserError("This picture is gone from Discord. Upload it anew.")
            most = END_BYTES if part.startswith("bytes=0") else MOST_BYTES
            return self._read(answer, most, deadline)
        finally:
            answer.close()  # what is left of a whole file is not waited for

    def _read(self, answer: urllib3.BaseHTTPResponse, most: int, deadline: float) -> bytes:
        data = bytearray()
        for chunk in answer.stream(_CHUNK):
            data += chunk
            if len(data) >= most:
                break
            if self._clock() > deadline:
                raise UserError(NOT_IN_TIME)
        return bytes(data)
