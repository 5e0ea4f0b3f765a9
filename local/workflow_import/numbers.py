"""Finds seeds, steps, strengths and samplers: by the names of inputs, which nodes largely share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from distillery.core.recipes.recipe import Scalar, Slot
from local.workflow_import.finding import Found, Reading, Role, is_number
from local.workflow_import.graph import Link, Node

_NAMES: Mapping[str, Role] = {
    "seed": Role.SEED,
    "noise_seed": Role.SEED,
    "steps": Role.STEPS,
    "cfg": Role.CFG,
    "cfg_scale": Role.CFG,
    "guidance": Role.GUIDANCE,
    "guidance_scale": Role.GUIDANCE,
    "sampler_name": Role.SAMPLER,
    "scheduler": Role.SCHEDULER,
    "denoise": Role.STRENGTH,
    "length": Role.FRAMES,
    "num_frames": Role.FRAMES,
    "video_frames": Role.FRAMES,
    "batch_size": Role.IMAGES,
    "seconds": Role.SECONDS,
    "strength": Role.CONTROL_STRENGTH,
}
_ONLY_ON: Mapping[Role, re.Pattern[str]] = {
    Role.FRAMES: re.compile(r"video|latent|frames|wan|ltxv|hunyuan|mochi|cosmos|svd", re.I),
    Role.IMAGES: re.compile(r"latent|emptyimage", re.I),
    Role.SECONDS: re.compile(r"audio", re.I),
    Role.CONTROL_STRENGTH: re.compile(r"controlnet.*apply|applycontrolnet", re.I),
}
"""Input names that mean other things on other nodes."""
_ANIMATION = re.compile(r"animatediff|^ade_|videocombine|animated|savevideo|savewebm", re.I)
_PRIMITIVE = re.compile(
    r"primitive|int|float|number|seed|constant|value|slider|string|text|reroute", re.I
)
_COMPUTED = re.compile(r"load|empty|image|latent|math|expression|sampler", re.I)
_LATENTS = ("latent_image", "samples", "latent", "image", "pixels")
_ENDS_A_PICTURE = re.compile(r"sampler|tovideo", re.I)  # what comes out was made there
_SIDE = re.compile(r"^positive|^negative|mask|model", re.I)
_LOADS_PICTURE = re.compile(r"loadimage", re.I)
_WORDS = frozenset({Role.SAMPLER, Role.SCHEDULER})


def find_numbers(reading: Reading) -> list[Found]:
    """Return one finding of each role that the graph has a value for."""
    places = _places(reading)
    found: list[Found] = []
    for role in dict.fromkeys(_NAMES.values()):
        named = places.get(role, {})
        keep = _FILTERS.get(role, _all)(reading, named)
        if keep:
            found.append(_found(reading, role, keep))
    return found


def literal(reading: Reading, node: Node, name: str, *, text: bool = False) -> Slot | None:
    """Return the place where the value of an input is typed, behind nodes that only hold it."""
    while isinstance(held := node.inputs[name], Link):
        node = reading.graph.nodes[held.node_id]
        if _COMPUTED.search(node.kind) or not _PRIMITIVE.search(node.kind):
            return None
        typed = [key for key, value in node.inputs.items() if _fits(value, text=text)]
        if len(typed) + len(node.links) != 1:
            return None
        name = typed[0] if typed else next(iter(node.links))
    return Slot(node.id, name) if _fits(held, text=text) else None


def _fits(value: object, *, text: bool) -> bool:
    return isinstance(value, str) if text else is_number(value)


def _places(reading: Reading) -> dict[Role, dict[Slot, Node]]:
    """Return the typed values of each role, with the (first) node that uses each."""
    places: dict[Role, dict[Slot, Node]] = {}
    for node in reading.nodes():
        for name in node.inputs:
            role = _NAMES.get(name)
            if role is None or not _ONLY_ON.get(role, re.compile("")).search(node.kind):
                continue
            slot = literal(reading, node, name, text=role in _WORDS)
            if slot is None:
                _tell_untyped(reading, node, name)
            else:
                places.setdefault(role, {}).setdefault(slot, node)
    if any(_ANIMATION.search(node.kind) for node in reading.nodes()):
        _take_batches_for_frames(reading, places)
    return places


def _take_batches_for_frames(reading: Reading, places: dict[Role, dict[Slot, Node]]) -> None:
    batches = places.pop(Role.IMAGES, {})
    if Role.FRAMES in places or not batches:
        return
    places[Role.FRAMES] = batches
    named = ", ".join(reading.named(slot) for slot in batches)
    reading.notes.decide(f"The graph saves an animation, so {named} is its number of frames.")


def _tell_untyped(reading: Reading, node: Node, name: str) -> None:
    held = node.inputs[name]
    what = f"'{name}' of {node}"
    if isinstance(held, Link):
        source = reading.graph.nodes[held.node_id]
        reading.notes.settle(
            f"{what} comes from {source}, which holds no single value",
            "it stays as exported; type it in a primitive node if members should set it",
        )
    elif isinstance(held, str):
        reading.notes.settle(
            f"{what} holds the text {held[:20]!r} where a number is expected",
            "type the number again in ComfyUI and export, then it can be an option",
        )
    else:
        reading.notes.settle(f"{what} holds {str(held)[:20]}, no value to set", "set it in ComfyUI")


Places = Mapping[Slot, Node]


def _all(_: Reading, named: Places) -> list[Slot]:
    return list(named)


def _steps(reading: Reading, named: Places) -> list[Slot]:
    """Steps that samplers share out by number cannot change alone."""
    split = [node for node in reading.nodes() if _is_split(node)]
    for node in split:
        reading.notes.settle(
            f"steps are not offered: {node} starts or ends at a fixed step",
            "leave them, or use a sampler that does all the steps",
        )
    return [] if split else list(named)


def _is_split(node: Node) -> bool:
    steps = node.inputs.get("steps")
    if "start_at_step" not in node.inputs or not is_number(steps):
        return False
    start, end = node.inputs["start_at_step"], node.inputs.get("end_at_step")
    late = is_number(start) and start > 0
    return late or (is_number(end) and end < steps)


def _strength(reading: Reading, named: Places) -> list[Slot]:
    """How far to leave a picture is a question only where there is one."""
    keep: list[Slot] = []
    for slot, node in named.items():
        if _starts_from_a_picture(reading, node):
            keep.append(slot)
        elif reading.value(slot) != 1:
            reading.notes.decide(
                f"{reading.named(slot)} stays {reading.value(slot)}: what it works on is not a "
                "member's picture."
            )
    return keep


def _starts_from_a_picture(reading: Reading, node: Node) -> bool:
    """Tell whether a member's picture becomes the latent that the node, or its sampler, changes."""
    samplers = [node, *(use.node for use in reading.graph.uses(node) if use.input == "sigmas")]
    waiting = [
        held.node_id
        for sampler in samplers
        for name in _LATENTS
        if isinstance(held := sampler.inputs.get(name), Link)
    ]
    seen: set[str] = set()
    while waiting:
        source = reading.graph.nodes[waiting.pop()]
        if source.id in seen or _ENDS_A_PICTURE.search(source.kind):
            continue
        if _LOADS_PICTURE.search(source.kind):
            return True
        seen.add(source.id)
        waiting += [x.node_id for name, x in source.links.items() if not _SIDE.search(name)]
    return False


def _batches(_: Reading, named: Places) -> list[Slot]:
    """A batch is pictures only where nothing before it made any: it is drawn from noise."""
    return [slot for slot, node in named.items() if not node.links.keys() & set(_LATENTS)]


_FILTERS: Mapping[Role, Callable[[Reading, Places], list[Slot]]] = {
    Role.STEPS: _steps,
    Role.STRENGTH: _strength,
    Role.IMAGES: _batches,
}


def _found(reading: Reading, role: Role, slots: Iterable[Slot]) -> Found:
    """Make a finding of the first value and its equals; seeds differ in every export anyway."""
    slots = list(slots)
    first: Scalar = reading.value(slots[0])  # type: ignore[assignment]
    same = [slot for slot in slots if role is Role.SEED or reading.value(slot) == first]
    for slot in slots:
        if slot not in same:
            reading.notes.decide(
                f"{reading.named(slot)} stays {reading.value(slot)}: '{role}' sets "
                f"{reading.named(slots[0])}, which runs first."
            )
    if len(same) > 1:
        named = ", ".join(reading.named(slot) for slot in same)
        reading.notes.decide(f"One '{role}' goes to {named}.")
    return Found(role, first, tuple(same))
