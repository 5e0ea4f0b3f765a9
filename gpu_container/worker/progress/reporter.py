"""The thread that tells how far a job is, without ever delaying it."""

from __future__ import annotations

import base64
import json
import logging
import time
from collections.abc import Callable
from threading import Condition
from typing import Any

from gpu_container.worker.comfy.web_socket import Message, Preview
from gpu_container.worker.errors import JobFailed
from gpu_container.worker.job import Job
from gpu_container.worker.later import Later, later
from gpu_container.worker.progress.preview import small_jpeg
from gpu_container.worker.progress.tracker import Snapshot, Tracker
from gpu_container.worker.progress.weights import Rates
from gpu_container.worker.store.upload import Uploader

log = logging.getLogger(__name__)

PATIENCE_S = 3.0
"""For a file to be stored. It is given up then: the next one says more."""
LAST_S = 1.0
"""From its beginning, for a file that is on its way when the job ends: most take a tenth of it."""
FIRST_S = 0.25
"""A job that is over sooner needs no progress, nor what its file would cost."""


class Reporter:
    """Sends progress.json from a thread of its own, at most once per interval.

    The thread begins FIRST_S after the first event, so that a job that is over sooner needs none.
    `end` lets no more be sent and returns at once; `stop` also waits for a file that is on its
    way, so that progress does not come after the result, but only until LAST_S after that was
    begun: a store that takes longer is not worth the result's delay. A progress file that cannot
    be stored is let go: the next one says more.
    """

    def __init__(
        self,
        job: Job,
        uploader: Uploader,
        *,
        started: float,
        clock: Callable[[], float] = time.monotonic,
        rates: Rates | None = None,
    ) -> None:
        self._job = job
        self._uploader = uploader
        self._started = started
        self._clock = clock
        self._tracker = Tracker(job, rates)
        self._changed = Condition()
        self._news = False
        self._waits_for_news = False
        self._ended = False
        self._sent_at = 0.0
        self._sequence = 0
        self._telling: Later | None = None

    def see(self, event: Message | Preview) -> None:
        """Take an event and return at once."""
        with self._changed:
            self._tracker.see(event, self._clock())
            self._news = True
            if self._waits_for_news:
                self._changed.notify()
        if self._telling is None and not self._has_ended():
            first_s = min(FIRST_S, self._job.limits.progress_interval_s)
            self._telling = later(first_s, self._send_all, "progress")

    def end(self) -> None:
        """Begin no other file, and return at once."""
        with self._changed:
            self._ended = True
            self._changed.notify()
        if self._telling is not None:
            self._telling.call_off()

    def stop(self) -> None:
        """End, and wait a little for a file that is on its way."""
        self.end()
        if self._telling is None:
            return
        if not self._telling.wait(max(0.0, LAST_S - (self._clock() - self._sent_at))):
            log.warning("a progress file that its store does not take was left behind")

    def _has_ended(self) -> bool:
        return self._ended

    def _send_all(self) -> None:
        interval = self._job.limits.progress_interval_s
        while (snapshot := self._next()) is not None:
            self._send(snapshot)
            self._pause(interval)

    def _pause(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(self._has_ended, timeout=seconds)

    def _next(self) -> Snapshot | None:
        with self._changed:
            self._waits_for_news = True
            self._changed.wait_for(lambda: self._news or self._has_ended())
            self._waits_for_news = self._news = False
            return None if self._has_ended() else self._tracker.snapshot(self._clock())

    def _send(self, snapshot: Snapshot) -> None:
        self._sequence += 1
        self._sent_at = self._clock()
        document = json.dumps(self._document(snapshot)).encode()
        try:
            self._uploader.post(
                self._job.upload_progress, "progress.json", document, "application/json"
            )
        except JobFailed as error:
            log.warning("progress was not stored: %s", error)

    def _document(self, snapshot: Snapshot) -> dict[str, Any]:
        jpeg = small_jpeg(snapshot.preview) if snapshot.preview else None
        return {
            "version": 1,
            "job_id": self._job.job_id,
            "attempt": self._job.attempt,
            "sequence": self._sequence,
            "percent": snapshot.percent,
            "step": snapshot.step,
            "steps": snapshot.steps,
            "node_id": snapshot.node_id,
            "node_title": self._job.node(snapshot.node_id).title,
            "preview": jpeg
            and {"content_type": "image/jpeg", "base64": base64.b64encode(jpeg).decode()},
            "eta_s": None if snapshot.eta_s is None else round(snapshot.eta_s, 1),
            "elapsed_s": round(self._clock() - self._started, 3),
        }
