"""Runs each recipe once, shortened, before the first job: models load and kernels compile.

Only what its options run by default: no second pass and no LoRA that nobody has asked for. And only
recipes whose models are here: a start fetches nothing, for nobody may ever ask for it.

A courtesy: whatever goes wrong here is logged, and the worker takes jobs all the same.
"""

from __future__ import annotations

import io
import json
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from threading import Event
from typing import Any, Protocol

from PIL import Image

from gpu_container.worker.errors import JobFailed
from gpu_container.worker.job import Graph, Job, Limits, UploadTarget
from gpu_container.worker.progress.weights import links
from gpu_container.worker.start.recipe_defaults import is_default, left_by_default
from gpu_container.worker.start.timeline import StartTimeline
from gpu_container.worker.until import Until
from gpu_container.worker.watched_call import watched

log = logging.getLogger(__name__)

_STEPS = 2  # some samplers take another way from the second step on
_PICTURE = "warm_up.png"
_NOWHERE = UploadTarget("", {})


class RunsGraphs(Protocol):
    """The engine's client, as far as it is needed here."""

    def run(
        self, job: Job, graph: Graph, *, deadline: float, stop: Event, watch: Callable[..., None]
    ) -> dict[str, Any]:
        """Run a graph to its end. Raises JobFailed."""

    def upload_image(self, name: str, png: bytes) -> str:
        """Give the engine a picture. Raises JobFailed."""


class Shelf(Protocol):
    """Where the models lie, as far as it is needed here."""

    def missing(self, graph: Graph) -> Sequence[str]:
        """Return the files that the graph names and that are not here."""

    def ensure(self, graph: Graph, deadline: float, stop: Event) -> None:
        """Return when all that the graph names is there, and right. Raises JobFailed."""


class WarmUp:
    """The graphs at each of `paths`: one file, or a folder of NAME.json or NAME/graph.json.

    Of a folder, the recipe that members get unasked comes first. All of them together take at most
    `limit_s`.
    """

    def __init__(
        self,
        paths: Iterable[Path],
        comfy: RunsGraphs,
        models: Shelf,
        timeline: StartTimeline,
        *,
        limit_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._files = [file for path in paths for file in _files(path)]
        self._comfy = comfy
        self._models = models
        self._timeline = timeline
        self._limit_s = limit_s
        self._clock = clock

    def __bool__(self) -> bool:
        """Whether there is anything to run."""
        return bool(self._files)

    def run(self, stop: Event) -> None:
        """Run every graph until it is done, the time is over, or `stop` is set. Never raises."""
        deadline = self._clock() + self._limit_s
        for file in self._files:
            name = file.parent.name if file.name == "graph.json" else file.stem
            if stop.is_set() or self._clock() >= deadline:
                log.warning("the warm-up ended before %s", name)
                return
            begun = self._clock()
            try:
                recipe = json.loads(file.read_text())
                graph = shortened(left_by_default(recipe, file.with_name("manifest.toml")))
                if missing := self._missing(graph, deadline, stop):
                    log.info("no warm-up with %s: %s is not here", name, ", ".join(missing))
                    continue
                self._run(graph, deadline, stop)
            except JobFailed as error:
                log.warning("the warm-up with %s failed: %s", name, error)
            except Exception:  # the boundary of the warm-up: no recipe may keep the worker down
                log.exception("the warm-up with %s failed: is it a graph in API format?", name)
            else:
                log.info("warmed up with %s in %.1f s", name, self._clock() - begun)

    def _missing(self, graph: Graph, deadline: float, stop: Event) -> Sequence[str]:
        """Return the models that are not here, or see that those that are can be trusted.

        A volume that answers nothing holds up no start.
        """
        check = Until(deadline, stop, self._clock).check
        with self._timeline.timed("models_s"):
            missing = watched(lambda: self._models.missing(graph), check)
            if not missing:
                self._models.ensure(graph, deadline, stop)
        return missing

    def _run(self, graph: dict[str, Any], deadline: float, stop: Event) -> None:
        for node in graph.values():
            if "image" in node["inputs"] and node["class_type"].startswith("LoadImage"):
                node["inputs"]["image"] = self._comfy.upload_image(_PICTURE, _grey_png())
        limits = Limits(self._limit_s, self._limit_s, 1, 1)
        job = Job(
            job_id="warm_up",
            attempt=1,
            graph=graph,
            outputs=tuple(_last(graph)),
            inputs=(),
            upload_outputs=_NOWHERE,
            upload_progress=_NOWHERE,
            upload_result=_NOWHERE,
            limits=limits,
        )
        self._comfy.run(job, graph, deadline=deadline, stop=stop, watch=lambda _: None)


def shortened(recipe: dict[str, Any]) -> dict[str, Any]:
    """Return the graph with few steps, but at its own size: that is what kernels are made for."""
    graph = deepcopy(recipe)
    for node in graph.values():
        steps = node["inputs"].get("steps")
        if isinstance(steps, int):
            node["inputs"]["steps"] = min(steps, _STEPS)
    return graph


def _last(graph: Graph) -> Iterator[str]:
    """Yield the nodes that no other takes anything from."""
    taken = {to for node in graph for _, to in links(graph, node)}
    yield from (node for node in graph if node not in taken)


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        found = sorted([*path.glob("*.json"), *path.glob("*/graph.json")])
        yield from sorted(found, key=lambda file: not _comes_first(file.with_name("manifest.toml")))
    elif path.exists():
        yield path
    else:
        log.warning("no warm-up with %s: there is no such file or folder", path)


def _comes_first(manifest: Path) -> bool:
    with suppress(OSError, ValueError):  # said when its turn comes
        return is_default(manifest)
    return False


def _grey_png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (512, 512), "grey").save(out, "PNG")
    return out.getvalue()
