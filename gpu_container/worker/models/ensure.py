"""The models that a graph names are here before it is queued; no others are ever fetched."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from pathlib import Path, PurePosixPath
from threading import Event
from typing import Any

from gpu_container.worker.errors import JobFailed, Kind
from gpu_container.worker.job import Place
from gpu_container.worker.models.declared import S3, Model
from gpu_container.worker.models.download import ModelUnavailable, Watch, bring
from gpu_container.worker.models.http_source import HttpSource
from gpu_container.worker.models.verified import Verified, is_whole

log = logging.getLogger(__name__)

_EMBEDDING = re.compile(r"embedding:([\w./+-]+)")  # ComfyUI's way to name one within a prompt


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
        have it), also at `deadline` (seconds of the clock), or interrupted when `stop` is set.
        What has arrived by then is kept.
        """

        def check() -> None:
            if stop.is_set():
                raise JobFailed(Kind.INTERRUPTED, "interrupted before the model was here")
            if self._clock() >= deadline:
                text = "the time was up before the model was here; what has come of it is kept"
                raise JobFailed(Kind.ENGINE_UNAVAILABLE, text)

        def pause(seconds: float) -> None:
            stop.wait(max(0.0, min(seconds, deadline - self._clock())))

        watch = Watch(check=check, sleep=pause, clock=self._clock)
        for model in models_named_by(graph, self._declared, words):
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


def models_named_by(
    graph: Mapping[str, Any], models: Iterable[Model], words: Set[Place] = frozenset()
) -> tuple[Model, ...]:
    """Return the models that the graph's inputs name, in the order of `models`.

    Found by what the inputs say, not by a list of loader classes: every custom node brings its own.
    But what a member wrote into the inputs of `words` names only embeddings, ComfyUI's way: a
    prompt that is called as a model is a prompt. A name that lies in two folders names both files,
    because a graph does not say which it means.
    """
    texts = [(place, text) for place, value in _inputs(graph) for text in _texts(value)]
    names = {text for place, text in texts if place not in words}
    embeddings = {name for _, text in texts for name in _EMBEDDING.findall(text)}
    return tuple(m for m in models if m.name in names or _is_embedding_among(m, embeddings))


def _inputs(graph: Mapping[str, Any]) -> Iterator[tuple[Place, Any]]:
    for node_id, node in graph.items():
        inputs = node.get("inputs") if isinstance(node, Mapping) else None
        for name, value in inputs.items() if isinstance(inputs, Mapping) else ():
            yield (node_id, name), value


def _texts(value: Any) -> Iterator[str]:
    """Yield every text in the value of an input; some nodes keep theirs a level deeper."""
    left = [value]
    while left:
        held = left.pop()
        if isinstance(held, str):
            yield held
        elif isinstance(held, Mapping):
            left.extend(held.values())
        elif isinstance(held, list):
            left.extend(held)


def _is_embedding_among(model: Model, named: set[str]) -> bool:
    bare = str(PurePosixPath(model.name).with_suffix(""))
    return model.folder == "embeddings" and not named.isdisjoint({model.name, bare})
