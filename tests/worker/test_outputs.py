"""Nodes call their files by many names: every kind is found, in the job's order."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from gpu_container.worker.outputs.find import find_outputs, image_size
from tests.worker.conftest import png


def found(outputs: dict[str, Any], *nodes: str) -> list[tuple[str, str]]:
    job: Any = SimpleNamespace(outputs=nodes or ("9",))
    return [(file.name, file.content_type) for file in find_outputs(job, outputs)]


def file(name: str, kind: str = "output") -> dict[str, str]:
    return {"filename": name, "subfolder": "", "type": kind}


@pytest.mark.parametrize(
    ("key", "filename", "name", "content_type"),
    [
        ("images", "a.png", "0_9.png", "image/png"),
        ("images", "a.WEBP", "0_9.webp", "image/webp"),
        ("gifs", "a.mp4", "0_9.mp4", "video/mp4"),
        ("gifs", "a.gif", "0_9.gif", "image/gif"),
        ("audio", "a.flac", "0_9.flac", "audio/flac"),
        ("latents", "a.latent", "0_9.latent", "application/octet-stream"),
        ("anything", "no-extension", "0_9.bin", "application/octet-stream"),
        ("anything", "a.ph/p", "0_9.bin", "application/octet-stream"),
    ],
)
def test_a_file_under_any_key_is_found(
    key: str, filename: str, name: str, content_type: str
) -> None:
    assert found({"9": {key: [file(filename)]}}) == [(name, content_type)]


def test_an_animation_is_one_file(  # as ComfyUI says it: a flag beside the files
) -> None:
    assert found({"9": {"images": [file("a.webp")], "animated": [True]}}) == [
        ("0_9.webp", "image/webp")
    ]


def test_text_becomes_a_file() -> None:
    assert found({"9": {"text": ["a fox", ""]}}) == [("0_9.txt", "text/plain; charset=utf-8")]


def test_files_come_in_the_order_of_the_jobs_outputs() -> None:
    outputs = {"3": {"images": [file("b.png")]}, "9": {"images": [file("a.png"), file("c.png")]}}

    names = [name for name, _ in found(outputs, "9", "3")]

    assert names == ["0_9.png", "1_9.png", "2_3.png"]


def test_a_node_that_is_not_named_delivers_nothing() -> None:
    assert found({"3": {"images": [file("b.png")]}}) == []


def test_a_preview_counts_only_where_the_node_has_nothing_else() -> None:
    assert len(found({"9": {"images": [file("a.png", "temp"), file("b.png")]}})) == 1
    assert len(found({"9": {"images": [file("a.png", "temp")]}})) == 1


def test_a_node_inside_a_subgraph_gets_a_plain_name() -> None:
    assert found({"57:8": {"images": [file("a.png")]}}, "57:8") == [("0_57-8.png", "image/png")]


def test_only_an_image_has_a_size() -> None:
    assert image_size(png(20, 10)) == (20, 10)
    assert image_size(b"text") is None
