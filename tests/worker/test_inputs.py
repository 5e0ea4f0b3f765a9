"""What a member attached may be anything: only a small, still, real image comes through."""

from __future__ import annotations

import gzip
import io
import itertools
import socket
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from threading import Thread
from typing import Any, Protocol

import pytest
import urllib3
from aiohttp import web
from PIL import Image

from gpu_container.worker.errors import JobFailed, Kind
from gpu_container.worker.inputs.fetch import MAX_PIXELS, CheckedImage, Fetcher, check_image
from gpu_container.worker.job import InputImage
from gpu_container.worker.store.access import StoreAccess
from tests.worker.conftest import png
from tests.worker.hostile_files import two_in_one_jpeg
from tests.worker.store import Store


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def fetcher(store: Store, pauses: list[float]) -> Iterator[Fetcher]:
    made = Fetcher(StoreAccess(frozenset({store.origin})), sleep=pauses.append)
    yield made
    made.close()


class FetcherOf(Protocol):
    """Makes the fetching of one image from a store that gives the same answer again and again."""

    def __call__(
        self, sent: bytes, *, stay: bool = False, clock: Callable[[], float] = ...
    ) -> Callable[[], CheckedImage]: ...


def answer(body: bytes, *headers: str, length: int) -> bytes:
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {length}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


@pytest.fixture
def fetcher_of(pauses: list[float]) -> Iterator[FetcherOf]:
    with ExitStack() as stack:

        def make(
            sent: bytes, *, stay: bool = False, clock: Callable[[], float] = time.monotonic
        ) -> Callable[[], CheckedImage]:
            server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            lines: list[socket.socket] = []

            def serve() -> None:
                while True:
                    try:
                        line, _ = server.accept()
                    except OSError:
                        return
                    lines.append(line)
                    with suppress(OSError):  # whoever has heard enough hangs up
                        line.recv(1 << 16)
                        line.sendall(sent)
                        if not stay:
                            line.shutdown(socket.SHUT_WR)

            thread = Thread(target=serve)
            thread.start()
            stack.callback(lambda: [line.close() for line in lines])
            stack.callback(thread.join, 10)
            stack.callback(server.shutdown, socket.SHUT_RDWR)
            origin = f"http://127.0.0.1:{server.getsockname()[1]}"
            access = StoreAccess(frozenset({origin}))
            fetcher = Fetcher(access, sleep=pauses.append, clock=clock)
            stack.callback(fetcher.close)
            image = InputImage("1", "image", f"{origin}/photo.exe?X-Amz-Signature=x", 5000)
            return lambda: fetcher.fetch(image)

        yield make


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


def test_16_bits_of_grey_keep_their_brightness() -> None:
    checked = check_image(saved(Image.new("I;16", (8, 8), 0x8040), "PNG"))

    with Image.open(io.BytesIO(checked.png)) as image:
        assert (image.mode, image.getpixel((0, 0))) == ("L", 0x80)


@pytest.mark.parametrize(("mode", "seen"), [("RGB", (0, 0, 0)), ("L", 0), ("P", 0)])
def test_a_colour_that_is_transparent_stays_so(mode: str, seen: Any) -> None:
    checked = check_image(saved(Image.new(mode, (8, 8)), "PNG", transparency=seen))

    with Image.open(io.BytesIO(checked.png)) as image:
        assert image.mode == "RGBA"
        assert image.getpixel((0, 0))[3] == 0  # type: ignore[index]


# EXIF 2.32, 4.6.5 A: where the corner that is upper left in the file belongs.
CORNERS = {1: "left upper", 2: "right upper", 3: "right lower", 4: "left lower"}
CORNERS |= {5: "left upper", 6: "right upper", 7: "right lower", 8: "left lower"}


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("orientation", CORNERS)
def test_every_orientation_is_made_upright(orientation: int, kind: str) -> None:
    image = Image.new("L", (64, 32), 10)
    image.paste(250, (0, 0, 16, 8))
    exif = Image.Exif()
    exif[0x0112] = orientation

    checked = check_image(saved(image, kind, exif=exif))

    with Image.open(io.BytesIO(checked.png)) as made:
        width, height = made.size
        assert (width, height) == ((64, 32) if orientation < 5 else (32, 64))
        side, end = CORNERS[orientation].split()
        corner = (2 if side == "left" else width - 3, 2 if end == "upper" else height - 3)
        assert made.convert("L").getpixel(corner) > 200  # type: ignore[operator]


def test_the_phones_picture_with_another_one_behind_it_is_taken() -> None:
    checked = check_image(two_in_one_jpeg())

    with Image.open(io.BytesIO(checked.png)) as image:
        assert image.size == (64, 48)


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
    assert size[0] * size[1] > MAX_PIXELS["PNG"]
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


def test_a_body_that_says_it_is_too_long_is_not_read(store: Store, fetcher: Fetcher) -> None:
    store.inputs["photo"] = png() + b"x" * 100_000
    sizes: list[int] = []
    read1 = urllib3.HTTPResponse.read1

    def counted(self: Any, *arguments: Any, **more: Any) -> bytes:
        sizes.append(len(found := read1(self, *arguments, **more)))
        return found

    with pytest.MonkeyPatch.context() as patch, pytest.raises(JobFailed, match="larger than 5000"):
        patch.setattr(urllib3.HTTPResponse, "read1", counted)
        fetcher.fetch(image_at(store, max_bytes=5000))

    assert sizes == []


def test_a_body_of_unknown_length_stops_at_its_limit(fetcher_of: FetcherOf) -> None:
    data = png() + b"x" * 100_000
    body = b"".join(b"%x\r\n%b\r\n" % (len(data), data) for data in [data] * 100)
    fetch = fetcher_of(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body)

    with pytest.raises(JobFailed, match="larger than 5000 bytes"):
        fetch()


def test_a_download_that_is_cut_off_is_tried_again_and_then_given_up(
    fetcher_of: FetcherOf, pauses: list[float]
) -> None:
    fetch = fetcher_of(answer(png()[:60], length=len(png())))

    with pytest.raises(JobFailed, match="could not be fetched"):
        fetch()
    assert pauses == [0.5, 1.0]


def test_what_comes_behind_the_end_of_a_body_is_nothing(fetcher_of: FetcherOf) -> None:
    fetch = fetcher_of(answer(png(), length=len(png())) + b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 999)

    assert fetch() == check_image(png())


def test_a_body_is_not_unpacked(fetcher_of: FetcherOf) -> None:
    packed = gzip.compress(png())
    fetch = fetcher_of(answer(packed, "Content-Encoding: gzip", length=len(packed)))

    with pytest.raises(JobFailed, match="an archive"):
        fetch()


@pytest.mark.parametrize("named", ["text/html", "image/svg+xml", "application/zip", "nonsense"])
def test_the_content_tells_the_format_whatever_its_name_and_type(
    fetcher_of: FetcherOf, named: str
) -> None:
    fetch = fetcher_of(answer(png(), f"Content-Type: {named}", length=len(png())))
    forged = fetcher_of(answer(b"<svg/>", "Content-Type: image/png", length=6))

    assert fetch() == check_image(png())
    with pytest.raises(JobFailed, match=r"an SVG; send a PNG, JPEG or WebP\.$"):
        forged()


def test_a_store_that_sends_drop_by_drop_is_given_up(
    fetcher_of: FetcherOf, caplog: pytest.LogCaptureFixture
) -> None:
    """Each drop comes before the line's own timeout, which would never end it."""
    times = itertools.count(0.0, 100.0)  # seconds: already the first drop comes too late
    fetch = fetcher_of(answer(png()[:60], length=len(png())), stay=True, clock=times.__next__)

    with pytest.raises(JobFailed, match="could not be fetched"):
        fetch()
    assert [record.getMessage() for record in caplog.records] == [
        f"fetching an input: Timeout (try {number})" for number in (1, 2, 3)
    ]


def test_a_store_whose_headers_never_end_is_given_up(
    fetcher_of: FetcherOf, caplog: pytest.LogCaptureFixture
) -> None:
    times = itertools.count(0.0, 100.0)  # seconds: the first look comes too late
    fetch = fetcher_of(b"HTTP/1.1 200 OK\r\nX-Slow: ", stay=True, clock=times.__next__)

    with pytest.raises(JobFailed, match="could not be fetched"):
        fetch()
    assert [record.getMessage() for record in caplog.records] == [
        f"fetching an input: Timeout (try {number})" for number in (1, 2, 3)
    ]


def test_a_job_told_to_stop_in_the_pause_between_two_tries_asks_no_more(
    store: Store, fetcher: Fetcher, pauses: list[float]
) -> None:
    store.inputs["photo"] = png()
    store.input_answers = [web.Response(status=500)]

    def check() -> None:
        if pauses:
            raise JobFailed(Kind.INTERRUPTED, "the worker was told to stop")

    with pytest.raises(JobFailed, match="told to stop"):
        fetcher.fetch(image_at(store), check)


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


def test_a_store_that_stays_away_is_not_the_images_fault(store: Store, fetcher: Fetcher) -> None:
    store.input_answers = [web.Response(status=500) for _ in range(3)]

    with pytest.raises(JobFailed, match="the store does not answer") as caught:
        fetcher.fetch(image_at(store))
    assert caught.value.kind is Kind.ENGINE_UNAVAILABLE
