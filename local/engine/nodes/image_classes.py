"""The node classes around pictures: loading, scaling, masking, saving."""

from __future__ import annotations

from local.engine.nodes.input_kinds import (
    BATCH,
    CROP,
    SIDE,
    choice,
    decimal,
    links,
    sides,
    switch,
    whole,
)
from local.engine.nodes.node_type import Input, NodeType

SCALERS = "nearest-exact bilinear area bicubic lanczos"
_UPLOADED = Input(("example.png",), {"image_upload": True})  # the files of the input folder
_FPS = decimal(6.0, 0.01, 1000.0, 0.01)
_PREFIX = Input("STRING", {"default": "ComfyUI"})
_BORDER = {side: whole(0, 0, SIDE, step=8) for side in ("left", "top", "right", "bottom")}

IMAGE_CLASSES: dict[str, NodeType] = {
    "LoadImage": NodeType("Load Image", "image", {"image": _UPLOADED}, ("IMAGE", "MASK")),
    "LoadImageMask": NodeType(
        "Load Image (as Mask)",
        "mask",
        {"image": _UPLOADED, "channel": choice("alpha red green blue")},
        ("MASK",),
    ),
    "GrowMask": NodeType(
        "GrowMask",
        "mask",
        {
            **links("mask:MASK"),
            "expand": whole(0, -SIDE, SIDE, step=1),
            "tapered_corners": switch(),
        },
        ("MASK",),
    ),
    "EmptyImage": NodeType(
        "EmptyImage",
        "image",
        {
            **sides(1, 1),
            "batch_size": BATCH,
            "color": whole(0, 0, 0xFFFFFF, step=1, display="color"),
        },
        ("IMAGE",),
    ),
    "ImageBatch": NodeType("Batch Images", "image", links("image1:IMAGE image2:IMAGE"), ("IMAGE",)),
    "ImageScale": NodeType(
        "Upscale Image",
        "image/upscaling",
        {
            **links("image:IMAGE"),
            "upscale_method": choice(SCALERS),
            **sides(0, 1),
            "crop": CROP,
        },
        ("IMAGE",),
    ),
    "ImageScaleBy": NodeType(
        "Upscale Image By",
        "image/upscaling",
        {
            **links("image:IMAGE"),
            "upscale_method": choice(SCALERS),
            "scale_by": decimal(1.0, 0.01, 8.0, 0.01),
        },
        ("IMAGE",),
    ),
    "ImagePadForOutpaint": NodeType(
        "Pad Image for Outpainting",
        "image",
        {**links("image:IMAGE"), **_BORDER, "feathering": whole(40, 0, SIDE, step=1)},
        ("IMAGE", "MASK"),
    ),
    "SaveImage": NodeType(
        "Save Image",
        "image",
        {**links("images:IMAGE"), "filename_prefix": _PREFIX},
        output_node=True,
    ),
    "PreviewImage": NodeType("Preview Image", "image", links("images:IMAGE"), output_node=True),
    "SaveAnimatedWEBP": NodeType(
        "SaveAnimatedWEBP",
        "image/animation",
        {
            **links("images:IMAGE"),
            "filename_prefix": _PREFIX,
            "fps": _FPS,
            "lossless": switch(),
            "quality": whole(80, 0, 100),
            "method": choice("default fastest slowest"),
        },
        output_node=True,
    ),
    "SaveAnimatedPNG": NodeType(
        "SaveAnimatedPNG",
        "image/animation",
        {
            **links("images:IMAGE"),
            "filename_prefix": _PREFIX,
            "fps": _FPS,
            "compress_level": whole(4, 0, 9),
        },
        output_node=True,
    ),
}
