"""Brings one model file into a folder: whole and right, or not at all.

The bytes gather under a hidden name beside it, survive whatever ends the process, and get the
final name only when their hash, read back from the disk, is the declared one.
"""

from __future__ import annotations

import errno
import glob
import logging
import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gpu_container.worker.models.claim import Claim, ClaimLost
from gpu_container.worker.models.declared import Model
from gpu_container.worker.models.http_source import (
    Answer,
    HttpSource,
    RestIsNotThere,
    SourceBroke,
    SourceRefused,
)
from gpu_container.worker.models.verified import Verified, sha256_of
from gpu_container.worker.watched_call import watched

log = logging.getLogger(__name__)

_CHUNK_BYTES = 1 << 20
_TRIES_WITHOUT_PROGRESS = 5
_LONGEST_PAUSE_S = 16.0
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_GIB = 1 << 30


class ModelUnavailable(Exception):
    """The file is not there and could not be brought; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Watch:
    """How a download is followed. `check` may raise to end it; what is here by then is kept.

    `saw` is told after every piece how many bytes are here.
    """

    check: Callable[[], None] = lambda: None
    saw: Callable[[int], None] = lambda _: None
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic


def bring(
    model: Model,
    source: HttpSource,
    folder: Path,
    watch: Watch | None = None,
    verified: Verified | None = None,
) -> bool:
    """Bring the model below `folder`, and say whether this process did it.

    False: it was there, or another process brought it meanwhile. A file with another content is
    replaced. Raises ModelUnavailable, and whatever `watch.check` raises.
    """
    watch, verified = watch or Watch(), verified or Verified()
    target = folder / model.path
    try:
        if verified.is_right(target, model, watch.check):
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        lock = target.with_name(f".{target.name}.lock")
        claim = Claim(lock, clock=watch.clock, sleep=watch.sleep)
        with claim.held(watch.check):
            if verified.is_right(target, model, watch.check):
                return False
            _Download(model, source, target, claim, watch).run()
            verified.note(target, model)
    except ClaimLost as error:
        raise ModelUnavailable(f"{model.path}: {error}") from error
    except OSError as error:
        raise ModelUnavailable(f"{model.path}: {_disk_problem(error, target, model)}") from error
    return True


class _Download:
    def __init__(
        self, model: Model, source: HttpSource, target: Path, claim: Claim, watch: Watch
    ) -> None:
        self._model = model
        self._source = source
        self._target = target
        self._claim = claim
        self._watch = watch
        # With the hash in its name, it is never continued with another file's bytes.
        self._part = target.with_name(f".{target.name}.{model.sha256[:16]}.part")
        self._etag = self._part.with_suffix(".etag")
        self._in_one_answer = False

    def run(self) -> None:
        self._drop_older_parts()
        self._check_room()
        self._gather()
        if not self._is_right() and not self._in_one_answer:
            # Pieces of two versions, or of a disk that lost some: only a whole answer tells.
            self._drop()
            self._gather()
        if not self._is_right():
            self._drop()
            raise self._failed(
                "what the source has is not the file that models.toml declares (its SHA-256 is "
                "another); it was deleted. Check sha256 and source"
            )
        self._publish()

    def _gather(self) -> None:
        """Read until every byte is here, in as many answers as it takes."""
        best, tries = self._here(), 0
        while self._here() < self._model.size:
            self._watch.check()
            pause_s = 0.0
            try:
                return self._read_on()
            except RestIsNotThere as error:
                problem = str(error)
                self._drop()
            except SourceBroke as error:
                problem, pause_s = str(error), error.pause_s
            except SourceRefused as error:
                raise self._failed(str(error)) from error
            here = self._here()
            best, tries = max(best, here), 1 if here > best else tries + 1
            if tries >= _TRIES_WITHOUT_PROGRESS:
                raise self._failed(f"{problem}; {here} of {self._model.size} bytes are here")
            log.warning("%s: %s (try %d)", self._model.path, problem, tries)
            self._watch.sleep(max(pause_s, min(2.0 ** (tries - 1), _LONGEST_PAUSE_S)))
        return None

    def _read_on(self) -> None:
        """Append one answer to what is here, to the last byte."""
        known = self._known_etag()
        here = self._here()
        answer = watched(
            lambda: self._source.open(here, known), self._watch.check, lambda late: late.close()
        )
        try:
            if answer.total not in {None, self._model.size}:
                raise SourceRefused(
                    f"the source's file has {answer.total} bytes, models.toml says "
                    f"{self._model.size}: it has changed, or the size is wrong"
                )
            self._in_one_answer = answer.start == 0
            if self._in_one_answer:
                self._drop()
                self._etag.write_text(answer.etag or "")
            elif answer.start != self._here() or (known and answer.etag not in {None, known}):
                raise RestIsNotThere("the source's file has changed")
            self._append(answer)
        finally:
            answer.close()

    def _append(self, answer: Answer) -> None:
        here = answer.start
        with self._part.open("ab", buffering=_CHUNK_BYTES) as file:
            while chunk := answer.read(_CHUNK_BYTES):
                here += len(chunk)
                if here > self._model.size:
                    self._drop()
                    raise SourceRefused(
                        f"the source sends more than the {self._model.size} bytes of models.toml"
                    )
                self._claim.confirm()
                file.write(chunk)
                self._watch.saw(here)
                self._watch.check()
        if here < self._model.size:
            raise SourceBroke("the source ended before the file did")

    def _is_right(self) -> bool:
        return (
            self._here() == self._model.size
            and sha256_of(self._part, self._watch.check) == self._model.sha256
        )

    def _publish(self) -> None:
        with self._part.open("rb") as file:
            os.fsync(file.fileno())
        self._claim.beat()
        self._part.replace(self._target)
        folder = os.open(self._target.parent, os.O_RDONLY)
        try:
            with suppress(OSError):  # not every network disk can; the file itself is safe
                os.fsync(folder)
        finally:
            os.close(folder)
        self._etag.unlink(missing_ok=True)

    def _here(self) -> int:
        try:
            return self._part.stat().st_size
        except FileNotFoundError:
            return 0

    def _known_etag(self) -> str | None:
        try:
            return self._etag.read_text() or None
        except (OSError, UnicodeDecodeError):
            return None

    def _drop(self) -> None:
        self._part.unlink(missing_ok=True)
        self._etag.unlink(missing_ok=True)

    def _drop_older_parts(self) -> None:
        """Remove what is left of other versions of this file, and a part that is too long."""
        any_hash = "[0-9a-f]" * 16
        for path in self._target.parent.glob(f".{glob.escape(self._target.name)}.{any_hash}.*"):
            if path.stem != self._part.stem:
                path.unlink(missing_ok=True)
        if self._here() > self._model.size:
            self._drop()

    def _check_room(self) -> None:
        missing = self._model.size - self._here()
        if shutil.disk_usage(self._target.parent).free < missing:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _failed(self, why: str) -> ModelUnavailable:
        return ModelUnavailable(f"{self._model.path} from {self._model.source}: {why}")


def _disk_problem(error: OSError, target: Path, model: Model) -> str:
    if error.errno in _NO_ROOM:
        need = f"{model.size / _GIB:.1f} GiB"
        return f"no room in {target.parent} for its {need}; make some, what is here already is kept"
    return f"cannot be written to {target.parent}: {error.strerror or error}"
