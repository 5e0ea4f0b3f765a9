"""Nodes call their files by many names: every kind is found, and named whichever node is first."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from gpu_container.worker.outputs.find import EngineFile, find_outputs, node_outputs
from gpu_container.worker.outputs.kinds import HEAD_BYTES, sniff


def found(outputs: dict[str, Any], *nodes: str) -> list[tuple[str, Any]]:
    job: Any = SimpleNamespace(outputs=nodes or ("9",))
    return [
        (file.stem, file.source.filename if isinstance(file.source, EngineFile) else file.source)
        for file in find_outputs(job, outputs)
    ]


def file(name: str, kind: str = "output") -> dict[str, str]:
    return {"filename": name, "subfolder": "", "type": kind}


def picture(kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize("key", ["images", "gifs", "audio", "latents", "anything"])
def test_a_file_under_any_key_is_found(key: str) -> None:
    assert found({"9": {key: [file("a.png")]}}) == [("0_9", "a.png")]


def test_an_animation_is_one_file(  # as ComfyUI says it: a flag beside the files
) -> None:
    assert found({"9": {"images": [file("a.webp")], "animated": [True]}}) == [("0_9", "a.webp")]


def test_text_becomes_a_file() -> None:
    assert found({"9": {"text": ["a fox", ""]}}) == [("0_9", "a fox")]


def test_files_come_in_the_order_of_the_jobs_outputs_then_in_the_nodes() -> None:
    outputs = {"3": {"images": [file("b.png")]}, "9": {"images": [file("a.png"), file("c.png")]}}

    assert found(outputs, "9", "3") == [("0_9", "a.png"), ("0_9_1", "c.png"), ("1_3", "b.png")]


def test_a_file_has_the_same_name_whichever_nodes_have_finished() -> None:
    job: Any = SimpleNamespace(outputs=("9", "3"))
    outputs = {"3": {"images": [file("b.png")]}, "9": {"images": [file("a.png")] * 5}}

    (alone,) = node_outputs(job, "3", outputs["3"])

    assert alone == find_outputs(job, outputs)[-1]


def test_a_node_that_is_not_named_delivers_nothing() -> None:
    assert found({"3": {"images": [file("b.png")]}}) == []


def test_a_preview_counts_only_where_the_node_has_nothing_else() -> None:
    assert found({"9": {"images": [file("a.png", "temp"), file("b.png")]}}) == [("0_9", "b.png")]
    assert found({"9": {"images": [file("a.png", "temp")]}}) == [("0_9", "a.png")]


def test_a_node_inside_a_subgraph_gets_a_plain_name() -> None:
    assert found({"57:8": {"images": [file("a.png")]}}, "57:8") == [("0_57-8", "a.png")]


@pytest.mark.parametrize(
    "item", [None, 7, "a.png", {}, {"filename": 7}, {"filename": None}, {"filename": ["a"]}, [[]]]
)
def test_what_is_no_file_is_passed_over(item: object) -> None:
    assert found({"9": {"images": [item, file("a.png")]}}) == [("0_9", "a.png")]


def test_what_a_file_lacks_is_what_the_engine_means_by_nothing() -> None:
    job: Any = SimpleNamespace(outputs=("9",))
    (bare,) = find_outputs(job, {"9": {"images": [{"filename": "a.png", "subfolder": None}]}})

    assert bare.source == EngineFile("a.png", "", "output")


ANIMATED_WEBP = picture("WEBP", save_all=True, append_images=[Image.new("RGB", (8, 8))])
FTYP = b"\x00\x00\x00\x18ftyp"
EBML = b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84"


@pytest.mark.parametrize(
    ("head", "content_type", "extension"),
    [
        (picture("PNG"), "image/png", ".png"),
        (picture("JPEG"), "image/jpeg", ".jpg"),
        (picture("WEBP"), "image/webp", ".webp"),
        (ANIMATED_WEBP, "image/webp", ".webp"),
        (picture("GIF"), "image/gif", ".gif"),
        (picture("TIFF"), "image/tiff", ".tif"),
        (picture("BMP"), "image/bmp", ".bmp"),
        (FTYP + b"avif", "image/avif", ".avif"),
        (FTYP + b"isom", "video/mp4", ".mp4"),
        (FTYP + b"mp42", "video/mp4", ".mp4"),
        (FTYP + b"qt  ", "video/quicktime", ".mov"),
        (FTYP + b"M4A ", "audio/mp4", ".m4a"),
        (EBML + b"webm", "video/webm", ".webm"),
        (EBML + b"matroska", "video/x-matroska", ".mkv"),
        (b"RIFF\x00\x00\x00\x00AVI ", "video/x-msvideo", ".avi"),
        (b"RIFF\x00\x00\x00\x00WAVE", "audio/wav", ".wav"),
        (b"fLaC\x00\x00", "audio/flac", ".flac"),
        (b"ID3\x04\x00", "audio/mpeg", ".mp3"),
        (b"\xff\xfb\x90\x64", "audio/mpeg", ".mp3"),
        (b"\xff\xf1\x50\x80", "audio/aac", ".aac"),
        (b"OggS\x00\x02" + b"\x00" * 22 + b"OpusHead", "audio/ogg", ".ogg"),
        (b"OggS\x00\x02" + b"\x00" * 22 + b"\x80theora", "video/ogg", ".ogv"),
        (b"glTF\x02\x00\x00\x00", "model/gltf-binary", ".glb"),
        ("ein Füchslein\n".encode(), "text/plain; charset=utf-8", ".txt"),
        (b"\x00\x01\x02", "application/octet-stream", ".bin"),
        (b"\xff\xfe\x61\x00", "application/octet-stream", ".bin"),  # text, but in UTF-16
    ],
)
@pytest.mark.parametrize("name", ["a", "a.png", "a.mp4", "a.HTML", "..", "", "a.ph/p", "a.svg"])
def test_the_content_says_what_a_file_is_and_its_name_lies(
    head: bytes, content_type: str, extension: str, name: str
) -> None:
    kind = sniff(head[:HEAD_BYTES], name)

    assert (kind.content_type, kind.extension) == (content_type, extension)


@pytest.mark.parametrize(
    ("head", "name", "content_type", "extension"),
    [
        (b'{"a": 1}', "a.json", "text/plain; charset=utf-8", ".json"),
        (b"1\n00:00 --> 00:01\nfox", "a.SRT", "text/plain; charset=utf-8", ".srt"),
        (b"<script>alert(1)</script>", "a.html", "text/plain; charset=utf-8", ".txt"),
        (b"<svg onload='alert(1)'/>", "a.svg", "text/plain; charset=utf-8", ".txt"),
        (b"\x10\x00\x00\x00{}\x00", "a.safetensors", "application/octet-stream", ".safetensors"),
        (b"\x10\x00\x00\x00{}\x00", "a.exe", "application/octet-stream", ".bin"),
    ],
)
def test_a_name_is_asked_only_among_texts_and_among_tensors(
    head: bytes, name: str, content_type: str, extension: str
) -> None:
    kind = sniff(head, name)

    assert (kind.content_type, kind.extension) == (content_type, extension)


def test_a_text_that_is_cut_inside_a_letter_is_still_text() -> None:
    assert sniff(("x" + "ü" * HEAD_BYTES).encode()[:HEAD_BYTES], "a").extension == ".txt"
    assert sniff(b"x" * 10 + b"\xc3", "a").extension == ".bin"
