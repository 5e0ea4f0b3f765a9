"""The engine's pictures: the same brief is the same picture, and a prompt can be seen in it."""

import io
from dataclasses import replace

import pytest
from PIL import Image, ImageChops, ImageStat

from local.engine.painter.brief import Brief
from local.engine.painter.emerge import preview_frames
from local.engine.painter.paint import paint, repaint
from local.engine.painter.scene import HOME_OF, HOURS, LANDS, read
from local.engine.painter.shapes import read_shapes

FOX = Brief(text="a red fox", negative="blurry", seed=1, width=128, height=96, steps=20, cfg=7.0)


def difference(first: Image.Image, second: Image.Image) -> float:
    return sum(ImageStat.Stat(ImageChops.difference(first, second)).mean)


def test_equal_briefs_are_equal_pictures() -> None:
    assert paint(FOX).tobytes() == paint(FOX).tobytes()


@pytest.mark.parametrize(
    "other",
    [
        replace(FOX, text="a black cat"),
        replace(FOX, negative="fox"),
        replace(FOX, seed=2),
        replace(FOX, steps=30),
        replace(FOX, cfg=9.0),
    ],
    ids=lambda brief: f"{brief.text}|{brief.negative}|{brief.seed}|{brief.steps}|{brief.cfg}",
)
def test_whatever_the_brief_says_changes_the_picture(other: Brief) -> None:
    assert difference(paint(FOX), paint(other)) > 1


@pytest.mark.parametrize("size", [(8, 8), (64, 64), (192, 64), (64, 192)])
def test_a_picture_has_the_size_that_was_asked_for(size: tuple[int, int]) -> None:
    assert paint(replace(FOX, width=size[0], height=size[1])).size == size


def test_words_choose_hour_land_subject_and_colour() -> None:
    scene = read(replace(FOX, text="a blue boat on the sea at night"))

    assert scene.hour is HOURS["night"]
    assert scene.land is LANDS["sea"]
    assert scene.subject == "boat"
    assert scene.tint is not None


def test_what_the_negative_prompt_names_is_left_out() -> None:
    assert read(FOX).subject == "fox"
    assert read(replace(FOX, negative="fox, blurry")).subject == ""


@pytest.mark.parametrize("subject", sorted(read_shapes()))
def test_every_figure_can_be_seen_in_its_picture(subject: str) -> None:
    brief = replace(FOX, text=subject)
    assert read(brief).subject == subject

    with_it = paint(brief)
    colours = with_it.convert("P", palette=Image.Palette.ADAPTIVE, colors=64).getcolors() or []

    assert len(colours) > 32


def test_every_figure_has_a_home_that_exists() -> None:
    assert set(HOME_OF) == set(read_shapes())
    assert {land for lands in HOME_OF.values() for land in lands} <= set(LANDS)


def test_little_freedom_keeps_the_picture_below_and_much_of_it_does_not() -> None:
    base = paint(replace(FOX, text="a castle in winter"))

    changes = [difference(base, repaint(FOX, base, denoise, None)) for denoise in (0.2, 0.6, 1.0)]

    assert changes == sorted(changes)
    assert repaint(FOX, base, 1.0, None).tobytes() == paint(FOX).tobytes()


def test_outside_the_mask_nothing_changes() -> None:
    base = paint(replace(FOX, text="a castle in winter"))
    mask = Image.new("L", base.size, 0)
    mask.paste(255, (0, 0, 64, 96))

    result = repaint(FOX, base, 1.0, mask)

    right = (64, 0, 128, 96)
    assert result.crop(right).tobytes() == base.crop(right).tobytes()
    assert difference(result, base) > 1


def test_a_preview_comes_closer_to_the_picture_with_every_step() -> None:
    frame = preview_frames(FOX, None, 1.0)
    pictures = [Image.open(io.BytesIO(frame(done))) for done in (0.25, 0.5, 0.75, 1.0)]

    distances = [difference(each, paint(FOX)) for each in pictures]

    assert distances == sorted(distances, reverse=True)


def test_a_preview_fits_into_a_progress_report() -> None:
    frame = preview_frames(replace(FOX, width=1024, height=1024), None, 1.0)

    assert max(len(frame(done)) for done in (0.05, 0.5, 1.0)) < 64 * 1024
