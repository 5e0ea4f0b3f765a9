"""The output nodes: they write files and name them as ComfyUI does."""

from __future__ import annotations

import json
import secrets
import string
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from local.engine.folders import OutsideFolderError, SavedFile
from local.engine.nodes.values import Bench, NodeFailure, Pictures, Result

if TYPE_CHECKING:
    from pathlib import Path

WEBP_METHODS = {"default": 4, "fastest": 0, "slowest": 6}
EXIF_MODEL = 0x0110  # the tag in which ComfyUI keeps the prompt of a WebP
PREVIEW_PREFIX = "ComfyUI_temp_" + "".join(secrets.choice(string.ascii_lowercase) for _ in range(5))


def _save_images(bench: Bench, inputs: dict[str, Any]) -> Result:
    return _save_pngs(bench, inputs["images"], "output", inputs["filename_prefix"], 4)


def _preview_images(bench: Bench, inputs: dict[str, Any]) -> Result:
    return _save_pngs(bench, inputs["images"], "temp", PREVIEW_PREFIX, 1)


def _save_pngs(
    bench: Bench, pictures: Pictures, kind: str, prefix: str, compression: int
) -> Result:
    names = next_names(bench, kind, prefix, len(pictures), "png")
    for picture, (path, _) in zip(pictures, names, strict=True):
        picture.save(path, pnginfo=_png_texts(bench), compress_level=compression)
    return Result(shown={"images": [asdict(saved) for _, saved in names]})


def _save_animated_webp(bench: Bench, inputs: dict[str, Any]) -> Result:
    first, *rest = inputs["images"]
    exif = Image.Exif()
    exif[EXIF_MODEL] = f"prompt:{json.dumps(bench.graph)}"
    return _save_animation(
        bench,
        inputs,
        "webp",
        lambda path: first.save(
            path,
            save_all=True,
            append_images=rest,
            duration=int(1000 / inputs["fps"]),
            exif=exif,
            lossless=inputs["lossless"],
            quality=inputs["quality"],
            method=WEBP_METHODS[inputs["method"]],
        ),
    )


def _save_animated_png(bench: Bench, inputs: dict[str, Any]) -> Result:
    first, *rest = inputs["images"]
    return _save_animation(
        bench,
        inputs,
        "png",
        lambda path: first.save(
            path,
            save_all=True,
            append_images=rest,
            duration=int(1000 / inputs["fps"]),
            pnginfo=_png_texts(bench),
            compress_level=inputs["compress_level"],
        ),
    )


def _save_animation(
    bench: Bench, inputs: dict[str, Any], suffix: str, save: Callable[[Path], None]
) -> Result:
    [(path, saved)] = next_names(bench, "output", inputs["filename_prefix"], 1, suffix)
    save(path)
    return Result(shown={"images": [asdict(saved)], "animated": [len(inputs["images"]) != 1]})


def next_names(
    bench: Bench, kind: str, prefix: str, count: int, suffix: str
) -> list[tuple[Path, SavedFile]]:
    """Return where the next files of a folder go, and how ComfyUI names them."""
    try:
        return bench.folders.next_names(kind, prefix, count, suffix)
    except OutsideFolderError as outside:
        message = f"Saving image outside the output folder is not allowed: {prefix}"
        raise NodeFailure("Exception", message) from outside


def _png_texts(bench: Bench) -> PngInfo:
    texts = PngInfo()
    texts.add_text("prompt", json.dumps(bench.graph))
    for name, value in bench.extra_pnginfo.items():
        texts.add_text(name, json.dumps(value))
    return texts


OUTPUT_NODES: dict[str, Callable[[Bench, dict[str, Any]], Result]] = {
    "SaveImage": _save_images,
    "PreviewImage": _preview_images,
    "SaveAnimatedWEBP": _save_animated_webp,
    "SaveAnimatedPNG": _save_animated_png,
}
