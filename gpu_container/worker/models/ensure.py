"""The models that a graph names are here before it is queued; no others are ever fetched."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from threading import Event
from typing import Any

from gpu_container.worker.errors import JobFailed, Kind
from gpu_container.worker.models.declared import S3, Model
from gpu_container.worker.models.download import ModelUnavailable, Watch, bring, is_whole
from gpu_container.worker.models.http_source import HttpSource

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

    def ensure(self, graph: Mapping[str, Any], deadline: float, stop: Event) -> None:
        """Return when every declared model that the graph names is here, whole.

        A model that nobody declared is ComfyUI's to judge. Raises JobFailed: engine_unavailable
        (another worker may have it), also at `deadline` (seconds of the clock), or interrupted when
        `stop` is set. What has arrived by then is kept.
        """

        def check() -> None:
            if stop.is_set():
                raise JobFailed(Kind.INTERRUPTED, "interrupted while a model was fetched")
            if self._clock() >= deadline:
                text = "the time was up before the model was here; what has come of it is kept"
                raise JobFailed(Kind.ENGINE_UNAVAILABLE, text)

        def pause(seconds: float) -> None:
            stop.wait(max(0.0, min(seconds, deadline - self._clock())))

        watch = Watch(check=check, sleep=pause, clock=self._clock)
        for model in models_named_by(graph, self._declared):
            try:
                self._ensure(model, watch)
            except ModelUnavailable as error:
                raise JobFailed(Kind.ENGINE_UNAVAILABLE, str(error)) from error

    def _ensure(self, model: Model, watch: Watch) -> None:
        # ComfyUI loads the first that it finds, so that one has to be right.
        found = next((f for f in self._folders if (f / model.path).exists()), None)
        if found is not None and is_whole(found / model.path, model):
            return
        if found not in {None, self._fetch_into}:
            raise ModelUnavailable(
                f"{found / model.path} has not the {model.size} bytes of models.toml. Delete it, "
                "or bring it anew: distillery models sync"
            )
        if self._fetch_into is None:
            return  # ComfyUI may have it elsewhere, and says so if not
        source = self._source(model)
        log.info("fetching %s (%d bytes, licence: %s)", model.path, model.size, model.licence)
        bring(model, source, self._fetch_into, watch)

    def _source(self, model: Model) -> HttpSource:
        if isinstance(model.source, S3):
            raise ModelUnavailable(
                f"{model.path} is at {model.source}, and a worker holds no AWS credentials. Bring "
                "it to where this worker has its models: distillery models sync"
            )
        return HttpSource(model.source.url, token=self._token)


def models_named_by(graph: Mapping[str, Any], models: Iterable[Model]) -> tuple[Model, ...]:
    """Return the models that the graph's inputs name, in the order of `models`.

    Found by what the inputs say, not by a list of loader classes: every custom node brings its own.
    A name that lies in two folders names both files, because a graph does not say which it means.
    """
    texts = set(_texts(graph))
    embeddings = {name for text in texts for name in _EMBEDDING.findall(text)}
    return tuple(m for m in models if m.name in texts or _is_embedding_among(m, embeddings))


def _texts(graph: Mapping[str, Any]) -> Iterator[str]:
    """Yield every text in the nodes' inputs; some nodes keep theirs a level deeper."""
    left = [node.get("inputs") for node in graph.values() if isinstance(node, Mapping)]
    while left:
        value = left.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping):
            left.extend(value.values())
        elif isinstance(value, list):
            left.extend(value)


def _is_embedding_among(model: Model, named: set[str]) -> bool:
    bare = str(PurePosixPath(model.name).with_suffix(""))
    return model.folder == "embeddings" and not named.isdisjoint({model.name, bare})
