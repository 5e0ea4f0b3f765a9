"""The request goes into a picture and comes out again; the picture stays what it was."""

from __future__ import annotations

import io
import json
import struct
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageSequence, PngImagePlugin

from gpu_container.worker.errors import JobFailed
from gpu_container.worker.job import parse_job
from gpu_container.worker.outputs import metadata
from gpu_container.worker.outputs.kinds import GIF, HEAD_BYTES, sniff
from gpu_container.worker.store.content import chunks

FRAMES = [Image.effect_noise((33, 17), 90).convert("RGB") for _ in range(3)]

DEEP = Image.frombytes("I;16", (16, 16), Image.effect_noise((32, 16), 90).tobytes())


def saved(kind: str, image: Image.Image = FRAMES[0], **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def png_of_comfyui() -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_text("prompt", '{"9": {}}')
    info.add_text("workflow", '{"nodes": []}')
    return saved("PNG", pnginfo=info)


def exif_of_comfyui() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0110] = 'prompt:{"9": {}}'
    return exif


ANIMATED = {"save_all": True, "append_images": FRAMES[1:], "duration": 100}
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>somebody else's</x:xmpmeta>"
PICTURES: dict[str, Callable[[], bytes]] = {
    "png": png_of_comfyui,
    "png, animated": lambda: saved("PNG", **ANIMATED),
    "png, 16 bits": lambda: saved("PNG", DEEP),
    "jpeg": lambda: saved("JPEG"),
    "jpeg with exif": lambda: saved("JPEG", exif=exif_of_comfyui(), progressive=True),
    "jpeg with xmp": lambda: saved("JPEG", xmp=XMP, exif=exif_of_comfyui()),
    "jpeg, cmyk": lambda: saved("JPEG", FRAMES[0].convert("CMYK")),
    "webp": lambda: saved("WEBP"),
    "webp, lossless": lambda: saved("WEBP", lossless=True),
    "webp with alpha": lambda: saved("WEBP", FRAMES[0].convert("RGBA"), lossless=True),
    "webp with exif": lambda: saved("WEBP", exif=exif_of_comfyui()),
    "webp with xmp": lambda: saved("WEBP", xmp=XMP),
    "webp, animated": lambda: saved("WEBP", exif=exif_of_comfyui(), **ANIMATED),
}


def written(picture: bytes, text: str, folder: Path) -> Path:
    path, copy = folder / "before", folder / "after"
    path.write_bytes(picture)
    kind = sniff(picture[:HEAD_BYTES], "a")
    copy.write_bytes(b"".join(chunks(metadata.with_metadata(path, kind, text))))
    return copy


def pixels(data: bytes) -> list[bytes]:
    with Image.open(io.BytesIO(data)) as image:
        return [frame.convert("RGBA").tobytes() for frame in ImageSequence.Iterator(image)]


@pytest.mark.parametrize("picture", PICTURES)
def test_a_request_is_written_and_read_and_the_picture_is_the_same(
    picture: str, tmp_path: Path
) -> None:
    before = PICTURES[picture]()
    request = {"prompt": "ein Füchslein 🦊", "seed": 2**63, "options": {"cfg": 6.5, "raw": None}}

    copy = written(before, metadata.encode(request), tmp_path)

    assert metadata.read(copy) == request
    assert pixels(copy.read_bytes()) == pixels(before)
    with Image.open(io.BytesIO(before)) as old, Image.open(copy) as new:
        assert new.format == old.format
        assert new.getexif() == old.getexif()
        kept = {key: value for key, value in old.info.items() if key not in ("xmp", "XML:com")}
        assert {key: new.info.get(key) for key in kept} == kept


@pytest.mark.parametrize("picture", PICTURES)
def test_no_pixel_is_encoded_anew(picture: str, tmp_path: Path) -> None:
    before = PICTURES[picture]()
    drawn = before[-200:-20] if not picture.startswith("webp") else before[-200:-100]

    after = written(before, metadata.encode({"a": 1}), tmp_path).read_bytes()

    if "exif" not in picture and "xmp" not in picture and "animated" not in picture:
        assert drawn in after
    assert len(before) <= len(after) + len(XMP) + 8 < len(before) + 1000


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters())  # also what no encoding takes: halves of surrogate pairs
    | st.sampled_from(
        ["]]>", "]]", "<![CDATA[", "</distillery:request>", "&amp;", "\x00", "\ufffe"]
    ),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


WRITABLE = [PICTURES[name]() for name in ("png", "jpeg with exif", "webp", "webp, animated")]


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(), JSON))
def test_whatever_is_written_is_read(request: dict[str, Any]) -> None:
    for before in WRITABLE:
        with tempfile.TemporaryDirectory() as folder:
            copy = written(before, metadata.encode(request), Path(folder))
            assert metadata.read(copy) == request
            with Image.open(copy) as image:
                image.load()


@pytest.mark.parametrize("picture", ["png", "jpeg", "webp"])
@pytest.mark.parametrize("letter", ["a", "&", "]]>", "語", "\ud800", "🦊", "\x00"])
def test_as_much_as_a_job_may_bring_fits(picture: str, letter: str, tmp_path: Path) -> None:
    number = (metadata.MAX_BYTES - 50) // len(metadata.encode({"p": letter}).encode()[6:-2])
    request = {"p": letter * number}
    assert len(metadata.encode(request).encode()) <= metadata.MAX_BYTES

    copy = written(PICTURES[picture](), metadata.encode(request), tmp_path)

    assert metadata.read(copy) == request


def test_a_second_request_replaces_the_first(tmp_path: Path) -> None:
    for picture in ("png", "jpeg", "webp"):
        once = written(PICTURES[picture](), metadata.encode({"a": 1}), tmp_path).read_bytes()
        again = written(once, metadata.encode({"a": 2}), tmp_path)
        assert metadata.read(again) == {"a": 2}


def test_a_packet_that_another_program_has_written_anew_is_read(tmp_path: Path) -> None:
    inside = b"{&quot;p&quot;:&quot;a &lt;fox&gt; &amp; me&quot;}"
    packet = b"<distillery:request>" + inside + b"</distillery:request>"
    path = tmp_path / "a.jpg"
    path.write_bytes(saved("JPEG", xmp=packet))

    assert metadata.read(path) == {"p": "a <fox> & me"}


@pytest.mark.parametrize("picture", PICTURES)
def test_a_file_that_is_cut_anywhere_is_left_as_it_is_or_keeps_its_bytes(
    picture: str, tmp_path: Path
) -> None:
    whole = PICTURES[picture]()
    for end in [*range(0, min(len(whole), 90)), len(whole) // 2, len(whole) - 1]:
        cut = whole[:end]
        after = written(cut, metadata.encode({"a": 1}), tmp_path).read_bytes()
        assert after == cut or len(after) > len(cut) - len(XMP) - 40
        assert metadata.read(tmp_path / "after") in (None, {"a": 1})


def test_a_kind_without_a_place_for_it_is_left_as_it_is(tmp_path: Path) -> None:
    gif = saved("GIF")
    path = tmp_path / "a"
    path.write_bytes(gif)

    assert b"".join(chunks(metadata.with_metadata(path, GIF, "{}"))) == gif
    assert metadata.read(path) is None


def test_a_picture_of_somebody_else_holds_no_request(tmp_path: Path) -> None:
    for picture in PICTURES.values():
        (tmp_path / "a").write_bytes(picture())
        assert metadata.read(tmp_path / "a") is None


@pytest.mark.parametrize("text", ["[1]", "{", "[" * 30_000])
def test_what_is_no_request_is_none(text: str, tmp_path: Path) -> None:
    assert metadata.read(written(PICTURES["png"](), text, tmp_path)) is None


def test_a_chunk_that_says_it_is_endless_is_not_read(tmp_path: Path) -> None:
    png = PICTURES["png"]()
    path = tmp_path / "a"
    path.write_bytes(png[:33] + struct.pack(">I", 0x7FFFFFFF) + b"iTXtdistillery\x00")

    assert metadata.read(path) is None


ENVELOPE: dict[str, Any] = {
    "version": 1,
    "job_id": "1",
    "attempt": 1,
    "graph": {"9": {"class_type": "SaveImage", "inputs": {}}},
    "outputs": ["9"],
    "inputs": [],
    "cancel_url": "https://b.example/cancel?X-Amz-Date=20261124&X-Amz-Signature=" + "c" * 64,
    "upload": {
        name: {"url": "https://b.example/", "fields": {"key": "k" * 40, "policy": "p" * 90}}
        for name in ("outputs", "progress", "result")
    },
    "limits": {
        "timeout_s": 1,
        "progress_interval_s": 1,
        "max_outputs": 1,
        "max_output_bytes": 1,
    },
}


@pytest.mark.parametrize(
    ("request_", "problem"),
    [
        ({"a": {"b": ["x" + ENVELOPE["cancel_url"]]}}, "metadata: holds a part of a signed"),
        ({"c" * 64: 1}, "metadata: holds a part of a signed"),
        ({"a": "p" * 90}, "metadata: holds a part of a signed"),
        ([1], "metadata: must be an object"),
    ],
)
def test_metadata_with_a_secret_is_no_job(request_: Any, problem: str) -> None:
    with pytest.raises(JobFailed, match=problem):
        parse_job({**ENVELOPE, "metadata": request_})


def test_metadata_of_a_plain_request_is_a_job() -> None:
    request = {"prompt": "see https://b.example/ and k", "key": "k" * 40}

    assert parse_job({**ENVELOPE, "metadata": request}).metadata == json.loads(json.dumps(request))
