"""Finds the files that a run made, whatever kind a node calls them, and names them for storage."""

from __future__ import annotations

import io
import mimetypes
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from PIL import Image, UnidentifiedImageError

from gpu_container.worker.job import Job

_EXTENSION = re.compile(r"\.[a-z0-9]{1,8}")
_TYPES = {  # what Python's own table lacks or calls differently from one system to the next
    ".webp": "image/webp",
    ".webm": "video/webm",
    ".mp4": "video/mp4",
    ".mkv": "video/x-matroska",
    ".flac": "audio/flac",
    ".opus": "audio/ogg",
    ".txt": "text/plain; charset=utf-8",
    ".safetensors": "application/octet-stream",
    ".latent": "application/octet-stream",
}


@dataclass(frozen=True, slots=True)
class OutputFile:
    """One file of the result: either in the engine (`source`) or text that the node gave."""

    name: str
    node_id: str
    content_type: str
    source: Mapping[str, str] | None
    text: str | None = None


def find_outputs(job: Job, outputs: Mapping[str, Any]) -> list[OutputFile]:
    """List the files of the job's output nodes, node by node in the job's order.

    A node may call them images, gifs, audio, 3d or anything else. Names are "0_9.png": position,
    node, extension.
    """
    found = [
        (node_id, item)
        for node_id in job.outputs
        for item in _node_items(outputs.get(node_id) or {})
    ]
    return [_output_file(index, node_id, item) for index, (node_id, item) in enumerate(found)]


def image_size(data: bytes) -> tuple[int, int] | None:
    """Return width and height in pixels if the data is an image; nothing is decoded."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            return image.size
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None


def _node_items(output: Mapping[str, Any]) -> list[Mapping[str, str] | str]:
    """Return files and texts; a preview (type temp) counts only where the node has no other."""
    files = [
        item
        for values in output.values()
        if isinstance(values, list)
        for item in values
        if isinstance(item, dict) and item.get("filename")
    ]
    kept = [file for file in files if file.get("type") != "temp"] or files
    return [*kept, *_texts(output)]


def _texts(output: Mapping[str, Any]) -> Iterator[str]:
    value = output.get("text")
    for text in value if isinstance(value, list) else [value]:
        if isinstance(text, str) and text:
            yield text


def _output_file(index: int, node_id: str, item: Mapping[str, str] | str) -> OutputFile:
    source = None if isinstance(item, str) else item
    extension = ".txt" if source is None else _extension(source["filename"])
    # A node inside a subgraph is called 57:8, which is no name for a file.
    name = f"{index}_{re.sub(r'[^A-Za-z0-9_-]', '-', node_id)}{extension}"
    kind = _TYPES.get(extension) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return OutputFile(name, node_id, kind, source, item if isinstance(item, str) else None)


def _extension(filename: str) -> str:
    extension = PurePosixPath(filename).suffix.lower()
    return extension if _EXTENSION.fullmatch(extension) else ".bin"
