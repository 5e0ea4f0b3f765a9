"""Finds the files that a run made, whatever a node calls them, and names them for storage."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gpu_container.worker.job import Job


@dataclass(frozen=True, slots=True)
class EngineFile:
    """A file as the engine names it. `type` is output, temp or input. Nothing here is trusted."""

    filename: str
    subfolder: str
    type: str


@dataclass(frozen=True, slots=True)
class OutputFile:
    """One file of the result: one in the engine, or text that the node gave.

    `stem` is its name in the store before the extension. It is known as soon as its node has
    finished, whichever nodes have not.
    """

    stem: str
    node_id: str
    source: EngineFile | str


def find_outputs(job: Job, outputs: Mapping[str, Any]) -> list[OutputFile]:
    """List the files of the job's output nodes, node by node in the job's order.

    A node may call them images, gifs, audio, 3d or anything else.
    """
    return [
        file
        for node_id in job.outputs
        for file in node_outputs(job, node_id, outputs.get(node_id) or {})
    ]


def node_outputs(job: Job, node_id: str, output: Mapping[str, Any]) -> list[OutputFile]:
    """List the files of one of the job's output nodes.

    Stems are "0_9", "0_9_1", "0_9_2" for the first node of the job's outputs, "1_12" for the
    second: position of the node, its id, number of the file.
    """
    # A node inside a subgraph is called 57:8, which is no name for a file.
    plain = re.sub(r"[^A-Za-z0-9_-]", "-", node_id)
    stem = f"{job.outputs.index(node_id)}_{plain}"
    return [
        OutputFile(f"{stem}_{number}" if number else stem, node_id, item)
        for number, item in enumerate(_items(output))
    ]


def files_in(values: Iterable[object]) -> Iterator[EngineFile]:
    """Yield what names a file of the engine."""
    for item in values:
        if isinstance(item, dict) and (name := _text(item, "filename", "")):
            yield EngineFile(name, _text(item, "subfolder", ""), _text(item, "type", "output"))


def _items(output: Mapping[str, Any]) -> list[EngineFile | str]:
    """Return files and texts; a preview (type temp) counts only where the node has no other."""
    files = [
        file for values in output.values() if isinstance(values, list) for file in files_in(values)
    ]
    kept = [file for file in files if file.type != "temp"] or files
    return [*kept, *_texts(output)]


def _text(item: Mapping[str, Any], key: str, default: str) -> str:
    value = item.get(key)
    return value if isinstance(value, str) and value else default


def _texts(output: Mapping[str, Any]) -> Iterator[str]:
    value = output.get("text")
    for text in value if isinstance(value, list) else [value]:
        if isinstance(text, str) and text:
            yield text
