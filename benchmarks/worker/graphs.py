"""The graphs that are timed. `number` makes each run another one, so that no cache answers it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Graph = dict[str, Any]

SAVE = "9"
"""The node whose files are the result, in every graph here."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A graph to time, and how many are enough: jobs one by one, and rounds of jobs in a row."""

    name: str
    jobs: int
    rounds: int
    in_a_row: int
    make: Callable[[int], Graph]


def scaled_image(images: int, number: int) -> Graph:
    """EmptyImage -> ImageScale -> SaveImage: next to no work, so what is around it shows."""
    return {
        "1": _node("EmptyImage", width=512, height=512, batch_size=images, color=number),
        "2": _node(
            "ImageScale",
            image=["1", 0],
            upscale_method="nearest-exact",
            width=256,
            height=256,
            crop="disabled",
        ),
        SAVE: _node("SaveImage", images=["2", 0], filename_prefix=_prefix(number)),
    }


def sampled_image(
    checkpoint: str, images: int, number: int, *, side: int = 64, steps: int = 4
) -> Graph:
    """Text to image with a checkpoint; its weights may be random, the time is the same."""
    return {
        "1": _node("CheckpointLoaderSimple", ckpt_name=checkpoint),
        "2": _node("CLIPTextEncode", clip=["1", 1], text="a red fox"),
        "3": _node("CLIPTextEncode", clip=["1", 1], text=""),
        "4": _node("EmptyLatentImage", width=side, height=side, batch_size=images),
        "5": _node(
            "KSampler",
            model=["1", 0],
            positive=["2", 0],
            negative=["3", 0],
            latent_image=["4", 0],
            seed=number,
            steps=steps,
            cfg=7.0,
            sampler_name="euler",
            scheduler="normal",
            denoise=1.0,
        ),
        "8": _node("VAEDecode", samples=["5", 0], vae=["1", 2]),
        SAVE: _node("SaveImage", images=["8", 0], filename_prefix=_prefix(number)),
    }


def _prefix(number: int) -> str:
    """Return a folder that stays small: ComfyUI lists the whole of it for every file it saves."""
    return f"bench-{number // 50}/image"


def _node(class_type: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": class_type, "inputs": inputs}
