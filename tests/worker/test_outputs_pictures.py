"""What Discord would not show gets a copy that it does, of a size that fits."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from PIL import Image

from gpu_container.worker.outputs import metadata
from gpu_container.worker.outputs.picture import image_size, smaller_copy, thumbnail
from gpu_container.worker.result import JobResult, StoredOutput
from tests.worker.store import Store
from tests.worker.test_outputs_delivery import FOX, Desk
from tests.worker.test_run_job import RESULT_SCHEMA, SCHEMAS

LIMIT = 65_536
WISH = {"max_bytes": LIMIT, "thumbnail_px": 64}
NOISE = Image.effect_noise((400, 300), 90).convert("RGB")


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(store, tmp_path)
    yield desk
    desk.delivery.close()
    desk.uploader.close()


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def delivered(desk: Desk, data: bytes, **changes: Any) -> StoredOutput:
    desk.put("output/fox.png", data)
    desk.begin(variants=WISH, **changes)
    (output,) = desk.finish(_9=[FOX])
    return output


def deep(mode: str) -> bytes:
    """Sixteen bits for a colour; Pillow writes grey alone."""
    assert mode == "I;16"
    return saved(Image.frombytes(mode, (4, 4), b"\x00\x80" * 16), "PNG")


def test_a_picture_that_fits_is_stored_alone(desk: Desk) -> None:
    output = delivered(desk, saved(Image.new("RGB", (99, 99)), "PNG"))

    assert (output.variant, output.thumbnail) == (None, None)
    assert len(desk.store.stored) == 1


def test_no_copy_is_made_where_nobody_asks(desk: Desk) -> None:
    desk.put("output/fox.png", saved(NOISE, "PNG"))

    (output,) = desk.finish(_9=[FOX])

    assert (output.variant, output.thumbnail) == (None, None)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(saved(NOISE, "PNG"), id="too large"),
        pytest.param(saved(NOISE, "JPEG", quality=100), id="too large as JPEG"),
        pytest.param(saved(Image.new("RGB", (400, 300)), "BMP"), id="bmp"),
        pytest.param(saved(Image.new("RGB", (400, 300)), "TIFF"), id="tiff"),
        pytest.param(saved(Image.new("I;16", (400, 300)), "PNG"), id="16 bits"),
    ],
)
def test_a_picture_that_cannot_be_shown_gets_a_copy_and_a_thumbnail(
    desk: Desk, data: bytes
) -> None:
    output = delivered(desk, data)

    assert output.variant is not None
    assert output.thumbnail is not None
    assert output.variant.name == "0_9.variant.webp"
    assert output.variant.bytes <= LIMIT
    assert output.variant.width / output.variant.height == pytest.approx(4 / 3, abs=0.02)
    assert (output.thumbnail.width, output.thumbnail.height) == (64, 48)
    stored = {item.key.rpartition("/")[2]: item for item in desk.store.stored}
    assert set(stored) == {output.name, "0_9.variant.webp", "0_9.thumbnail.webp"}
    for copy in (output.variant, output.thumbnail):
        with Image.open(io.BytesIO(stored[copy.name].data)) as image:
            assert (image.format, image.size) == ("WEBP", (copy.width, copy.height))
    document = JobResult("1", 1, 0.0, 1.0, (output,)).document()
    jsonschema.validate(json.loads(json.dumps(document)), RESULT_SCHEMA)


def test_an_animation_keeps_its_motion_and_gets_a_thumbnail_alone(desk: Desk) -> None:
    frames = [Image.effect_noise((300, 200), 90).convert("RGB") for _ in range(4)]
    data = saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)

    output = delivered(desk, data)

    assert output.variant is None
    assert output.thumbnail is not None
    assert output.animated
    document = JobResult("1", 1, 0.0, 1.0, (output,)).document()
    jsonschema.validate(json.loads(json.dumps(document)), RESULT_SCHEMA)


@pytest.mark.parametrize(
    "data", [saved(NOISE, "WEBP"), b"\x00\x00\x00\x18ftypisom", b"RIFFxxxxWEBP"]
)
def test_what_stands_still_or_is_no_image_is_not_animated(desk: Desk, data: bytes) -> None:
    assert not delivered(desk, data).animated


def test_a_video_gets_no_copy(desk: Desk) -> None:
    output = delivered(desk, b"\x00\x00\x00\x18ftypisom" + b"\x00" * (LIMIT + 1))

    assert (output.variant, output.thumbnail) == (None, None)


def test_a_picture_that_cannot_be_decoded_is_delivered_as_it_is(desk: Desk) -> None:
    output = delivered(desk, saved(NOISE, "PNG")[:-9000])

    assert output.name == "0_9.png"
    assert (output.variant, output.thumbnail) == (None, None)


def test_a_picture_too_large_to_decode_gets_no_copy(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("1", (8193, 8193)).save(path)

    assert (smaller_copy(path, LIMIT), thumbnail(path, 64)) == (None, None)
    assert image_size(path) == (8193, 8193)


def test_what_is_no_image_has_no_size(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\x89PNG\r\n\x1a\n")

    assert image_size(tmp_path / "a") is None


def test_a_copy_is_upright_and_keeps_what_is_see_through(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "a"
    path.write_bytes(saved(Image.new("RGBA", (40, 20), (255, 0, 0, 0)), "PNG", exif=exif))

    copy = smaller_copy(path, LIMIT)

    assert copy is not None
    assert (copy.width, copy.height) == (20, 40)
    with Image.open(io.BytesIO(copy.data)) as image:
        assert image.convert("RGBA").getpixel((5, 5))[3] == 0  # type: ignore[index]


def test_sixteen_bits_of_grey_are_scaled_and_not_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(deep("I;16"))

    copy = thumbnail(path, 16)

    assert copy is not None
    with Image.open(io.BytesIO(copy.data)) as image:
        assert image.convert("L").getpixel((1, 1)) == pytest.approx(128, abs=3)


def test_a_copy_holds_the_request_like_the_picture(desk: Desk, tmp_path: Path) -> None:
    delivered(desk, saved(NOISE, "PNG"), metadata={"seed": 7})

    (variant,) = desk.store.all("variant")
    (tmp_path / "copy").write_bytes(variant.data)
    assert metadata.read(tmp_path / "copy") == {"seed": 7}
    assert len(variant.data) <= LIMIT


def test_the_wish_is_part_of_the_envelope() -> None:
    schema = json.loads((SCHEMAS / "job.schema.json").read_text())

    jsonschema.validate(WISH, schema["properties"]["variants"])
