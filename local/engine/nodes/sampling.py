"""The samplers: the nodes that take long, report every step and make the picture."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Any

from PIL import Image, ImageFilter

from local.engine.nodes.guides import Guides, film
from local.engine.nodes.values import Bench, Latent, NodeFailure, Pictures, Result
from local.engine.painter.brief import Brief
from local.engine.painter.emerge import preview_frames
from local.engine.painter.paint import paint, repaint

MEMORY_PIXELS = 2**26  # a batch larger than this does not fit the pretended GPU


@dataclass(frozen=True, slots=True)
class _Run:
    """The part of the steps that one sampler node does."""

    seed: int
    steps: int
    first: int
    last: int
    denoise: float


async def sample(bench: Bench, inputs: dict[str, Any]) -> Result:
    """Run a KSampler."""
    steps, denoise = inputs["steps"], inputs["denoise"]
    return await _sample(bench, inputs, _Run(inputs["seed"], steps, 0, steps, denoise))


async def sample_advanced(bench: Bench, inputs: dict[str, Any]) -> Result:
    """Run a KSamplerAdvanced, which may do only the middle or the end of the steps."""
    steps = inputs["steps"]
    first = min(inputs["start_at_step"], steps)
    last = max(first, min(inputs["end_at_step"], steps))
    run = _Run(inputs["noise_seed"], steps, first, last, 1 - first / steps)
    return await _sample(bench, inputs, run)


async def _sample(bench: Bench, inputs: dict[str, Any], run: _Run) -> Result:
    latent: Latent = inputs["latent_image"]
    if latent.width * latent.height * latent.batch > MEMORY_PIXELS:
        raise NodeFailure("torch.OutOfMemoryError", "Allocation on device ")
    brief = Brief(
        text=inputs["positive"].text,
        negative=inputs["negative"].text,
        seed=run.seed,
        width=latent.width,
        height=latent.height,
        steps=run.steps,
        cfg=inputs["cfg"],
    )
    guides = Guides(inputs["model"].looks, inputs["positive"].outline)
    work = asyncio.create_task(asyncio.to_thread(_paint_all, brief, latent, run.denoise, guides))
    try:
        await _report_steps(bench, brief, latent, run)
        pictures = await work
    finally:
        work.cancel()
    return Result((replace(latent, pictures=pictures, painted=brief.text),))


async def _report_steps(bench: Bench, brief: Brief, latent: Latent, run: _Run) -> None:
    base = latent.pictures[0] if latent.pictures else None
    total = run.last - run.first
    frame = await asyncio.to_thread(preview_frames, brief, base, run.denoise)
    for step in range(1, total + 1):
        await asyncio.sleep(bench.step_seconds)
        bench.stop_if_interrupted()
        jpeg = await asyncio.to_thread(frame, (run.first + step) / run.steps)
        bench.stop_if_interrupted()
        bench.report(step, total, jpeg)


def _paint_all(brief: Brief, latent: Latent, denoise: float, guides: Guides) -> Pictures:
    if latent.moves:
        return film(guides.follow(paint(brief)), latent.batch, *latent.pictures[:1])
    return tuple(
        guides.follow(_paint_one(brief.numbered(index), latent, index, denoise))
        for index in range(latent.batch)
    )


def sample_tiles(_bench: Bench, inputs: dict[str, Any]) -> Result:
    """Run an UltimateSDUpscaleNoUpscale: each picture is painted over, and keeps its forms."""
    return Result((tuple(_painted_over(each, inputs) for each in inputs["upscaled_image"]),))


def _painted_over(picture: Image.Image, inputs: dict[str, Any]) -> Image.Image:
    brief = Brief(
        text=inputs["positive"].text,
        negative=inputs["negative"].text,
        seed=inputs["seed"],
        width=picture.width,
        height=picture.height,
        steps=inputs["steps"],
        cfg=inputs["cfg"],
    )
    return repaint(brief, picture.filter(ImageFilter.DETAIL), inputs["denoise"], None)


def _paint_one(brief: Brief, latent: Latent, index: int, denoise: float) -> Image.Image:
    if not latent.pictures:
        return paint(brief)
    base = latent.pictures[index % len(latent.pictures)]
    if latent.painted == brief.text:  # a refiner's pass must not paint the same things again
        return base.filter(ImageFilter.DETAIL)
    return repaint(brief, base, denoise, latent.mask)
