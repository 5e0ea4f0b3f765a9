"""What a member attached may be anything: only a small, still, real image comes through."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import web
from PIL import Image

from gpu_container.worker.errors import JobFailed, Kind
from gpu_container.worker.inputs import MAX_PIXELS, Fetcher, check_image
from gpu_container.worker.job import InputImage
from tests.worker.conftest import png
from tests.worker.store import Store


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def fetcher(pauses: list[float]) -> Iterator[Fetcher]:
    made = Fetcher(sleep=pauses.append)
    yield made
    made.close()


def image_at(store: Store, max_bytes: int = 1 << 20) -> InputImage:
    return InputImage("1", "image", store.input_url("photo"), max_bytes)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def png_claiming(width: int, height: int) -> bytes:
    """A few bytes that unpack to a very large picture."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    rows = zlib.compress(b"\0" * 1000)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_an_image_becomes_a_png_of_our_own_making(kind: str) -> None:
    checked = check_image(saved(Image.new("RGB", (40, 30), "red"), kind))

    with Image.open(io.BytesIO(checked.png)) as image:
        assert (image.format, image.size) == ("PNG", (40, 30))
    assert checked.name.endswith(".png")
    assert len(checked.name) == 36


@pytest.mark.parametrize("mode", ["L", "LA", "P", "1", "I;16", "CMYK", "RGBA"])
def test_every_colour_mode_is_understood(mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"

    checked = check_image(saved(Image.new(mode, (8, 8)), kind))

    with Image.open(io.BytesIO(checked.png)) as image:
        assert image.mode in ("RGB", "RGBA", "L")


def test_metadata_stays_behind_and_the_picture_is_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # rotated by 90 degrees
    exif[0x010E] = "a secret place"

    checked = check_image(
        saved(Image.new("RGB", (40, 30)), "JPEG", exif=exif, icc_profile=b"secret")
    )

    assert b"secret" not in checked.png
    with Image.open(io.BytesIO(checked.png)) as image:
        assert image.size == (30, 40)
        assert image.info == {}


@pytest.mark.parametrize("size", [(4097, 4096), (13_000, 13_000), (20_000, 20_000)])
def test_a_bomb_is_refused_before_it_is_decoded(size: tuple[int, int]) -> None:
    assert size[0] * size[1] > MAX_PIXELS
    with pytest.raises(JobFailed, match="more than 16,777,216 pixels") as caught:
        check_image(png_claiming(*size))

    assert caught.value.kind is Kind.BAD_INPUT


def test_an_animation_is_refused() -> None:
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "blue")]
    data = saved(frames[0], "WEBP", save_all=True, append_images=frames[1:])

    with pytest.raises(JobFailed, match="animated"):
        check_image(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        saved(Image.new("RGB", (8, 8)), "GIF"),
        saved(Image.new("RGB", (8, 8)), "TIFF"),
        png()[:60],
        png()[:-30] + b"x" * 30,
        b"\x89PNG\r\n\x1a\n" + b"\0" * 100,
    ],
    ids=["empty", "svg", "eps", "gif", "tiff", "cut off", "damaged", "only a header"],
)
def test_what_is_no_sound_image_is_refused(data: bytes) -> None:
    with pytest.raises(JobFailed) as caught:
        check_image(data)

    assert caught.value.kind is Kind.BAD_INPUT


def test_a_good_image_is_fetched(store: Store, fetcher: Fetcher) -> None:
    store.inputs["photo"] = png()

    assert fetcher.fetch(image_at(store)) == check_image(png())


def test_the_download_stops_at_its_limit(store: Store, fetcher: Fetcher) -> None:
    store.inputs["photo"] = png() + b"x" * 100_000

    with pytest.raises(JobFailed, match="larger than 5000 bytes"):
        fetcher.fetch(image_at(store, max_bytes=5000))


def test_a_redirect_is_refused(store: Store, fetcher: Fetcher, pauses: list[float]) -> None:
    store.inputs["elsewhere"] = png()
    target = store.input_url("elsewhere")
    store.input_answers = [web.Response(status=302, headers={"Location": target})]

    with pytest.raises(JobFailed, match="redirects are refused"):
        fetcher.fetch(image_at(store))
    assert pauses == []


def test_an_expired_url_is_a_bad_input_without_the_url(store: Store, fetcher: Fetcher) -> None:
    store.input_answers = [web.Response(status=403)]

    with pytest.raises(JobFailed, match="HTTP 403") as caught:
        fetcher.fetch(image_at(store))
    assert "SECRET" not in caught.value.message


def test_a_500_is_tried_again(store: Store, fetcher: Fetcher, pauses: list[float]) -> None:
    store.inputs["photo"] = png()
    store.input_answers = [web.Response(status=500), web.Response(status=503)]

    assert fetcher.fetch(image_at(store)) == check_image(png())
    assert pauses == [0.5, 1.0]


def test_a_store_that_stays_away_fails_the_input(store: Store, fetcher: Fetcher) -> None:
    store.input_answers = [web.Response(status=500) for _ in range(3)]

    with pytest.raises(JobFailed, match="could not be fetched"):
        fetcher.fetch(image_at(store))
