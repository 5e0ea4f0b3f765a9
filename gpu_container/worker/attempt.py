"""Whether this run of an attempt is wanted: not cancelled, and no other run has it.

Both are asked of the store over pre-signed URLs. They are a courtesy: a store that is away, slow
or refuses can neither stop a job nor hold it up for longer than a short timeout.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from threading import Event

from gpu_container.worker.errors import JobFailed, Kind
from gpu_container.worker.job import Job
from gpu_container.worker.later import Later, later
from gpu_container.worker.store.access import AddressRefused, StoreAccess
from gpu_container.worker.store.questions import StoreQuestions
from gpu_container.worker.wire import NoAnswer

log = logging.getLogger(__name__)

_TAKEN = frozenset({HTTPStatus.PRECONDITION_FAILED, HTTPStatus.CONFLICT})
"""S3, "Prevent object overwrites with conditional writes": the object is there, or two write it."""


class AttemptTaken(Exception):
    """Another run has this attempt; this one leaves no trace."""


class Attempts:
    """Asks the store about attempts. Times in seconds."""

    def __init__(
        self, store: StoreAccess | None = None, *, poll_s: float = 2.0, timeout_s: float = 3.0
    ) -> None:
        self._store = StoreQuestions(store or StoreAccess())
        self._poll_s = poll_s
        self._timeout_s = timeout_s

    @contextmanager
    def hold(self, job: Job, stop: Event) -> Iterator[CancelWatch]:
        """Run the block as the one run of the attempt; set `stop` once the job is cancelled.

        Raises AttemptTaken before the block, and JobFailed(interrupted) before it or after it if
        the job is cancelled by then.
        """
        if self.is_cancelled(job):
            raise _cancelled()
        if self._is_taken(job):
            raise AttemptTaken
        with CancelWatch(self, job, stop, self._poll_s) as watch:
            try:
                yield watch
            except JobFailed as failure:
                if failure.kind is Kind.INTERRUPTED:
                    watch.check()
                raise
            watch.check()

    def is_cancelled(self, job: Job) -> bool:
        """Ask whether somebody has cancelled the attempt."""
        return job.cancel_url is not None and self._ask("GET", job.cancel_url) == HTTPStatus.OK

    def close(self) -> None:
        """Drop the connections."""
        self._store.close()

    def _is_taken(self, job: Job) -> bool:
        """Claim the attempt. Asked once: a second PUT would lose against the first one's mark."""
        claim = job.claim
        return claim is not None and self._ask("PUT", claim.url, claim.headers) in _TAKEN

    def _ask(self, method: str, url: str, headers: Mapping[str, str] | None = None) -> int | None:
        """Return the status of the answer, or None without one."""
        try:
            return self._store.ask(
                method, url, lambda: None, headers=headers, timeout_s=self._timeout_s
            )
        except (NoAnswer, AddressRefused) as error:
            log.warning("the store was not asked about the attempt: %s", type(error).__name__)
            return None


class CancelWatch:
    """Asks again and again, from a thread that is there only for it, whether the job is cancelled.

    Leaving it does not wait for a question that is on its way: that ends by its own timeout, and
    its answer is about a job that is over.
    """

    def __init__(self, attempts: Attempts, job: Job, stop: Event, every_s: float) -> None:
        self._attempts = attempts
        self._job = job
        self._stop = stop
        self._every_s = every_s
        self._cancelled = Event()
        self._is_over = False
        self._next: Later | None = None

    def __enter__(self) -> CancelWatch:
        if self._job.cancel_url is not None:
            self._look_later()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over = True
        if self._next is not None:
            self._next.call_off()

    def check(self) -> None:
        """Raise JobFailed(interrupted) if the job has been cancelled."""
        if self._cancelled.is_set():
            raise _cancelled()

    def _look_later(self) -> None:
        self._next = later(self._every_s, self._look, "cancel")

    def _look(self) -> None:
        if self._is_over:
            return
        if self._attempts.is_cancelled(self._job):
            self._cancelled.set()  # first, so that whoever sees `stop` knows why
            self._stop.set()
        else:
            self._look_later()


def _cancelled() -> JobFailed:
    return JobFailed(Kind.INTERRUPTED, "the job was cancelled")
