"""The models that a graph names are here before it is queued; no others are ever fetched."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Set
from pathlib import Path
from threading import Event
from typing import Any

from gpu_container.worker.errors import JobFailed, Kind
from gpu_container.worker.job import Place
from gpu_container.worker.models.declared import S3, Model
from gpu_container.worker.models.download import ModelUnavailable, Watch, bring
from gpu_container.worker.models.http_source import HttpSource
from gpu_container.worker.models.named import models_named_by
from gpu_container.worker.models.verified import Verified, is_whole
from gpu_container.worker.watched_call import watched

log = logging.getLogger(__name__)


class Models:
    """The declared models, and the folders that may hold them in ComfyUI's order.

    A missing one is brought to `fetch_into`; None: it is not. The token is for Hugging Face.
    """

    def __init__(
        self,
        declared: Iterable[Model],
        folders: Iterable[Path],
        *,
        fetch_into: Path | None = None,
        token: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._declared = tuple(declared)
        self._folders = tuple(folders)
        self._fetch_into = fetch_into
        self._token = token
        self._clock = clock
        self._verified = Verified()

    def missing(self, graph: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the declared models that the graph names and that are not here, whole.

        None where no folder is known: then ComfyUI may have its own.
        """
        if not self._folders:
            return ()
        named = models_named_by(graph, self._declared)
        return tuple(model.path for model in named if not self._is_here(model))

    def ensure(
        self,
        graph: Mapping[str, Any],
        deadline: float,
        stop: Event,
        words: Set[Place] = frozenset(),
    ) -> None:
        """Return when every declared model that the graph names is here, whole and right.

        What stands at `words` is somebody's own text: see `models_named_by`. A model that nobody
        declared is ComfyUI's to judge. Raises JobFailed: engine_unavailable (another worker may
        have it), also at `deadline` (seconds of the clock), or interrupted when `stop` is set, even
        while a volume answers nothing. What has arrived by then is kept.
        """
        named = models_named_by(graph, self._declared, words)
        if not named:
            return

        def check() -> None:
            if stop.is_set():
                raise JobFailed(Kind.INTERRUPTED, "interrupted before the model was here")
            if self._clock() >= deadline:
                text = "the time was up before the model was here; what has come of it is kept"
                raise JobFailed(Kind.ENGINE_UNAVAILABLE, text)

        def pause(seconds: float) -> None:
            stop.wait(max(0.0, min(seconds, deadline - self._clock())))

        watch = Watch(check=check, sleep=pause, clock=self._clock)
        watched(lambda: self._ensure_all(named, watch), check)

    def _ensure_all(self, models: Iterable[Model], watch: Watch) -> None:
        for model in models:
            try:
                self._ensure(model, watch)
            except ModelUnavailable as error:
                raise JobFailed(Kind.ENGINE_UNAVAILABLE, str(error)) from error

    def _ensure(self, model: Model, watch: Watch) -> None:
        found = self._found(model)
        if found is not None and self._is_right(found, model, watch):
            return
        if found is not None and found != self._own(model):
            raise ModelUnavailable(
                f"{found} is not what models.toml declares: {model.size} bytes, SHA-256 "
                f"{model.sha256[:16]}… Delete it, or bring it anew: distillery models sync"
            )
        if self._fetch_into is None:
            return  # ComfyUI may have it elsewhere, and says so if not
        source = self._source(model)
        log.info("fetching %s (%d bytes, licence: %s)", model.path, model.size, model.licence)
        bring(model, source, self._fetch_into, watch, self._verified)

    def _found(self, model: Model) -> Path | None:
        """Return the file that ComfyUI loads: the first that it finds, so that has to be right."""
        places = (folder / model.path for folder in self._folders)
        return next((place for place in places if place.exists()), None)

    def _is_here(self, model: Model) -> bool:
        found = self._found(model)
        return found is not None and is_whole(found, model)

    def _own(self, model: Model) -> Path | None:
        return self._fetch_into / model.path if self._fetch_into else None

    def _is_right(self, file: Path, model: Model, watch: Watch) -> bool:
        try:
            return self._verified.is_right(file, model, watch.check)
        except OSError as error:
            raise ModelUnavailable(f"{file} cannot be read: {error.strerror}") from error

    def _source(self, model: Model) -> HttpSource:
        if isinstance(model.source, S3):
            raise ModelUnavailable(
                f"{model.path} is at {model.source}, and a worker holds no AWS credentials. Bring "
                "it to where this worker has its models: distillery models sync"
            )
        return HttpSource(model.source.url, token=self._token)
