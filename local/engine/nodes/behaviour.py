"""What the node classes around a model do: loading, conditioning, latents. None of them is slow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from PIL import Image, ImageOps

from local.engine.nodes.model_files import CORRUPT_CHECKPOINT
from local.engine.nodes.pictures import filled_in, grown, resized
from local.engine.nodes.values import (
    LATENT_CELL,
    Bench,
    Conditioning,
    Guide,
    Latent,
    NodeFailure,
    Pictures,
    Result,
    Weights,
)

Inputs = dict[str, Any]


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


def _loader(name: str) -> Callable[[Bench, Inputs], Result]:
    """Make a node that loads the one file which its input of this name names."""
    return lambda _bench, inputs: Result((Weights(inputs[name]),))


def _same(name: str) -> Callable[[Bench, Inputs], Result]:
    """Make a node whose work no picture here would show: it passes an input on."""
    return lambda _bench, inputs: Result((inputs[name],))


def _apply_control_net(_bench: Bench, inputs: Inputs) -> Result:
    guide = Guide(inputs["image"][0], inputs["strength"])
    return Result((replace(inputs["positive"], outline=guide), inputs["negative"]))


def _apply_ip_adapter(_bench: Bench, inputs: Inputs) -> Result:
    model: Weights = inputs["model"]
    look = Guide(inputs["image"][0], inputs["weight"])
    return Result((replace(model, looks=(*model.looks, look)),))


def _zero_out(_bench: Bench, _inputs: Inputs) -> Result:
    return Result((Conditioning(""),))


def _condition_for_inpaint(_bench: Bench, inputs: Inputs) -> Result:
    latent = _encoded(inputs["pixels"], inputs["mask"] if inputs["noise_mask"] else None)
    return Result((inputs["positive"], inputs["negative"], latent))


def _encode_text(_bench: Bench, inputs: Inputs) -> Result:
    return Result((Conditioning(inputs["text"]),))


def _empty_latent(_bench: Bench, inputs: Inputs) -> Result:
    width, height = (inputs[side] // LATENT_CELL * LATENT_CELL for side in ("width", "height"))
    return Result((Latent(width, height, inputs["batch_size"]),))


def _resize_latent(latent: Latent, size: tuple[int, int], method: str, *, crop: bool) -> Result:
    width, height = (max(side // LATENT_CELL, 1) * LATENT_CELL for side in size)
    pictures = tuple(resized(each, (width, height), method, crop=crop) for each in latent.pictures)
    return Result((replace(latent, width=width, height=height, pictures=pictures, mask=None),))


def _latent_upscale(_bench: Bench, inputs: Inputs) -> Result:
    latent: Latent = inputs["samples"]
    size = filled_in((inputs["width"], inputs["height"]), (latent.width, latent.height))
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
    mask = grown(inputs["mask"], inputs["grow_mask_by"] // 2)
    return Result((_encoded(inputs["pixels"], mask),))


def _encoded(pictures: Pictures, mask: Image.Image | None = None) -> Latent:
    width, height = (max(side // LATENT_CELL, 1) * LATENT_CELL for side in pictures[0].size)
    cut = tuple(ImageOps.fit(each, (width, height)) for each in pictures)
    return Latent(width, height, len(cut), cut, mask)


LATENT_NODES: dict[str, Callable[[Bench, Inputs], Result]] = {
    "CheckpointLoaderSimple": _load_checkpoint,
    "LoraLoader": _load_lora,
    "LoraLoaderModelOnly": _same("model"),
    "VAELoader": _loader("vae_name"),
    "UNETLoader": _loader("unet_name"),
    "CLIPLoader": _loader("clip_name"),
    "DualCLIPLoader": _loader("clip_name1"),
    "CLIPVisionLoader": _loader("clip_name"),
    "ControlNetLoader": _loader("control_net_name"),
    "IPAdapterModelLoader": _loader("ipadapter_file"),
    "UpscaleModelLoader": _loader("model_name"),
    "ModelSamplingSD3": _same("model"),
    "DifferentialDiffusion": _same("model"),
    "ControlNetApplyAdvanced": _apply_control_net,
    "IPAdapterAdvanced": _apply_ip_adapter,
    "ConditioningZeroOut": _zero_out,
    "InpaintModelConditioning": _condition_for_inpaint,
    "CLIPSetLastLayer": _same("clip"),
    "CLIPTextEncode": _encode_text,
    "FluxGuidance": _same("conditioning"),
    "EmptyLatentImage": _empty_latent,
    "EmptySD3LatentImage": _empty_latent,
    "LatentUpscale": _latent_upscale,
    "LatentUpscaleBy": _latent_upscale_by,
    "SetLatentNoiseMask": _set_noise_mask,
    "VAEDecode": _decode,
    "VAEEncode": _encode,
    "VAEEncodeForInpaint": _encode_for_inpaint,
}
