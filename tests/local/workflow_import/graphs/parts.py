"""What exported graphs are made of, and what a reader should find in one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Document = dict[str, Any]


@dataclass(frozen=True)
class Case:
    graph: Document
    options: dict[str, str]  # option: "id.input id.input"
    outputs: str  # ids
    models: str = ""  # folder/name, several parted by blanks
    settle: tuple[str, ...] = ()  # words of what is left to the operator
    decided: tuple[str, ...] = ()


def node(kind: str, title: str | None = None, /, **inputs: Any) -> Document:
    """A node as it is exported; a link is written "@id" or "@id.output"."""
    held = {name: linked(value) for name, value in inputs.items()}
    return {"inputs": held, "class_type": kind, "_meta": {"title": title or kind}}


def linked(value: Any) -> Any:
    if not isinstance(value, str) or not value.startswith("@"):
        return value
    source, _, output = value[1:].partition(".")
    return [source, int(output or 0)]


def text(words: str, clip: str = "@4.1") -> Document:
    return node("CLIPTextEncode", "CLIP Text Encode (Prompt)", text=words, clip=clip)


def sampler(**changed: Any) -> Document:
    inputs = {
        "seed": 156680208700286,
        "steps": 20,
        "cfg": 8,
        "sampler_name": "euler",
        "scheduler": "normal",
        "denoise": 1,
        "model": "@4",
        "positive": "@6",
        "negative": "@7",
        "latent_image": "@5",
    }
    return node("KSampler", None, **(inputs | changed))


def empty(kind: str = "EmptyLatentImage", width: float = 512, height: float = 512) -> Document:
    return node(kind, None, width=width, height=height, batch_size=1)


def save(images: str = "@8") -> Document:
    return node("SaveImage", "Save Image", filename_prefix="ComfyUI", images=images)


def checkpoint(name: str = "v1-5-pruned-emaonly.safetensors") -> Document:
    return node("CheckpointLoaderSimple", "Load Checkpoint", ckpt_name=name)


def plain(**changed: Document) -> Document:
    """ComfyUI's own default graph, with two nodes of the same title."""
    return {
        "3": sampler(),
        "4": checkpoint(),
        "5": empty(),
        "6": text("a glass bottle"),
        "7": text("text, watermark"),
        "8": node("VAEDecode", None, samples="@3", vae="@4.2"),
        "9": save(),
    } | changed


SAMPLER = {
    "steps": "3.steps",
    "cfg": "3.cfg",
    "seed": "3.seed",
    "sampler": "3.sampler_name",
    "scheduler": "3.scheduler",
}
SIZE = {"width": "5.width", "height": "5.height", "batch": "5.batch_size"}
WORDS = {"prompt": "6.text", "negative": "7.text"}
PLAIN = WORDS | SIZE | SAMPLER
SD15 = "checkpoints/v1-5-pruned-emaonly.safetensors"


def without(options: dict[str, str], *names: str) -> dict[str, str]:
    return {name: slots for name, slots in options.items() if name not in names}


LOAD = node("LoadImage", "Load Image", image="example.png")
TOUCHED = WORDS | SAMPLER | {"image": "10.image", "strength": "3.denoise"}
