"""Which of the declared models a graph names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from pathlib import PurePosixPath
from typing import Any

from gpu_container.worker.job import Place
from gpu_container.worker.models.declared import Model

_EMBEDDING = re.compile(r"embedding:([\w./+-]+)")  # ComfyUI's way to name one within a prompt
_PROSE = re.compile(r"text|prompt|string|caption|tags|lyrics|positive|negative|wildcard", re.I)
_PROSE_NODES = re.compile(r"TextEncode|^(?:PrimitiveString|String|Regex)")
_NO_PROSE = re.compile(r"encoder|model|lora|file|name$", re.I)


def models_named_by(
    graph: Mapping[str, Any], models: Iterable[Model], words: Set[Place] = frozenset()
) -> tuple[Model, ...]:
    """Return the models that the graph's inputs name, in the order of `models`.

    Found by what the inputs say, not by a list of loader classes: every custom node brings its own.
    But prose names only embeddings, ComfyUI's way: a prompt that is called as a model is a prompt.
    Prose is what a member wrote, into the inputs of `words`, and what stands in an input that is
    called as a prompt, or in a node for texts. A name that lies in two folders names both files,
    because a graph does not say which it means.
    """
    names: set[str] = set()
    embeddings: set[str] = set()
    for place, kind, value in _inputs(graph):
        texts = set(_texts(value))
        embeddings.update(name for text in texts for name in _EMBEDDING.findall(text))
        if place not in words and not _is_prose(kind, place[1]):
            names |= texts
    return tuple(m for m in models if m.name in names or _is_embedding_among(m, embeddings))


def _inputs(graph: Mapping[str, Any]) -> Iterator[tuple[Place, str, Any]]:
    """Yield each input, the class of its node, and what it holds."""
    for node_id, node in graph.items():
        inputs = node.get("inputs") if isinstance(node, Mapping) else None
        for name, value in inputs.items() if isinstance(inputs, Mapping) else ():
            yield (node_id, name), str(node.get("class_type")), value


def _is_prose(kind: str, name: str) -> bool:
    is_called_so = _PROSE.search(name) or _PROSE_NODES.search(kind)
    return bool(is_called_so) and not _NO_PROSE.search(name)


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
    if model.folder != "embeddings" or not named:
        return False
    bare = str(PurePosixPath(model.name).with_suffix(""))
    return not named.isdisjoint({model.name, bare})
