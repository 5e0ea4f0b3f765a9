"""What a picture says of itself: what the worker writes is read, and nothing else hurts."""

from __future__ import annotations

import io
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
import urllib3
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from distillery.core.errors import UserError
from distillery.discord.picture_ends import MOST_BYTES, PictureEnds
from distillery.discord.picture_request import (
    END_BYTES,
    PictureRequest,
    is_whole,
    read_picture_request,
)
from distillery.discord.picture_text import picture_info
from distillery.discord.responses import MAX_CONTENT
from distillery.discord.translation import Words
from gpu_container.worker.outputs.kinds import JPEG, PNG, WEBP, FileKind
from gpu_container.worker.outputs.metadata import encode, with_metadata
from tests.adapters.scripted_server import Script

OPTIONS = {"prompt": 'a ]]> <red> & "fox" 狐', "seed": 7, "cfg": 6.5, "raw": True, "negative": ""}
METADATA = {"job_id": "1300000000000000001", "workflow": "fox", "options": OPTIONS}
ASKED = PictureRequest("fox", OPTIONS, "1300000000000000001")
KINDS: dict[str, FileKind] = {"PNG": PNG, "JPEG": JPEG, "WEBP": WEBP}


def drawn(kind: str, noise: int = 0) -> bytes:
    """Return a picture as an engine makes it; `noise` makes it large."""
    file = io.BytesIO()
    side = max(8, noise)
    Image.effect_noise((side, side), 90).convert("RGB").save(file, kind, quality=100)
    return file.getvalue()


def made(tmp_path: Path, kind: str, noise: int = 0, metadata: Any = None) -> bytes:
    """Return a picture as the worker uploads it."""
    path = tmp_path / "picture"
    path.write_bytes(drawn(kind, noise))
    parts = with_metadata(path, KINDS[kind], encode(metadata or METADATA))
    whole = bytearray()
    for part in parts:
        if isinstance(part, bytes):
            whole += part
        else:
            whole += path.read_bytes()[part.start : part.start + part.length]
    return bytes(whole)


def ends(data: bytes) -> tuple[bytes, bytes]:
    return data[:END_BYTES], data[-END_BYTES:]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("noise", [0, 500], ids=["small", "large"])
def test_what_the_worker_writes_is_read_from_the_ends_of_the_file(
    tmp_path: Path, kind: str, noise: int
) -> None:
    data = made(tmp_path, kind, noise)
    assert (len(data) > END_BYTES) == bool(noise)
    assert read_picture_request(*ends(data)) == ASKED
    if is_whole(data[:END_BYTES]):
        assert read_picture_request(data[:END_BYTES]) == ASKED


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_of_anybody_else_says_nothing(kind: str) -> None:
    assert read_picture_request(*ends(drawn(kind))) is None


def itxt(text: bytes) -> bytes:
    """Return a PNG with our chunk, whatever is in it."""
    chunk = b"distillery\x00\x00\x00\x00\x00" + text
    start = drawn("PNG")[:33]
    check = struct.pack(">I", zlib.crc32(b"iTXt" + chunk))
    return start + struct.pack(">I", len(chunk)) + b"iTXt" + chunk + check


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"\xff",
        b"[]",
        b"3",
        b'{"options": {}}',
        b'{"workflow": 3}',
        b"[" * 50_000,
        b'{"workflow": "a", "options": ' + b"9" * 50_000 + b"}",
        b'{"workflow": "a"' + b" " * 70_000 + b"}",
    ],
)
def test_what_is_no_request_is_none(text: bytes) -> None:
    assert read_picture_request(itxt(text)) is None


def test_only_plain_values_are_kept_and_not_too_many() -> None:
    options = {"list": [1], "dict": {}, "none": None, "n": 1, **{f"o{n}": n for n in range(99)}}
    request = read_picture_request(itxt(json.dumps({"workflow": "a", "options": options}).encode()))
    assert request is not None
    assert len(request.options) == 50
    assert next(iter(request.options)) == "n"
    odd = read_picture_request(itxt(b'{"workflow": "a", "options": [], "job_id": 3}'))
    assert odd == PictureRequest("a", {}, "")


@pytest.mark.parametrize("length", [0, 12, 2**31, 2**32 - 1])
def test_a_chunk_that_lies_about_its_length_ends_the_search(length: int) -> None:
    data = drawn("PNG")[:33] + struct.pack(">I", length) + b"iTXtdistillery\x00\x00"
    assert read_picture_request(data) is None


@settings(max_examples=300)
@given(
    st.one_of(
        st.binary(max_size=2000),
        st.binary(max_size=500).map(itxt),
        st.binary(max_size=500).map(lambda b: b"\x89PNG\r\n\x1a\n" + b),
        st.binary(max_size=300).map(
            lambda b: b"RIFF<distillery:request>" + b + b"</distillery:request>"
        ),
    ),
    st.binary(max_size=200),
)
def test_any_bytes_are_read_without_harm(head: bytes, tail: bytes) -> None:
    found = read_picture_request(head, tail)
    assert found is None or isinstance(found, PictureRequest)


values = st.one_of(
    st.text(max_size=300), st.sampled_from(["@everyone", "<@42>", "](http://x)", "```", "**"] * 2)
)


@settings(max_examples=200)
@given(values, st.dictionaries(values, st.one_of(values, st.integers(), st.floats()), max_size=50))
def test_whatever_a_file_says_is_one_message_that_rings_nobody(
    workflow: str, options: dict[str, Any]
) -> None:
    said = picture_info(Words(), PictureRequest(workflow, options), {})
    assert len(said) <= MAX_CONTENT
    assert said.endswith("anybody could have written it.")
    for mark in ("<@4", "](http", "```"):
        assert mark not in said


def fetch(server: Script, *answers: Any, clock: Any = lambda: 0.0) -> tuple[bytes, bytes]:
    server.answers = list(answers)
    reader = PictureEnds(urllib3.PoolManager(), frozenset({server.url}), clock)
    return reader.fetch(f"{server.url}/attachments/1/2/fox.png?ex=1")


def test_only_the_beginning_of_a_png_is_asked_for(server: Script) -> None:
    head = drawn("PNG", 300)[:END_BYTES]
    assert fetch(server, (206, head)) == (head, b"")
    assert [asked.headers["Range"] for asked in server.asked] == [f"bytes=0-{END_BYTES - 1}"]


def test_both_ends_of_another_picture_are_asked_for(server: Script) -> None:
    data = drawn("JPEG", 600)
    assert fetch(server, (206, data[:END_BYTES]), (206, data[-END_BYTES:])) == ends(data)
    assert server.asked[1].headers["Range"] == f"bytes=-{END_BYTES}"


def test_a_place_that_sends_the_whole_file_is_read_in_part(server: Script) -> None:
    data = b"RIFF" + b"x" * (2 * MOST_BYTES)
    head, tail = fetch(server, (200, data), (200, data))
    assert (len(head), len(tail)) == (END_BYTES, END_BYTES)


@pytest.mark.parametrize("status", [302, 404, 416, 500])
def test_a_picture_that_is_gone_is_told(server: Script, status: int) -> None:
    with pytest.raises(UserError, match="gone from Discord"):
        fetch(server, (status, b"x"))


def test_who_waits_is_answered_in_time_whatever_discord_does(server: Script) -> None:
    times = iter([0.0, 0.0, 9.0, 9.0, 9.0])
    with pytest.raises(UserError, match="not hand out the picture in time"):
        fetch(server, (206, b"RIFF" + b"x" * END_BYTES), clock=lambda: next(times))


@pytest.mark.parametrize(
    "url",
    ["https://evil.example/a.png", "http://169.254.169.254/latest", "file:///etc/passwd", "x"],
)
def test_no_other_place_is_asked(url: str) -> None:
    reader = PictureEnds(urllib3.PoolManager(), frozenset({"https://cdn.discordapp.com"}))
    with pytest.raises(UserError, match="lie in Discord"):
        reader.fetch(url)
