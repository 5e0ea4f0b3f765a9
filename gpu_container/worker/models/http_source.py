"""A model file at an HTTPS address, asked for from any byte on."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from gpu_container.worker.store.access import AddressRefused, StoreAccess
from gpu_container.worker.store.origin import parse_origin

HUGGING_FACE = "https://huggingface.co:443"
"""The one origin that is shown a token."""
_ANYWHERE_PUBLIC = StoreAccess()
_HOPS = 5
_CONNECT_S = 10.0
_SILENCE_S = 10.0  # what has arrived is kept; and a worker must end within 30 s
_LONGEST_PAUSE_S = 60.0
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")
_PASSES = frozenset({408, 425, 429})
_NOT_FOR_YOU = (
    ": it wants to know who asks. At Hugging Face: accept the licence on the model's page and set "
    "HF_TOKEN. At S3: look at the credentials and AWS_REGION"
)
_ADVICE = {
    401: _NOT_FOR_YOU,
    403: _NOT_FOR_YOU,
    404: ": there is no such file; look at its source in models.toml",
    410: ": the file is gone; look at its source in models.toml",
}


class SourceRefused(Exception):
    """The place will not give the file, however often it is asked."""


class SourceBroke(Exception):
    """No answer, or one that ended early: it may work the next time, after `pause_s`."""

    def __init__(self, message: str, pause_s: float = 0.0) -> None:
        super().__init__(message)
        self.pause_s = pause_s


class RestIsNotThere(Exception):
    """What is here already cannot be continued: begin with the first byte."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Bytes from `start` on. `total` is the size of the whole file, where the place says it.

    `read` returns at most so many bytes, none at the end, and raises SourceBroke.
    """

    start: int
    total: int | None
    etag: str | None
    read: Callable[[int], bytes]
    close: Callable[[], None]


class HttpSource:
    """One address, which its operator chose: it may lead into a private network.

    A redirect is somebody else's choice: it may lead to public https addresses only (`elsewhere`).
    The token goes to Hugging Face, and no further.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        elsewhere: StoreAccess = _ANYWHERE_PUBLIC,
        silence_s: float = _SILENCE_S,
    ) -> None:
        self._url = url
        self._token = token
        self._elsewhere = elsewhere
        self._silence_s = silence_s

    def open(self, offset: int, etag: str | None) -> Answer:
        """Ask for the bytes from `offset` on of the very file that had this strong ETag.

        The answer may begin at 0 instead. Raises SourceRefused, SourceBroke or RestIsNotThere.
        """
        headers = {"Accept-Encoding": "identity"}  # a length is of the file, not of its packing
        if offset:
            headers["Range"] = f"bytes={offset}-"
            if etag:
                headers["If-Range"] = etag
        with ExitStack() as opened:
            try:
                response = self._ask(opened, headers)
            except AddressRefused as error:
                raise SourceRefused(f"{self._host()} leads elsewhere: {error}") from error
            except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
                text = f"{self._host()} did not answer: {type(error).__name__}"
                raise SourceBroke(text) from error
            start, total = _extent(response, offset)
            return Answer(
                start, total, _strong(response), _reader(response), opened.pop_all().close
            )

    def _ask(self, opened: ExitStack, headers: dict[str, str]) -> requests.Response:
        """Follow the redirects to a response; `opened` closes it."""
        url, token, home = self._url, self._token, _origin(self._url)
        for _ in range(_HOPS):
            origin = _origin(url)
            access = StoreAccess(frozenset({origin})) if origin == home else self._elsewhere
            if origin != HUGGING_FACE:
                token = None  # and gone it stays, also if the way leads back
            shown = {"Authorization": f"Bearer {token}"} if token else {}
            session = opened.enter_context(access.session())
            patience = (_CONNECT_S, self._silence_s)
            response = opened.enter_context(
                session.get(url, headers=headers | shown, stream=True, timeout=patience)
            )
            if not response.is_redirect:
                return response
            url = urljoin(url, response.headers["Location"])
        raise SourceRefused(f"{self._host()} redirects more than {_HOPS} times")

    def _host(self) -> str:
        return urlsplit(self._url).netloc


def _origin(url: str) -> str:
    origin = parse_origin(url)
    if origin is None:
        raise AddressRefused("it is no plain http(s) address")
    return origin


def _extent(response: requests.Response, offset: int) -> tuple[int, int | None]:
    """Return the first byte's place and the file's size, of an answer that has the file."""
    status = response.status_code
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise SourceRefused("the server sends the file compressed, though it was asked not to")
    if status == HTTPStatus.OK:
        length = response.headers.get("Content-Length", "")
        return 0, int(length) if length.isdecimal() else None
    if status == HTTPStatus.PARTIAL_CONTENT:
        found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if found is None or int(found[1]) != offset:
            raise RestIsNotThere("the server sent another part of the file than was asked for")
        return offset, None if found[3] == "*" else int(found[3])
    if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        raise RestIsNotThere("the server's file is shorter than what is here of it")
    raise _refusal(response)


def _refusal(response: requests.Response) -> Exception:
    status, host = response.status_code, urlsplit(str(response.url)).hostname
    if status in _PASSES or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return SourceBroke(f"{host} answered HTTP {status}", _pause_asked_for(response))
    return SourceRefused(f"{host} answered HTTP {status}{_ADVICE.get(status, '')}")


def _pause_asked_for(response: requests.Response) -> float:
    with suppress(ValueError):
        return min(float(int(response.headers.get("Retry-After", "0"))), _LONGEST_PAUSE_S)
    return 0.0


def _strong(response: requests.Response) -> str | None:
    """Return the ETag unless it is weak: RFC 9110, 13.1.5 forbids a weak one in If-Range."""
    etag = response.headers.get("ETag", "")
    return etag if etag.startswith('"') and etag.isascii() and etag.isprintable() else None


def _reader(response: requests.Response) -> Callable[[int], bytes]:
    raw: Any = response.raw

    def read(most: int) -> bytes:
        try:
            data: bytes = raw.read1(most, decode_content=False)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise SourceBroke(f"the connection broke: {type(error).__name__}") from error
        return data

    return read
