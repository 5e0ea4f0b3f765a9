"""What each node of a graph is likely to cost, so that a percentage means time and not nodes.

First a guess by class, then, for each class, what it took in the jobs before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gpu_container.worker.job import Graph

_WAYS_OF_PICTURES = ("latent_image", "samples", "latent", "image", "images", "pixels", "video")
_WAYS_OF_STEPS = ("sigmas",)


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds on a middling GPU: once, per million pixels, and per step and million pixels."""

    once: float = 0.0
    per_megapixel: float = 0.0
    per_step: float = 0.0


_OTHER = Cost(once=0.02)
_COSTS: tuple[tuple[tuple[str, ...], Cost], ...] = (  # the first that is part of the class's name
    (("SamplerSelect", "Scheduler"), _OTHER),
    (("KSampler", "SamplerCustom"), Cost(per_step=0.1)),
    (("CheckpointLoader", "UNETLoader", "UnetLoader"), Cost(once=4.0)),
    (("CLIPLoader",), Cost(once=2.0)),
    (("Loader",), Cost(once=0.5)),
    (("VAEDecode", "VAEEncode"), Cost(per_megapixel=0.3)),
    (("UpscaleWithModel",), Cost(per_megapixel=2.0)),
    (("Video", "WEBM", "Animated", "Gif"), Cost(per_megapixel=0.2)),
    (("SaveImage", "PreviewImage"), Cost(per_megapixel=0.2)),
    (("TextEncode",), Cost(once=0.1)),
)


def guess(graph: Graph, node: str) -> float:
    """Return the seconds that `node` may take, as far as the graph says; always above 0."""
    class_type, inputs = str(graph[node]["class_type"]), graph[node]["inputs"]
    cost = next((cost for words, cost in _COSTS if any(word in class_type for word in words)), None)
    if cost is None:
        cost = Cost(per_step=0.1) if "steps" in inputs else _OTHER
    megapixels = _megapixels(graph, node) if cost.per_megapixel or cost.per_step else 0.0
    steps = _steps(graph, node) if cost.per_step else 0.0
    seconds = cost.once + megapixels * (cost.per_megapixel + steps * cost.per_step)
    return max(seconds, 0.001)


class Rates:
    """How fast this worker's engine was with each class of node, against the guess.

    Lives as long as the worker. Only the job that the engine runs learns, so there is no lock.
    """

    def __init__(self) -> None:
        self._of_class: dict[str, float] = {}

    def learn(self, class_type: str, guessed: float, seconds: float) -> None:
        """Note what a node really took; the last jobs count most."""
        rate = seconds / guessed
        self._of_class[class_type] = (self._of_class.get(class_type, rate) + rate) / 2

    def seconds(self, class_type: str, guessed: float) -> float | None:
        """Return what a node of this class will take, or None for a class never seen."""
        rate = self._of_class.get(class_type)
        return None if rate is None else rate * guessed


def links(graph: Graph, node: str) -> Iterator[tuple[str, str]]:
    """Yield each input that is a link, [node id, number of its output], and where it leads."""
    for name, value in graph[node]["inputs"].items():
        if isinstance(value, list) and len(value) == 2 and str(value[0]) in graph:  # noqa: PLR2004
            yield name, str(value[0])


def _megapixels(graph: Graph, node: str) -> float:
    """Return the size of what passes through `node`, all pictures of a batch or video together."""
    for inputs in _upstream(graph, node, _WAYS_OF_PICTURES):
        width, height = _number(graph, inputs, "width"), _number(graph, inputs, "height")
        if width and height:
            batch = _number(graph, inputs, "batch_size") or 1.0
            frames = _number(graph, inputs, "length") or 1.0
            return width * height * batch * frames / 1e6
    return 1.0


def _steps(graph: Graph, node: str) -> float:
    for inputs in _upstream(graph, node, _WAYS_OF_STEPS):
        steps = _number(graph, inputs, "steps")
        if steps:
            last = _number(graph, inputs, "end_at_step") or steps
            return max(1.0, min(steps, last) - (_number(graph, inputs, "start_at_step") or 0.0))
    return 1.0


def _upstream(graph: Graph, node: str, ways: tuple[str, ...]) -> Iterator[Mapping[str, Any]]:
    """Yield the inputs of `node` and then of what it is linked to by one of `ways`, nearest first.

    A graph may hold a circle: the engine says so, later.
    """
    found = [node]
    for each in found:
        yield graph[each]["inputs"]
        found += [to for name, to in links(graph, each) if name in ways and to not in found]


def _number(graph: Graph, inputs: Mapping[str, Any], name: str) -> float | None:
    """Return an input that is a number above 0, or the value of the node that it is linked to."""
    value = inputs.get(name)
    if isinstance(value, list) and value and str(value[0]) in graph:
        value = graph[str(value[0])]["inputs"].get("value")
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and value > 0 else None  # type: ignore[operator, arg-type]
