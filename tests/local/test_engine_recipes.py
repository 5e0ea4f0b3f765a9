"""The stand-in engine paints something sensible for every shipped recipe."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image, ImageChops

from distillery.core.recipes.recipe import Recipe, outputs_in
from distillery.recipe_files import load_recipes
from local.engine.clients import Clients
from local.engine.folders import Folders
from local.engine.graph.run_prompt import GraphRunner
from local.engine.graph.validate import validate
from local.engine.progress import Progress
from local.engine.prompt_queue import Prompt
from tests.core.recipe_cases import FILE, PICTURE, graph_of

RECIPES = load_recipes(Path(__file__).parents[2] / "workflows")
QUICK = {"size": "512x512", "steps": 4, "length": 25}
QUICK_FOR = {"upscale": {"scale": 0.5}, "wan_video": {"size": "480x832", "format": "webp"}}
HALF = (64, 0, 128, 128)  # the part of the given picture that is transparent


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    folders = Folders(tmp_path)
    folders.make()
    picture = Image.new("RGBA", (128, 128), (200, 120, 40, 255))
    picture.paste((0, 0, 0, 0), HALF)
    picture.save(tmp_path / "input" / PICTURE)
    return folders


def saved_by(folders: Folders, recipe: Recipe, **given: Any) -> bytes:
    """Run a recipe to its end, in few steps; return the file that it saved."""
    known = {option.name for option in recipe.options}
    quick = {name: value for name, value in QUICK.items() if name in known}
    graph = graph_of(recipe, {**quick, **QUICK_FOR.get(recipe.name, {}), **given})
    verdict = validate(graph, lambda name: folders.find_input(name) is not None)
    assert verdict.error is None
    prompt = Prompt(0, "id", graph, {}, verdict.outputs)
    entry = asyncio.run(GraphRunner(folders, 0.0).run(prompt, Progress(Clients(), "id", None)))
    assert entry["status"]["status_str"] == "success", entry["status"]["messages"][-1]
    [output] = outputs_in(graph, recipe)
    [shown] = entry["outputs"][output]["images"]
    return folders.locate("output", shown["subfolder"], shown["filename"]).read_bytes()


def run(folders: Folders, recipe: Recipe, **given: Any) -> Image.Image:
    """Run a recipe to its end and return the picture that it saved."""
    return Image.open(io.BytesIO(saved_by(folders, recipe, **given)))


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_every_recipe_is_run_to_a_picture(folders: Folders, recipe: Recipe) -> None:
    picture = run(folders, recipe)

    low, high = picture.convert("L").getextrema()
    assert high - low > 30  # type: ignore[operator]
    assert getattr(picture, "n_frames", 1) == (25 if recipe.name == "wan_video" else 1)


def test_inpainting_changes_only_the_transparent_part(folders: Folders) -> None:
    given = {"mask_grow": 0, "mask_feather": 0}
    picture = run(folders, RECIPES["sdxl_inpaint"], **given).convert("RGB")

    left = picture.crop((0, 0, picture.width // 2 - 64, picture.height))
    assert left.getcolors() == [(left.width * left.height, (200, 120, 40))]
    right = picture.crop((picture.width // 2 + 64, 0, *picture.size)).convert("L")
    assert len(right.getcolors() or []) > 8


def test_a_mask_says_where_to_paint_too(folders: Folders) -> None:
    Image.new("RGB", (128, 128), "white").save(folders.base / "input" / PICTURE)

    whole = run(folders, RECIPES["sdxl_inpaint"], mask=FILE).convert("L")
    nothing = run(folders, RECIPES["sdxl_inpaint"]).convert("L")

    assert len(whole.getcolors() or []) > 8
    assert nothing.getextrema() == (255, 255)


def test_zooming_out_keeps_the_image_in_the_middle_of_a_larger_canvas(folders: Folders) -> None:
    near = run(folders, RECIPES["sdxl_zoom_out"], border=96)
    far = run(folders, RECIPES["sdxl_zoom_out"], border=256)

    assert far.size > near.size
    middle = far.convert("RGB").getpixel((far.width // 2 - 60, far.height // 2))
    assert middle == (200, 120, 40)


def test_upscaling_makes_the_image_larger(folders: Folders) -> None:
    for method in ("direct", "tiled"):
        assert run(folders, RECIPES["upscale"], method=method).size == (256, 256)
    assert run(folders, RECIPES["upscale"], scale=1.0).size == (512, 512)


def test_a_film_is_an_mp4_that_players_play_and_that_says_how_it_was_made(
    folders: Folders,
) -> None:
    saved = saved_by(folders, RECIPES["wan_video"], format="mp4", prompt="a red fox")

    with av.open(io.BytesIO(saved)) as film:
        [stream] = film.streams
        assert isinstance(stream, av.VideoStream)
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        assert (stream.average_rate, stream.width, stream.height) == (24, 480, 832)
        first, *between, last = (frame.to_image() for frame in film.decode(stream))
        assert len(between) == 23
        assert ImageChops.difference(first, last).getbbox()
        assert "a red fox" in film.metadata["prompt"]


def test_a_film_begins_with_the_image(folders: Folders) -> None:
    saved = saved_by(folders, RECIPES["wan_video"], format="mp4", image=FILE)

    with av.open(io.BytesIO(saved)) as film:
        first = next(film.decode(video=0)).to_image()
    assert first.getpixel((20, 20)) == pytest.approx((200, 120, 40), abs=6)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("sdxl_reference", {"weight": 1.0}),
        ("sdxl_control", {"weight": 1.0}),
        ("sdxl_text_to_image", {"power": 0.5}),
        ("sdxl_text_to_image", {"sharpen": 1.0}),
        ("sdxl_text_to_image", {"style": "ink"}),
    ],
)
def test_what_an_option_adds_is_seen(folders: Folders, name: str, given: dict[str, Any]) -> None:
    without = {"weight": 0.0} if "weight" in given else {}
    plain = run(folders, RECIPES[name], **without).convert("RGB")
    changed = run(folders, RECIPES[name], **given).convert("RGB").resize(plain.size)

    assert ImageChops.difference(plain, changed).getbbox()
