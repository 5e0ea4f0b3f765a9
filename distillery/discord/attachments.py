"""Fetches the files that members attached, from Discord's CDN and nowhere else."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlsplit

import urllib3

from distillery.core.errors import UserError

_TIMEOUT = urllib3.Timeout(connect=3.0, read=10.0)
_CHUNK = 64 * 1024


class DiscordAttachments:
    """Implements `Attachments`. `origins` are the only scheme-and-host pairs ever asked."""

    def __init__(self, http: urllib3.PoolManager, origins: frozenset[str]) -> None:
        self._http = http
        self._origins = origins

    def fetch(self, url: str, max_bytes: int) -> bytes:
        """Return the file's bytes, never more than `max_bytes`, following no redirect."""
        parts = urlsplit(url)
        if f"{parts.scheme}://{parts.netloc}" not in self._origins:
            raise UserError("Attach a file in Discord: a link to another place is not fetched.")
        try:
            answer = self._http.request(
                "GET",
                url,
                preload_content=False,
                timeout=_TIMEOUT,
                redirect=False,
                retries=urllib3.Retry(total=2, redirect=False, status=0, backoff_factor=0.2),
            )
        except urllib3.exceptions.HTTPError:
            raise UserError("Discord did not hand out the attached file. Try again.") from None
        try:
            if answer.status != HTTPStatus.OK:
                raise UserError("The attached file is gone from Discord. Attach it again.")
            return _read(answer, max_bytes)
        finally:
            answer.release_conn()


def _read(answer: urllib3.BaseHTTPResponse, max_bytes: int) -> bytes:
    data = bytearray()
    for chunk in answer.stream(_CHUNK):
        data += chunk
        if len(data) > max_bytes:
            raise UserError("The attached file is larger than Discord said. Attach it again.")
    return bytes(data)
