"""What each node class does, apart from the samplers and the nodes that save files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from PIL import Image, ImageFilter, ImageOps, ImageSequence

from local.engine.nodes.model_files import CORRUPT_CHECKPOINT
from local.engine.nodes.values import (
    Bench,
    Conditioning,
    Latent,
    NodeFailure,
    Pictures,
    Result,
    Weights,
)

Inputs = dict[str, Any]
LATENT_CELL = 8  # a latent is made of cells of this many pixels
FILTERS = {
    "nearest-exact": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "area": Image.Resampling.BOX,
    "bicubic": Image.Resampling.BICUBIC,
    "bislerp": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


def _load_checkpoint(_bench: Bench, inputs: Inputs) -> Result:
    name = inputs["ckpt_name"]
    if name == CORRUPT_CHECKPOINT:
        raise NodeFailure(
            "safetensors._safetensors_rust.SafetensorError",
            "Error while deserializing header: header too large",
        )
    return Result((Weights(name), Weights(name), Weights(name)))


def _load_lora(_bench: Bench, inputs: Inputs) -> Result:
    return Result((inputs["model"], inputs["clip"]))


def _load_vae(_bench: Bench, inputs: Inputs) -> Result:
    return Result((Weights(inputs["vae_name"]),))


def _load_diffusion_model(_bench: Bench, inputs: Inputs) -> Result:
    return Result((Weights(inputs["unet_name"]),))


def _load_text_encoders(_bench: Bench, inputs: Inputs) -> Result:
    return Result((Weights(inputs["clip_name1"]),))


def _load_control_net(_bench: Bench, inputs: Inputs) -> Result:
    return Result((Weights(inputs["control_net_name"]),))


def _apply_control_net(_bench: Bench, inputs: Inputs) -> Result:
    return Result((inputs["positive"], inputs["negative"]))


def _condition_for_inpaint(_bench: Bench, inputs: Inputs) -> Result:
    latent = _encoded(inputs["pixels"], inputs["mask"] if inputs["noise_mask"] else None)
    return Result((inputs["positive"], inputs["negative"], latent))


def _grow_mask(_bench: Bench, inputs: Inputs) -> Result:
    return Result((_grown(inputs["mask"], inputs["expand"]),))


def _encode_text(_bench: Bench, inputs: Inputs) -> Result:
    return Result((Conditioning(inputs["text"]),))


def _empty_latent(_bench: Bench, inputs: Inputs) -> Result:
    width, height = (inputs[side] // LATENT_CELL * LATENT_CELL for side in ("width", "height"))
    return Result((Latent(width, height, inputs["batch_size"]),))


def _resize_latent(latent: Latent, size: tuple[int, int], method: str, *, crop: bool) -> Result:
    width, height = (max(side // LATENT_CELL, 1) * LATENT_CELL for side in size)
    pictures = tuple(_resized(each, (width, height), method, crop=crop) for each in latent.pictures)
    return Result((replace(latent, width=width, height=height, pictures=pictures, mask=None),))


def _latent_upscale(_bench: Bench, inputs: Inputs) -> Result:
    latent: Latent = inputs["samples"]
    size = _filled_in((inputs["width"], inputs["height"]), (latent.width, latent.height))
    crop = inputs["crop"] == "center"
    return _resize_latent(latent, size, inputs["upscale_method"], crop=crop)


def _latent_upscale_by(_bench: Bench, inputs: Inputs) -> Result:
    latent: Latent = inputs["samples"]
    factor = inputs["scale_by"]
    size = (round(latent.width * factor), round(latent.height * factor))
    return _resize_latent(latent, size, inputs["upscale_method"], crop=False)


def _set_noise_mask(_bench: Bench, inputs: Inputs) -> Result:
    latent: Latent = inputs["samples"]
    return Result((replace(latent, mask=inputs["mask"]),))


def _decode(_bench: Bench, inputs: Inputs) -> Result:
    latent: Latent = inputs["samples"]
    size = (latent.width, latent.height)
    grey = tuple(Image.new("RGB", size, (127, 127, 127)) for _ in range(latent.batch))
    return Result((latent.pictures or grey,))


def _encode(_bench: Bench, inputs: Inputs) -> Result:
    return Result((_encoded(inputs["pixels"]),))


def _encode_for_inpaint(_bench: Bench, inputs: Inputs) -> Result:
    mask = _grown(inputs["mask"], inputs["grow_mask_by"] // 2)
    return Result((_encoded(inputs["pixels"], mask),))


def _encoded(pictures: Pictures, mask: Image.Image | None = None) -> Latent:
    width, height = (max(side // LATENT_CELL, 1) * LATENT_CELL for side in pictures[0].size)
    cut = tuple(ImageOps.fit(each, (width, height)) for each in pictures)
    return Latent(width, height, len(cut), cut, mask)


def _grown(mask: Image.Image, pixels: int) -> Image.Image:
    if pixels == 0:
        return mask
    shape = ImageFilter.MaxFilter if pixels > 0 else ImageFilter.MinFilter
    return mask.filter(shape(2 * abs(pixels) + 1))


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
    fitted = tuple(_resized(each, first[0].size, "bilinear", crop=True) for each in second)
    return Result((first + fitted,))


def _scale(_bench: Bench, inputs: Inputs) -> Result:
    pictures = cast("Pictures", inputs["image"])
    size = _filled_in((inputs["width"], inputs["height"]), pictures[0].size)
    method, crop = inputs["upscale_method"], inputs["crop"] == "center"
    return Result((tuple(_resized(each, size, method, crop=crop) for each in pictures),))


def _scale_by(_bench: Bench, inputs: Inputs) -> Result:
    pictures = cast("Pictures", inputs["image"])
    width, height = (max(round(side * inputs["scale_by"]), 1) for side in pictures[0].size)
    method = inputs["upscale_method"]
    return Result(
        (tuple(_resized(each, (width, height), method, crop=False) for each in pictures),)
    )


def _pad(_bench: Bench, inputs: Inputs) -> Result:
    pictures = cast("Pictures", inputs["image"])
    border = (inputs["left"], inputs["top"], inputs["right"], inputs["bottom"])
    padded = tuple(ImageOps.expand(each, border, (127, 127, 127)) for each in pictures)
    mask = ImageOps.expand(Image.new("L", pictures[0].size, 0), border, 255)
    return Result((padded, mask.filter(ImageFilter.GaussianBlur(inputs["feathering"] / 4))))


def _filled_in(asked: tuple[int, int], now: tuple[int, int]) -> tuple[int, int]:
    """A side of 0 keeps the proportions; both 0 keep the size."""
    if asked == (0, 0):
        return now
    width = asked[0] or max(1, round(now[0] * asked[1] / now[1]))
    height = asked[1] or max(1, round(now[1] * asked[0] / now[0]))
    return width, height


def _resized(
    picture: Image.Image, size: tuple[int, int], method: str, *, crop: bool
) -> Image.Image:
    if crop:
        return ImageOps.fit(picture, size, FILTERS[method])
    return picture.resize(size, FILTERS[method])


NODES: dict[str, Callable[[Bench, Inputs], Result]] = {
    "CheckpointLoaderSimple": _load_checkpoint,
    "LoraLoader": _load_lora,
    "VAELoader": _load_vae,
    "UNETLoader": _load_diffusion_model,
    "DualCLIPLoader": _load_text_encoders,
    "ControlNetLoader": _load_control_net,
    "ControlNetApplyAdvanced": _apply_control_net,
    "InpaintModelConditioning": _condition_for_inpaint,
    "GrowMask": _grow_mask,
    "CLIPSetLastLayer": lambda _bench, inputs: Result((inputs["clip"],)),
    "CLIPTextEncode": _encode_text,
    "FluxGuidance": lambda _bench, inputs: Result((inputs["conditioning"],)),
    "EmptyLatentImage": _empty_latent,
    "EmptySD3LatentImage": _empty_latent,
    "LatentUpscale": _latent_upscale,
    "LatentUpscaleBy": _latent_upscale_by,
    "SetLatentNoiseMask": _set_noise_mask,
    "VAEDecode": _decode,
    "VAEEncode": _encode,
    "VAEEncodeForInpaint": _encode_for_inpaint,
    "LoadImage": _load_image,
    "LoadImageMask": _load_mask,
    "EmptyImage": _empty_image,
    "ImageBatch": _batch,
    "ImageScale": _scale,
    "ImageScaleBy": _scale_by,
    "ImagePadForOutpaint": _pad,
}
