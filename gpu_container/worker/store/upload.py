"""Stores a file at a pre-signed POST: the only way anything leaves the worker."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from functools import partial
from http import HTTPStatus

from gpu_container.worker.errors import JobFailed, Kind
from gpu_container.worker.job import UploadTarget
from gpu_container.worker.store.access import AddressRefused, StoreAccess
from gpu_container.worker.store.content import Content
from gpu_container.worker.store.form import Form
from gpu_container.worker.store.origin import parse_origin
from gpu_container.worker.store.questions import StoreQuestions
from gpu_container.worker.watched_call import watched
from gpu_container.worker.wire import NoAnswer

log = logging.getLogger(__name__)

_TRY_AGAIN = frozenset({408, 425, 429})
_MAX_PAUSE_S = 8.0


def _always() -> None:
    """Let everything go on."""


class Uploader:
    """Posts files over connections that stay open and tries again what may pass by itself.

    Any number of threads may use one.
    """

    def __init__(
        self,
        store: StoreAccess | None = None,
        *,
        attempts: int = 5,
        timeout_s: float = 60.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._attempts = attempts
        self._timeout_s = timeout_s
        self._sleep = sleep
        self._store = StoreQuestions(store or StoreAccess())

    def post(
        self,
        target: UploadTarget,
        name: str,
        data: bytes | Content,
        content_type: str,
        check: Callable[[], None] = _always,
    ) -> str:
        """Store `data` and return its SHA-256 in hexadecimal; `name` replaces ${filename}.

        It is read as it is sent. `check` is called before each piece and ten times a second: what
        it raises ends the upload. No answer, one that drips, 5xx and 408/425/429 are tried again
        with growing pauses. Raises JobFailed(upload_failed), with the origin but never the signed
        URL in its message.
        """
        content = (data,) if isinstance(data, bytes) else data
        problem = ""
        for attempt in range(self._attempts):
            if attempt:
                pause = min(0.5 * 2 ** (attempt - 1), _MAX_PAUSE_S)
                watched(partial(self._sleep, pause), check)
            pace = _Pace(self._timeout_s, check)
            form = _form(target, name, content, content_type, pace.moved)
            try:
                pace.moved()
                status = self._send(target.url, form, pace)
            except AddressRefused as refusal:
                problem = f"its address is refused: {refusal}"
                break
            except NoAnswer as error:
                problem = type(error).__name__
            else:
                if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
                    return form.sha256
                problem = f"HTTP {status}"
                if status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in _TRY_AGAIN:
                    break
            log.warning("storing %s: %s (try %d)", name, problem, attempt + 1)
        origin = parse_origin(target.url) or "the store"
        raise JobFailed(Kind.UPLOAD_FAILED, f"{origin} did not store {name}: {problem}")

    def close(self) -> None:
        """Drop the connections."""
        self._store.close()

    def _send(self, url: str, form: Form, pace: _Pace) -> int:
        headers = {"Content-Type": form.content_type, "Content-Length": str(len(form))}
        return self._store.ask(
            "POST", url, pace.check, body=form, headers=headers, timeout_s=math.inf
        )


class _Stalled(NoAnswer):
    """The store took no more, or has not answered, for too long by the clock on the wall."""


class _Pace:
    """Ends one try that does not move on for so many seconds, or with what `check` raises.

    A connection's own timeout begins anew with each byte of an answer.
    """

    def __init__(self, within_s: float, check: Callable[[], None]) -> None:
        self._within_s = within_s
        self._check = check
        self._moved_at = time.monotonic()
        self._stalled = False

    def moved(self) -> None:
        """Note that another piece can be sent; not once the try was given up."""
        self.check()
        self._moved_at = time.monotonic()

    def check(self) -> None:
        """Raise what ends the try."""
        self._check()
        if self._stalled or time.monotonic() - self._moved_at > self._within_s:
            self._stalled = True
            raise _Stalled


def _form(
    target: UploadTarget,
    name: str,
    content: Content,
    content_type: str,
    check: Callable[[], None],
) -> Form:
    fields = {**target.fields, "key": target.fields["key"].replace("${filename}", name)}
    fields.setdefault("Content-Type", content_type)
    return Form(fields, name, content_type, content, check)
