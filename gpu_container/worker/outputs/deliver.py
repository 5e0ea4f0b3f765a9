"""Stores the files of a job, each as soon as its node has finished, beside the rest of the graph.

What the socket did not tell comes from /history at the end; that also decides what the result is.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Lock
from typing import Any

from gpu_container.worker.comfy.web_socket import Message, Preview
from gpu_container.worker.errors import JobFailed, Kind
from gpu_container.worker.job import Job
from gpu_container.worker.outputs import picture
from gpu_container.worker.outputs.find import EngineFile, OutputFile, find_outputs, node_outputs
from gpu_container.worker.outputs.kinds import HEAD_BYTES, TEXT, WEBP, FileKind, sniff
from gpu_container.worker.outputs.locate import EngineWithFiles, check_size, located
from gpu_container.worker.outputs.metadata import MAX_BYTES, encode, with_metadata, xmp_packet
from gpu_container.worker.result import StoredCopy, StoredOutput
from gpu_container.worker.spare_threads import Task, begin
from gpu_container.worker.store.content import Content, size, whole
from gpu_container.worker.store.upload import Uploader

log = logging.getLogger(__name__)

_STREAMS = 3  # files that are on their way at once
_TICK_S = 0.1  # the longest that a cancelled job goes unseen
_END_S = 5.0
_AT_LEAST_S = 10.0  # to store files in, when the job's time is used up or the worker must end

_Stored = Future[StoredOutput]


class Delivery:
    """Stores what the job's output nodes made, in threads of its own.

    `check` is asked often and ends the delivery with what it raises. Times in seconds.
    """

    def __init__(
        self,
        job: Job,
        engine: EngineWithFiles,
        uploader: Uploader,
        *,
        check: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._job = job
        self._engine = engine
        self._uploader = uploader
        self._ask = check
        self._clock = clock
        self._metadata = _fitting(job)
        self._begun: dict[str, tuple[OutputFile, _Stored]] = {}
        self._waiting: SimpleQueue[tuple[OutputFile, _Stored] | None] = SimpleQueue()
        self._streams: list[Task] = []
        self._over = Event()
        self._give_up_at = math.inf
        self._converting = Lock()  # one picture at a time lies decoded in memory

    def see(self, event: Message | Preview) -> None:
        """Take an event of the run and return at once; begin with the files of a finished node."""
        if isinstance(event, Preview) or event.type != "executed":
            return
        node_id, output = event.data.get("node"), event.data.get("output")
        if node_id not in self._job.outputs or not isinstance(output, dict):
            return
        for file in node_outputs(self._job, node_id, output):
            room = len(self._begun) < self._job.limits.max_outputs
            if room and file.stem not in self._begun:
                self._begin(file)

    def finish(
        self, outputs: Mapping[str, Any], deadline: float, stop: Event
    ) -> tuple[StoredOutput, ...]:
        """Store what is missing of /history's `outputs` and return all, in the job's order.

        A file that was begun and is not in `outputs`, or beyond max_outputs, is left out. Once
        `stop` is set little time is left. Raises JobFailed: no_output, upload_failed also at
        `deadline`, or why a file is not to be had.
        """
        files = self._wanted(outputs)
        self._give_up_at = max(deadline, self._clock() + _AT_LEAST_S)
        futures = [self._take_up(file, stop) for file in files]
        self._wait_for(futures, stop)
        return tuple(future.result() for future in futures)

    def close(self) -> None:
        """End it, whatever is on its way: nothing is stored once this has returned in good time."""
        self._over.set()
        for _ in self._streams:
            self._waiting.put(None)
        give_up_at = time.monotonic() + _END_S
        for stream in self._streams:
            stream.wait(max(0.0, give_up_at - time.monotonic()))

    def _wanted(self, outputs: Mapping[str, Any]) -> list[OutputFile]:
        files = find_outputs(self._job, outputs)
        if not files:
            names = ", ".join(str(self._job.node(node).title) for node in self._job.outputs)
            raise JobFailed(Kind.NO_OUTPUT, f"the run ended but made no file in: {names}")
        most = self._job.limits.max_outputs
        if len(files) > most:
            log.warning("%d files were made, only the first %d are delivered", len(files), most)
        return files[:most]

    def _take_up(self, file: OutputFile, stop: Event) -> _Stored:
        """Return the file's future: the one that was begun, unless the run was repeated since."""
        before, future = self._begun.get(file.stem, (None, None))
        if future is None:
            return self._begin(file)
        if before == file and not _is_worth_another_try(future):
            return future
        with suppress(JobFailed):  # both have one name in the store: the later must come last
            self._wait_for([future], stop)
        return self._begin(file)

    def _wait_for(self, futures: list[_Stored], stop: Event) -> None:
        waiting, is_short = set(futures), False
        while waiting:
            done, waiting = wait(waiting, _TICK_S, "FIRST_EXCEPTION")
            if stop.is_set() and not is_short:
                is_short = True
                self._give_up_at = min(self._give_up_at, self._clock() + _AT_LEAST_S)
            self._check()
            for future in done:
                future.result()

    def _begin(self, file: OutputFile) -> _Stored:
        future = _Stored()
        self._begun[file.stem] = file, future
        self._waiting.put((file, future))
        if len(self._streams) < _STREAMS:
            self._streams.append(begin(self._work, "delivery"))
        return future

    def _work(self) -> None:
        while (task := self._waiting.get()) is not None:
            file, future = task
            try:
                future.set_result(self._store(file))
            except Exception as error:  # noqa: BLE001  whoever waits for the file gets it
                future.set_exception(error)

    def _check(self) -> None:
        self._ask()
        if self._over.is_set():
            raise JobFailed(Kind.INTERRUPTED, "the job ended before its files were stored")
        if self._clock() >= self._give_up_at:
            raise JobFailed(
                Kind.UPLOAD_FAILED, "the files could not be stored within the job's time"
            )

    def _store(self, file: OutputFile) -> StoredOutput:
        self._check()
        most = self._job.limits.max_output_bytes
        if isinstance(file.source, EngineFile):
            with located(self._engine, file.source, most, self._check) as path:
                return self._store_file(file, path, file.source.filename)
        data = file.source.encode(errors="replace")
        check_size("a text", len(data), most)
        digest = self._post(f"{file.stem}{TEXT.extension}", (data,), TEXT)
        return StoredOutput(
            f"{file.stem}{TEXT.extension}", file.node_id, TEXT.content_type, len(data), digest
        )

    def _store_file(self, file: OutputFile, path: Path, filename: str) -> StoredOutput:
        with path.open("rb") as data:
            kind = sniff(data.read(HEAD_BYTES), filename)
        content = self._content(path, kind)
        name = f"{file.stem}{kind.extension}"
        digest = self._post(name, content, kind)
        width, height = (picture.image_size(path) if kind.is_image else None) or (None, None)
        variant, thumbnail = self._copies(file, path, kind, size(content))
        return StoredOutput(
            name,
            file.node_id,
            kind.content_type,
            size(content),
            digest,
            width,
            height,
            variant,
            thumbnail,
            animated=kind.is_image and picture.is_animated(path),
        )

    def _content(self, path: Path, kind: FileKind) -> Content:
        plain = whole(path)
        if self._metadata is None:
            return plain
        content = with_metadata(path, kind, self._metadata)
        return content if size(content) <= self._job.limits.max_output_bytes else plain

    def _copies(
        self, file: OutputFile, path: Path, kind: FileKind, bytes_: int
    ) -> tuple[StoredCopy | None, StoredCopy | None]:
        wish = self._job.variants
        if wish is None or not kind.is_image:
            return None, None
        if bytes_ <= wish.max_bytes and picture.is_shown(path, kind):
            return None, None
        packet = xmp_packet(self._metadata) if self._metadata is not None else b""
        with self._converting:
            copy = picture.smaller_copy(path, wish.max_bytes, packet)
            small = picture.thumbnail(path, wish.thumbnail_px)
        return self._store_copy(file, "variant", copy), self._store_copy(file, "thumbnail", small)

    def _store_copy(
        self, file: OutputFile, word: str, copy: picture.Copy | None
    ) -> StoredCopy | None:
        if copy is None:
            return None
        name = f"{file.stem}.{word}{WEBP.extension}"
        digest = self._post(name, (copy.data,), WEBP)
        kind = WEBP.content_type
        return StoredCopy(name, kind, len(copy.data), digest, copy.width, copy.height)

    def _post(self, name: str, content: Content, kind: FileKind) -> str:
        return self._uploader.post(
            self._job.upload_outputs, name, content, kind.content_type, self._check
        )


def _fitting(job: Job) -> str | None:
    text = encode(job.metadata) if job.metadata else None
    if text is not None and len(text.encode()) > MAX_BYTES:
        log.warning("the metadata has more than %d bytes and is left out", MAX_BYTES)
        return None
    return text


def _is_worth_another_try(future: _Stored) -> bool:
    """A file that could not be had while the engine died may be there again; a store that refused
    has been asked often enough.
    """
    if not future.done():
        return False
    error = future.exception()
    return error is not None and not (
        isinstance(error, JobFailed) and error.kind is Kind.UPLOAD_FAILED
    )
