"""What the node classes around pictures and masks do: loading, scaling, filtering, joining."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, cast

from PIL import Image, ImageChops, ImageFilter, ImageOps, ImageSequence

from local.engine.nodes.values import Bench, NodeFailure, Pictures, Result

Inputs = dict[str, Any]
FILTERS = {
    "nearest-exact": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "area": Image.Resampling.BOX,
    "bicubic": Image.Resampling.BICUBIC,
    "bislerp": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
MODEL_FACTOR = 4  # how much larger the pretended upscaling models make a picture
MEGAPIXEL = 1024 * 1024
GREY = (127, 127, 127)


def _load_image(bench: Bench, inputs: Inputs) -> Result:
    with _open_input(bench, inputs["image"]) as file:
        frames = [ImageOps.exif_transpose(frame) for frame in ImageSequence.Iterator(file)]
    pictures = tuple(frame.convert("RGB") for frame in frames)
    mask = ImageOps.invert(frames[0].convert("RGBA").getchannel("A"))
    return Result((pictures, mask))


def _load_mask(bench: Bench, inputs: Inputs) -> Result:
    with _open_input(bench, inputs["image"]) as file:
        picture = ImageOps.exif_transpose(file).convert("RGBA")
    if inputs["channel"] == "alpha":
        return Result((ImageOps.invert(picture.getchannel("A")),))
    return Result((picture.getchannel(inputs["channel"][0].upper()),))


def _open_input(bench: Bench, name: str) -> Image.Image:
    path = bench.folders.find_input(name)
    if path is None:
        raise NodeFailure("FileNotFoundError", f"No such file in the input folder: {name}")
    return Image.open(path)


def _empty_image(_bench: Bench, inputs: Inputs) -> Result:
    color = inputs["color"]
    rgb = (color >> 16 & 0xFF, color >> 8 & 0xFF, color & 0xFF)
    picture = Image.new("RGB", (inputs["width"], inputs["height"]), rgb)
    return Result(((picture,) * inputs["batch_size"],))


def _batch(_bench: Bench, inputs: Inputs) -> Result:
    first = cast("Pictures", inputs["image1"])
    second = cast("Pictures", inputs["image2"])
    fitted = tuple(resized(each, first[0].size, "bilinear", crop=True) for each in second)
    return Result((first + fitted,))


def _scale(_bench: Bench, inputs: Inputs) -> Result:
    pictures = cast("Pictures", inputs["image"])
    size = filled_in((inputs["width"], inputs["height"]), pictures[0].size)
    method, crop = inputs["upscale_method"], inputs["crop"] == "center"
    return Result((tuple(resized(each, size, method, crop=crop) for each in pictures),))


def _scale_by(_bench: Bench, inputs: Inputs) -> Result:
    pictures = cast("Pictures", inputs["image"])
    width, height = (max(round(side * inputs["scale_by"]), 1) for side in pictures[0].size)
    method = inputs["upscale_method"]
    return Result((tuple(resized(each, (width, height), method, crop=False) for each in pictures),))


def _pad(_bench: Bench, inputs: Inputs) -> Result:
    pictures = cast("Pictures", inputs["image"])
    border = (inputs["left"], inputs["top"], inputs["right"], inputs["bottom"])
    padded = tuple(ImageOps.expand(each, border, GREY) for each in pictures)
    mask = ImageOps.expand(Image.new("L", pictures[0].size, 0), border, 255)
    return Result((padded, mask.filter(ImageFilter.GaussianBlur(inputs["feathering"] / 4))))


def filled_in(asked: tuple[int, int], now: tuple[int, int]) -> tuple[int, int]:
    """A side of 0 keeps the proportions; both 0 keep the size."""
    if asked == (0, 0):
        return now
    width = asked[0] or max(1, round(now[0] * asked[1] / now[1]))
    height = asked[1] or max(1, round(now[1] * asked[0] / now[0]))
    return width, height


def resized(picture: Image.Image, size: tuple[int, int], method: str, *, crop: bool) -> Image.Image:
    """Return a picture of this size, cut to its proportions or stretched to them."""
    if crop:
        return ImageOps.fit(picture, size, FILTERS[method])
    return picture.resize(size, FILTERS[method])


def _grow_mask(_bench: Bench, inputs: Inputs) -> Result:
    return Result((grown(inputs["mask"], inputs["expand"]),))


def grown(mask: Image.Image, pixels: int) -> Image.Image:
    """Return a mask that reaches so far beyond its edges; a negative number draws it in."""
    if pixels == 0:
        return mask
    shape = ImageFilter.MaxFilter if pixels > 0 else ImageFilter.MinFilter
    return mask.filter(shape(2 * abs(pixels) + 1))


def _enlarge(_bench: Bench, inputs: Inputs) -> Result:
    return Result((tuple(ImageOps.scale(each, MODEL_FACTOR) for each in inputs["image"]),))


def _scale_to_pixels(_bench: Bench, inputs: Inputs) -> Result:
    pictures = cast("Pictures", inputs["image"])
    width, height = pictures[0].size
    factor = math.sqrt(inputs["megapixels"] * MEGAPIXEL / (width * height))
    size = (max(round(width * factor), 1), max(round(height * factor), 1))
    method = inputs["upscale_method"]
    return Result((tuple(resized(each, size, method, crop=False) for each in pictures),))


def _find_edges(_bench: Bench, inputs: Inputs) -> Result:
    threshold = round(255 * inputs["low_threshold"] / 4)
    return Result((tuple(_edges(each, threshold) for each in inputs["image"]),))


def _edges(picture: Image.Image, threshold: int) -> Image.Image:
    lines = picture.convert("L").filter(ImageFilter.FIND_EDGES)
    return lines.point([255 if tone > threshold else 0 for tone in range(256)]).convert("RGB")


def _sharpen(_bench: Bench, inputs: Inputs) -> Result:
    mask = ImageFilter.UnsharpMask(inputs["sharpen_radius"], round(100 * inputs["alpha"]), 0)
    return Result((tuple(each.filter(mask) for each in inputs["image"]),))


def _blur(_bench: Bench, inputs: Inputs) -> Result:
    softness = ImageFilter.GaussianBlur(min(inputs["blur_radius"], 3 * inputs["sigma"]) / 2)
    return Result((tuple(each.filter(softness) for each in inputs["image"]),))


def _mask_to_image(_bench: Bench, inputs: Inputs) -> Result:
    return Result(((inputs["mask"].convert("RGB"),),))


def _image_to_mask(_bench: Bench, inputs: Inputs) -> Result:
    picture: Image.Image = inputs["image"][0].convert("RGBA")
    return Result((picture.getchannel(inputs["channel"][0].upper()),))


def _join_masks(_bench: Bench, inputs: Inputs) -> Result:
    """Only adding is offered: what is white in either mask is white."""
    joined: Image.Image = inputs["destination"].copy()
    other: Image.Image = inputs["source"]
    place = (inputs["x"], inputs["y"])
    below = joined.crop((*place, place[0] + other.width, place[1] + other.height))
    joined.paste(ImageChops.lighter(below, other), place)
    return Result((joined,))


def _lay_over(_bench: Bench, inputs: Inputs) -> Result:
    source, mask = inputs["source"], inputs.get("mask")
    return Result(
        (
            tuple(
                _laid_over(each, source[index % len(source)], mask, (inputs["x"], inputs["y"]))
                for index, each in enumerate(inputs["destination"])
            ),
        )
    )


def _laid_over(
    below: Image.Image, above: Image.Image, mask: Image.Image | None, place: tuple[int, int]
) -> Image.Image:
    picture = below.copy()
    picture.paste(above, place, mask.resize(above.size) if mask else None)
    return picture


PICTURE_NODES: dict[str, Callable[[Bench, Inputs], Result]] = {
    "LoadImage": _load_image,
    "LoadImageMask": _load_mask,
    "EmptyImage": _empty_image,
    "ImageBatch": _batch,
    "ImageScale": _scale,
    "ImageScaleBy": _scale_by,
    "ImageScaleToTotalPixels": _scale_to_pixels,
    "ImageUpscaleWithModel": _enlarge,
    "ImagePadForOutpaint": _pad,
    "ImageSharpen": _sharpen,
    "ImageBlur": _blur,
    "ImageCompositeMasked": _lay_over,
    "Canny": _find_edges,
    "GrowMask": _grow_mask,
    "MaskComposite": _join_masks,
    "MaskToImage": _mask_to_image,
    "ImageToMask": _image_to_mask,
}
