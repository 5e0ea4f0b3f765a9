"""A PNG of our own writing is one that everybody reads, with just the pixels in it."""

from __future__ import annotations

import io
import random

import pytest
from PIL import Image

from gpu_container.worker.inputs.plain_png import plain_png
from tests.worker.hostile_files import chunk


def noise(mode: str, size: tuple[int, int]) -> Image.Image:
    amount = size[0] * size[1] * len(mode)
    return Image.frombytes(mode, size, random.Random(7).randbytes(amount))


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
@pytest.mark.parametrize("size", [(1, 1), (3, 255), (2, 256), (5, 257), (700, 600)])
def test_every_pixel_comes_back(mode: str, size: tuple[int, int]) -> None:
    image = noise(mode, size)

    with Image.open(io.BytesIO(plain_png(image))) as read:
        read.verify()  # each chunk's checksum
    with Image.open(io.BytesIO(plain_png(image))) as read:
        read.load()
        assert (read.format, read.mode, read.size) == ("PNG", mode, size)
        assert read.tobytes() == image.tobytes()


def test_what_the_image_says_of_itself_stays_behind() -> None:
    image = noise("RGB", (4, 4))
    image.info["comment"] = "where it was taken"

    made = plain_png(image)

    assert b"where it was taken" not in made
    assert made.endswith(chunk(b"IEND"))
