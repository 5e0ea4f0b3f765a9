"""Fetches input images and makes them safe: small enough, really images, written anew as PNG."""

from __future__ import annotations

import hashlib
import io
import logging
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

import requests
import urllib3
from PIL import Image

from gpu_container.worker.errors import JobFailed, Kind
from gpu_container.worker.inputs.image_parts import ImageParts, Unsound, take_apart
from gpu_container.worker.inputs.plain_png import plain_png
from gpu_container.worker.job import InputImage
from gpu_container.worker.store.access import AddressRefused, StoreAccess
from gpu_container.worker.watched_call import watched

log = logging.getLogger(__name__)

MAX_PIXELS = {"PNG": 4096 * 4096, "JPEG": 4096 * 4096, "WEBP": 4096 * 3072}
"""WebP's decoder holds every pixel four times over."""
MAX_SIDE = 16_384
MAX_SCANS = 100
MAX_SCANNED_PIXELS = 32 * 4096 * 4096
"""Each scan of a JPEG goes over every pixel: a small file can ask for hours of work."""
_ATTEMPTS = 3
_DOWNLOAD_S = 60.0
_CHUNK_BYTES = 1 << 16
# What Pillow raises for a broken file; it checks the size once more, in its own way.
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    OverflowError,
    struct.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
_UPRIGHT = {  # EXIF 2.32, 4.6.5 A
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class CheckedImage:
    """A PNG of our own making, named after its content."""

    name: str
    png: bytes


class Fetcher:
    """Downloads over one session. The URLs are signed by the service, never a member's own."""

    def __init__(
        self,
        store: StoreAccess | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sleep = sleep
        self._clock = clock
        self._session = (store or StoreAccess()).session()

    def fetch(self, image: InputImage, check: Callable[[], None] = lambda: None) -> CheckedImage:
        """Download and check one image. Raises JobFailed(bad_input) that says what to change.

        A store that stays away is no fault of the image: that is JobFailed(engine_unavailable).
        `check` is asked before each try and ten times a second while it lasts: what it raises ends
        the fetching.
        """
        for attempt in range(_ATTEMPTS):
            if attempt:
                self._sleep(0.5 * 2 ** (attempt - 1))
            check()
            try:
                return check_image(self._download_in_time(image, check))
            except AddressRefused as refusal:
                text = f"the image's address is refused: {refusal}."
                raise JobFailed(Kind.BAD_INPUT, text) from refusal
            except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
                log.warning("fetching an input: %s (try %d)", type(error).__name__, attempt + 1)
        text = "the image could not be fetched: the store does not answer."
        raise JobFailed(Kind.ENGINE_UNAVAILABLE, text)

    def close(self) -> None:
        """Drop the connections."""
        self._session.close()

    def _download_in_time(self, image: InputImage, check: Callable[[], None]) -> bytearray:
        """Download in a thread of its own: a line's timeout begins anew with each byte."""
        give_up_at = self._clock() + _DOWNLOAD_S

        def check_all() -> None:
            check()
            if self._clock() > give_up_at:
                raise requests.Timeout("the download took too long")

        return watched(lambda: self._download(image, check_all), check_all)

    def _download(self, image: InputImage, check: Callable[[], None]) -> bytearray:
        data = bytearray()
        with self._session.get(
            image.url,
            stream=True,
            allow_redirects=False,
            timeout=(5.0, 10.0),
            headers={"Accept-Encoding": "identity"},
        ) as response:
            _check_status(response)
            if int(response.raw.length_remaining or 0) > image.max_bytes:
                raise _too_long(image)
            # What has come, undecoded: an encoding could unpack to anything.
            while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=False):
                data += chunk
                if len(data) > image.max_bytes:
                    raise _too_long(image)
                check()
        return data


def check_image(data: bytes | bytearray) -> CheckedImage:
    """Make a PNG of an image; format, size and frames are told by content before it is decoded.

    One upright frame, no metadata, nothing of the original bytes. Raises JobFailed(bad_input).
    """
    try:
        parts = take_apart(data)
        _check_limits(parts)
        png = _redraw(parts)
    except Unsound as error:
        raise JobFailed(Kind.BAD_INPUT, f"the {error}.") from error
    return CheckedImage(f"{hashlib.sha256(png).hexdigest()[:32]}.png", png)


def _check_status(response: requests.Response) -> None:
    if response.status_code == HTTPStatus.OK:
        return
    if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise requests.HTTPError(f"HTTP {response.status_code}")
    reason = "redirects are refused" if response.is_redirect else f"HTTP {response.status_code}"
    raise JobFailed(Kind.BAD_INPUT, f"the image could not be fetched: {reason}.")


def _too_long(image: InputImage) -> JobFailed:
    return JobFailed(Kind.BAD_INPUT, f"the image is larger than {image.max_bytes} bytes.")


def _check_limits(parts: ImageParts) -> None:
    pixels = parts.width * parts.height
    if parts.animated:
        raise Unsound("image is animated; send a still one")
    if not pixels:
        raise Unsound("image is damaged: it has no size")
    if pixels > (most := MAX_PIXELS[parts.format]):
        raise Unsound(f"image has more than {most:,} pixels; send a smaller one")
    if max(parts.width, parts.height) > MAX_SIDE:
        raise Unsound(f"image is longer than {MAX_SIDE:,} pixels; send a shorter one")
    if parts.scans > MAX_SCANS or parts.scans * pixels > MAX_SCANNED_PIXELS:
        raise Unsound("image is a JPEG of too many layers; save it again, not progressive")


def _redraw(parts: ImageParts) -> bytes:
    try:
        image = _decode(parts)
        if parts.orientation in _UPRIGHT:
            image = image.transpose(_UPRIGHT[parts.orientation])
        return plain_png(image)
    except Unsound:
        raise
    except _BROKEN as error:
        raise Unsound(f"image is not a sound {parts.format}; save it again") from error


def _decode(parts: ImageParts) -> Image.Image:
    """Decode to 8 bits of grey or colour. Nothing else holds the pixels of what is returned."""
    with Image.open(io.BytesIO(parts.body), formats=(parts.format,)) as image:
        if image.size != (parts.width, parts.height):
            raise Unsound("image is damaged: it has two sizes")
        image.load()
        if image.mode.startswith("I"):  # 16 bits of grey
            return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
        if image.has_transparency_data and image.mode != "RGBA":
            return image.convert("RGBA")
        return image if image.mode in ("RGB", "RGBA", "L") else image.convert("RGB")
