"""Films: what makes one of pictures, and the node that writes it as an MP4."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
from PIL import ImageOps

from local.engine.nodes.saving import next_names
from local.engine.nodes.values import LATENT_CELL, Bench, Latent, Pictures, Result

if TYPE_CHECKING:
    from pathlib import Path

Inputs = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Film:
    """Pictures of one size, and how many of them are shown in a second."""

    frames: Pictures
    fps: Fraction


def _empty_film(_bench: Bench, inputs: Inputs) -> Result:
    width, height = (inputs[side] // LATENT_CELL * LATENT_CELL for side in ("width", "height"))
    frames = inputs["length"] * inputs["batch_size"]
    start = inputs.get("start_image", ())[:1]
    begins_with = tuple(ImageOps.fit(picture, (width, height)) for picture in start)
    return Result((Latent(width, height, frames, begins_with, moves=True),))


def _join_frames(_bench: Bench, inputs: Inputs) -> Result:
    return Result((Film(inputs["images"], Fraction(inputs["fps"]).limit_denominator(1000)),))


def _save_film(bench: Bench, inputs: Inputs) -> Result:
    [(path, saved)] = next_names(bench, "output", inputs["filename_prefix"], 1, "mp4")
    _write_mp4(path, inputs["video"], {"prompt": bench.graph, **bench.extra_pnginfo})
    return Result(shown={"images": [asdict(saved)], "animated": [True]})


def _write_mp4(path: Path, film: Film, texts: dict[str, Any]) -> None:
    with av.open(str(path), "w", options={"movflags": "use_metadata_tags"}) as file:
        file.metadata.update({name: json.dumps(text) for name, text in texts.items()})
        stream = file.add_stream("h264", rate=film.fps)
        stream.width, stream.height = film.frames[0].size
        stream.pix_fmt = "yuv420p"  # what browsers and Discord play
        for picture in film.frames:
            frame = av.VideoFrame.from_image(picture)  # type: ignore[no-untyped-call]
            file.mux(stream.encode(frame))
        file.mux(stream.encode())


FILM_NODES: dict[str, Callable[[Bench, Inputs], Result]] = {
    "EmptyHunyuanLatentVideo": _empty_film,
    "Wan22ImageToVideoLatent": _empty_film,
    "CreateVideo": _join_frames,
    "SaveVideo": _save_film,
}
