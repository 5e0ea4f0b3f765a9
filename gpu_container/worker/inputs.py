"""Fetches input images and makes them safe: small enough, really images, written anew as PNG."""

from __future__ import annotations

import hashlib
import io
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

import requests
from PIL import Image, ImageOps, UnidentifiedImageError

from gpu_container.worker.errors import JobFailed, Kind
from gpu_container.worker.job import InputImage

log = logging.getLogger(__name__)

MAX_PIXELS = 4096 * 4096
_FORMATS = ("PNG", "JPEG", "WEBP")
_ATTEMPTS = 3
_DOWNLOAD_S = 60.0
_BROKEN = (
    UnidentifiedImageError,
    OSError,
    SyntaxError,
    ValueError,
)
_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)  # Pillow's own, later cap


@dataclass(frozen=True, slots=True)
class CheckedImage:
    """A PNG of our own making, named after its content."""

    name: str
    png: bytes


class Fetcher:
    """Downloads over one session. The URLs are signed by the service, never a member's own."""

    def __init__(
        self,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sleep = sleep
        self._clock = clock
        self._session = requests.Session()
        self._session.trust_env = False

    def fetch(self, image: InputImage) -> CheckedImage:
        """Download and check one image. Raises JobFailed(bad_input) that says what to change."""
        for attempt in range(_ATTEMPTS):
            if attempt:
                self._sleep(0.5 * 2 ** (attempt - 1))
            try:
                return check_image(self._download(image))
            except requests.RequestException as error:
                log.warning("fetching an input: %s (try %d)", type(error).__name__, attempt + 1)
        raise JobFailed(Kind.BAD_INPUT, "the image could not be fetched.")

    def close(self) -> None:
        """Drop the connections."""
        self._session.close()

    def _download(self, image: InputImage) -> bytes:
        give_up_at = self._clock() + _DOWNLOAD_S
        data = bytearray()
        with self._session.get(
            image.url,
            stream=True,
            allow_redirects=False,
            timeout=(5.0, 10.0),
            headers={"Accept-Encoding": "identity"},
        ) as response:
            _check_status(response)
            for chunk in response.iter_content(1 << 16):
                data += chunk
                if len(data) > image.max_bytes:
                    raise JobFailed(
                        Kind.BAD_INPUT, f"the image is larger than {image.max_bytes} bytes."
                    )
                if self._clock() > give_up_at:
                    raise requests.Timeout("the download took too long")
        return bytes(data)


def check_image(data: bytes) -> CheckedImage:
    """Make a PNG of an image; its format is told by content, its size before it is decoded.

    One upright frame, no metadata, nothing of the original bytes. Raises JobFailed(bad_input).
    """
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            _check_size(image)
            image.load()
            png = _encode(ImageOps.exif_transpose(image))
    except _BOMBS as error:
        raise _too_large() from error
    except _BROKEN as error:
        raise JobFailed(
            Kind.BAD_INPUT, "the file is not a sound PNG, JPEG or WebP image."
        ) from error
    return CheckedImage(f"{hashlib.sha256(png).hexdigest()[:32]}.png", png)


def _check_status(response: requests.Response) -> None:
    if response.status_code == HTTPStatus.OK:
        return
    if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise requests.HTTPError(f"HTTP {response.status_code}")
    reason = "redirects are refused" if response.is_redirect else f"HTTP {response.status_code}"
    raise JobFailed(Kind.BAD_INPUT, f"the image could not be fetched: {reason}.")


def _check_size(image: Image.Image) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise _too_large()
    if getattr(image, "n_frames", 1) != 1:
        raise JobFailed(Kind.BAD_INPUT, "the image is animated; send a still one.")


def _too_large() -> JobFailed:
    return JobFailed(Kind.BAD_INPUT, f"the image has more than {MAX_PIXELS:,} pixels.")


def _encode(image: Image.Image) -> bytes:
    if image.mode not in ("RGB", "RGBA", "L"):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    clean = Image.new(image.mode, image.size)
    clean.paste(image)
    out = io.BytesIO()
    clean.save(out, "PNG", compress_level=1)  # the engine is next door: speed before size
    return out.getvalue()
