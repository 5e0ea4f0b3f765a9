"""Finds the pictures and masks a member must attach, and the model files the graph loads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from distillery.core.recipes.recipe import Slot
from local.workflow_import.finding import Found, ModelName, Reading, Role
from local.workflow_import.graph import Graph, Node, shown

_LOADS_PICTURE = re.compile(r"loadimage|imageload", re.I)
_LOADS_OTHER = re.compile(r"load(video|audio)", re.I)
_FILE_INPUTS = ("image", "file", "video", "audio")
_MASK_OUTPUT = 1  # of LoadImage: its transparency
_MOST = 3

_MODEL_FILE = re.compile(r"\.(safetensors|sft|ckpt|pt|pth|bin|gguf|onnx)$", re.I)
_MODEL_INPUTS: Mapping[str, str] = {
    "ckpt_name": "checkpoints",
    "unet_name": "diffusion_models",
    "vae_name": "vae",
    "lora_name": "loras",
    "clip_name": "text_encoders",
    "clip_name1": "text_encoders",
    "clip_name2": "text_encoders",
    "clip_name3": "text_encoders",
    "clip_name4": "text_encoders",
    "control_net_name": "controlnet",
    "style_model_name": "style_models",
    "gligen_name": "gligen",
    "hypernetwork_name": "hypernetworks",
    "ipadapter_file": "ipadapter",
    "audio_encoder_name": "audio_encoders",
    "photomaker_model_name": "photomaker",
}
_MODEL_CLASSES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"clipvision", re.I), "clip_vision"),
    (re.compile(r"upscalemodel", re.I), "upscale_models"),
    (re.compile(r"animatediff|^ade_", re.I), "animatediff_models"),
    (re.compile(r"modelpatch", re.I), "model_patches"),
    (re.compile(r"ultralytics", re.I), "ultralytics"),
    (re.compile(r"^sam", re.I), "sams"),
)
"""Classes of which an input's name does not say the folder."""
_NO_FILE = frozenset({"", "none", "taesd", "taesdxl", "taesd3", "taef1", "pixel_space"})
_PROSE = re.compile(r"text|prompt|caption", re.I)
_EMBEDDING = re.compile(r"embedding:([\w./+-]+)")


def find_attachments(reading: Reading) -> list[Found]:
    """Return the pictures and masks, the ones with the same file together."""
    groups: dict[tuple[Role, str], list[Slot]] = {}
    for node in reading.nodes():
        name = _file_input(reading, node)
        if name is None:
            continue
        role = _role(reading, node)
        groups.setdefault((role, str(node.inputs[name])), []).append(Slot(node.id, name))
    found = [Found(role, value, tuple(slots)) for (role, value), slots in groups.items()]
    for role in (Role.IMAGE, Role.MASK):
        of_role = [each for each in found if each.role is role]
        if len(of_role) > 1:
            named = ", ".join(reading.named(each.slots[0]) for each in of_role)
            reading.notes.settle(
                f"Members must attach {len(of_role)} files for {role} ({named})",
                "say in each description of manifest.toml which is which",
            )
        for left in of_role[_MOST:]:
            found.remove(left)
            _stays(reading, left.slots[0], f"only {_MOST} of {role} are proposed")
    for each in found:
        if len(each.slots) > 1:
            named = ", ".join(reading.named(slot) for slot in each.slots)
            reading.notes.decide(f"One attached {each.role} goes to {named}: they hold one file.")
    return found


def _file_input(reading: Reading, node: Node) -> str | None:
    for name in _FILE_INPUTS:
        if not isinstance(node.inputs.get(name), str):
            continue
        rule = reading.definitions.input(node.kind, name)
        kind = rule.upload if rule else None
        if kind == "image" or (rule is None and _LOADS_PICTURE.search(node.kind)):
            return name
        if kind or (rule is None and _LOADS_OTHER.search(node.kind)):
            _stays(reading, Slot(node.id, name), "members can attach pictures only")
    return None


def _stays(reading: Reading, slot: Slot, why: str) -> None:
    reading.notes.settle(
        f"{reading.named(slot)} stays {shown(str(reading.value(slot)))!r}: {why}",
        "put that file into the image of the worker, or take the node out",
    )


def _role(reading: Reading, node: Node) -> Role:
    if "mask" in node.kind.lower():
        return Role.MASK
    uses = {use.output for use in reading.graph.uses(node) if use.node.id in reading.alive}
    if uses == {_MASK_OUTPUT}:
        return Role.MASK
    if _MASK_OUTPUT in uses:
        reading.notes.decide(
            f"The mask is the transparent part of the picture in {node}: tell members to attach "
            "a PNG or WebP with transparency."
        )
    return Role.IMAGE


def find_models(graph: Graph) -> list[ModelName]:
    """Return the model files that the graph names, each once."""
    found: dict[tuple[str, str | None], ModelName] = {}
    for node in graph.nodes.values():
        for model in _models(node):
            found.setdefault((model.name, model.folder), model)
    return list(found.values())


def _models(node: Node) -> Iterator[ModelName]:
    for name, held in node.inputs.items():
        values = held.values() if isinstance(held, dict) else (held,)  # some nest a LoRA's name
        for value in values:
            if isinstance(value, str):
                yield from _models_of(node, name, value)


def _models_of(node: Node, name: str, value: str) -> Iterator[ModelName]:
    for embedding in _EMBEDDING.findall(value):
        yield ModelName(embedding, "embeddings", str(node))
    is_named = name in _MODEL_INPUTS and value.lower() not in _NO_FILE
    if is_named or (_MODEL_FILE.search(value) and not _PROSE.search(name) and "\n" not in value):
        yield ModelName(value, _folder(node.kind, name), str(node))


def _folder(kind: str, name: str) -> str | None:
    for pattern, folder in _MODEL_CLASSES:
        if pattern.search(kind):
            return folder
    return "loras" if name.startswith("lora") else _MODEL_INPUTS.get(name)
