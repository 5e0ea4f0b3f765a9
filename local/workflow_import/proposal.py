"""Makes a workflow of a graph: the manifest, and what the operator should know about it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from distillery.core.recipes.manifest import MAX_OPTIONS
from distillery.core.recipes.manifest_option import MAX_FILE_BYTES, MAX_LABEL, MAX_TEXT
from distillery.core.recipes.recipe import OptionKind, Slot
from local.workflow_import.bounds import Known, limits_of
from local.workflow_import.definitions import Definitions
from local.workflow_import.files import find_attachments, find_models
from local.workflow_import.finding import KINDS, Found, ModelName, Notes, Reading, Role
from local.workflow_import.graph import Graph, GraphRefused, read_graph, shown
from local.workflow_import.manifest_text import manifest_text
from local.workflow_import.numbers import find_numbers
from local.workflow_import.outputs import find_outputs
from local.workflow_import.sizes import find_sizes
from local.workflow_import.texts import find_texts

_MEANINGS: Mapping[Role, str] = {
    Role.PROMPT: "What to make",
    Role.IMAGE: "The picture to start from",
    Role.MASK: "The mask: what to change is white",
    Role.NEGATIVE: "What to keep out of it",
    Role.STRENGTH: "How far to leave the picture: 0.1 hardly, 1 entirely",
    Role.WIDTH: "Width in pixels",
    Role.HEIGHT: "Height in pixels",
    Role.FRAMES: "How many frames",
    Role.SECONDS: "How many seconds",
    Role.STEPS: "Steps: more is slower and finer",
    Role.CFG: "How strictly to follow the prompt",
    Role.GUIDANCE: "How strongly the prompt guides",
    Role.SEED: "The same seed and options make the same again (random if left out)",
    Role.SAMPLER: "How noise becomes a picture",
    Role.SCHEDULER: "How the noise is spread over the steps",
    Role.CONTROL_STRENGTH: "How strongly the control picture leads",
    Role.IMAGES: "How many pictures",
}
_TITLES: Mapping[Role, str] = {
    Role.PROMPT: "Prompt",
    Role.NEGATIVE: "Negative prompt",
    Role.IMAGE: "Image",
    Role.MASK: "Mask",
    Role.WIDTH: "Size",
    Role.HEIGHT: "Size",
    Role.FRAMES: "Frames",
    Role.IMAGES: "Size",
    Role.CONTROL_STRENGTH: "Control",
}
"""Titles for nodes whose own cannot name them. Others are called after what they do."""
_SLUG = re.compile(r"[^a-z0-9]+")
_SHORT_TEXT = 24


@dataclass(frozen=True, slots=True)
class Proposal:
    """The two files of a workflow's folder, and what to tell about them."""

    name: str
    graph_text: str
    manifest_text: str
    found: tuple[Found, ...]
    models: tuple[ModelName, ...]
    outputs: tuple[str, ...]
    decided: tuple[str, ...]
    to_settle: tuple[str, ...]
    definitions: str  # where the bounds are from


def propose(
    data: bytes,
    name: str,
    definitions: Definitions,
    *,
    known: Known | None = None,
    default: bool = False,
) -> Proposal:
    """Propose a workflow called `name` for the bytes of an export. Raises GraphRefused.

    `known` are the choices of the other workflows, `default` whether there are no others.
    """
    graph, document = read_graph(data)
    notes = Notes()
    outputs, alive = find_outputs(graph, definitions, notes)
    reading = Reading(graph, definitions, outputs, alive, notes)
    found = _found(reading)
    options = _options(reading, found, known or {})
    titles = _titles(reading, found)
    for option, each in zip(options.values(), found, strict=True):
        slots = [{"node": titles[slot.node_id], "input": slot.input} for slot in each.slots]
        option.update({"slot": slots[0]} if len(slots) == 1 else {"slots": slots})
    head = {"name": shown_title(name), "description": _description(reading, found)}
    return Proposal(
        name=name,
        graph_text=_graph_text(data, document, graph, titles),
        manifest_text=manifest_text(
            head | ({"default": True} if default else {}),
            options,
            [titles[node_id] for node_id in outputs],
            [f"To settle: {text}." for text in notes.to_settle],
        ),
        found=tuple(found),
        models=tuple(find_models(graph)),
        outputs=outputs,
        decided=tuple(notes.decided),
        to_settle=tuple(notes.to_settle),
        definitions=definitions.source,
    )


def folder_name(text: str) -> str:
    """Return a folder's name made of another name, "" where nothing of it can be used."""
    return _SLUG.sub("_", text.lower()).strip("_")[:64]


def shown_title(name: str) -> str:
    """Return what members see of a folder's name."""
    words = name.replace("_", " ").replace("-", " ").strip()
    return (words[:1].upper() + words[1:])[:MAX_LABEL] or name


def _found(reading: Reading) -> list[Found]:
    """Return what members may set, in the order of the roles; each place once."""
    finders = (find_texts, find_attachments, find_sizes, find_numbers)
    everything = [each for finder in finders for each in finder(reading)]
    everything.sort(key=lambda each: [*Role].index(each.role))
    owners: dict[Slot, Role] = {}
    kept = []
    for each in everything:
        free = tuple(slot for slot in each.slots if owners.setdefault(slot, each.role) is each.role)
        if free:
            kept.append(Found(each.role, each.value, free))
        else:
            reading.notes.decide(
                f"{reading.named(each.slots[0])} is one value for {each.role} too."
            )
    if not kept:
        raise GraphRefused(
            "Nothing in this graph can be set: no prompt, picture, size or seed was found. Give "
            "the value to set a node of its own in ComfyUI and export again."
        )
    _tell_of_cfg(reading, kept)
    return kept[:MAX_OPTIONS]


def _tell_of_cfg(reading: Reading, found: list[Found]) -> None:
    cfg = next((each for each in found if each.role is Role.CFG), None)
    if cfg is not None and cfg.value == 1:
        reading.notes.decide(
            f"{reading.named(cfg.slots[0])} is 1, as for models that need none: a negative prompt "
            "has no effect then, and more than 1 takes twice the time."
        )


def _options(reading: Reading, found: list[Found], known: Known) -> dict[str, dict[str, Any]]:
    options: dict[str, dict[str, Any]] = {}
    counts: Counter[Role] = Counter()
    for each in found:
        counts[each.role] += 1
        number = counts[each.role]
        name = str(each.role) if number == 1 else f"{each.role}_{number}"
        options[name] = _option(reading, each, number, known)
    return options


def _option(reading: Reading, found: Found, number: int, known: Known) -> dict[str, Any]:
    kind = KINDS[found.role]
    fields: dict[str, Any] = {"type": str(kind)}
    limits: dict[str, Any] = {}
    if kind is OptionKind.ATTACHMENT:
        limits = {"required": True, "max_bytes": MAX_FILE_BYTES}
    elif found.role in (Role.PROMPT, Role.NEGATIVE):
        limits = _text_limits(found, number)
    else:
        limits = limits_of(reading, found, known)
    meaning = _MEANINGS[found.role]
    if number > 1:
        meaning += f" ({shown(reading.graph.nodes[found.slots[0].node_id].title)[:40]})"
    if "default" in limits and (default := shown(str(limits["default"]))):
        meaning += f" ({default[:_SHORT_TEXT]} if left out)"
    return fields | {"description": meaning[:MAX_LABEL]} | limits


def _text_limits(found: Found, number: int) -> dict[str, Any]:
    if found.role is Role.PROMPT and number == 1:
        return {"required": True}
    text = str(found.value)
    return {"default": text} if len(text) <= MAX_TEXT and _is_writable(text) else {}


def _is_writable(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in text)


def _titles(reading: Reading, found: list[Found]) -> dict[str, str]:
    """Return the title of every node of the graph, each that the manifest names being unique.

    Slots are found by title, and exports are full of equal ones: only those are renamed.
    """
    titles = {node.id: node.title for node in reading.graph.nodes.values()}
    counts = Counter(titles.values())
    wanted: dict[str, str | None] = {}
    for each in found:
        for slot in each.slots:
            wanted.setdefault(slot.node_id, _TITLES.get(each.role))
    for node_id in dict.fromkeys([*wanted, *reading.outputs]):
        own = titles[node_id]
        if counts[own] == 1 and _is_writable(own):
            continue
        node = reading.graph.nodes[node_id]
        base = wanted.get(node_id) or ("Result" if node_id in reading.outputs else shown(node.kind))
        titles[node_id] = _unused(base, titles)
        reading.notes.decide(
            f"Node {shown(node_id)} '{shown(own)}' is titled '{titles[node_id]}' in graph.json, as "
            "others have its title too; nothing else of the graph is changed."
        )
    return titles


def _unused(base: str, titles: Mapping[str, str]) -> str:
    taken = set(titles.values())
    names = (base if number == 1 else f"{base} {number}" for number in range(1, len(titles) + 2))
    return next(name for name in names if name not in taken)


def _graph_text(
    data: bytes, document: Mapping[str, Any], graph: Graph, titles: Mapping[str, str]
) -> str:
    """Return the text of the export itself, unless nodes had to be given other titles."""
    renamed = [node for node in graph.nodes.values() if node.title != titles[node.id]]
    if not renamed:
        return data.decode("utf-8-sig")
    changed = dict(document)
    for node in renamed:
        entry = document[node.id]
        changed[node.id] = entry | {"_meta": entry.get("_meta", {}) | {"title": titles[node.id]}}
    text = json.dumps(changed, indent=2, ensure_ascii=False)
    return (text if _is_writable(text) else json.dumps(changed, indent=2)) + "\n"


def _description(reading: Reading, found: list[Found]) -> str:
    roles = {each.role for each in found}
    kinds = " ".join(reading.graph.nodes[node_id].kind.lower() for node_id in reading.outputs)
    made = "sound" if "audio" in kinds else "pictures"
    if Role.FRAMES in roles or "video" in kinds or "animated" in kinds:
        made = "video"
    given = [
        word
        for role, word in ((Role.PROMPT, "your words"), (Role.IMAGE, "your picture"))
        if role in roles
    ]
    models = [model.name for model in find_models(reading.graph) if model.folder != "embeddings"]
    source = f" from {' and '.join(given)}" if given else ""
    with_model = f" with {shown(models[0].rpartition('/')[2])}" if models else ""
    return f"Makes {made}{source}{with_model}"[:MAX_LABEL]
