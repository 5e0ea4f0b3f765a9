"""Finds the prompts: from where conditionings are used, back through the links, to typed texts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from distillery.core.recipes.recipe import Slot
from local.workflow_import.finding import Found, Reading, Role
from local.workflow_import.graph import Link, Node

_TEXT_INPUT = re.compile(r"text|prompt|string|caption|tags|lyrics|positive|negative|wildcard", re.I)
_ENCODED = frozenset({"clip_l", "clip_g", "t5xxl", "llama", "bert", "mt5xl", "value"})
_NO_TEXT = re.compile(
    r"delimiter|separator|prefix|suffix|regex|find|replace|mode|_name$|file", re.I
)
_CONDITIONING = re.compile(r"conditioning|^cond|_cond$|^positive|^negative", re.I)
_NOT_WORDS = frozenset({"clip", "vae", "model", "image", "images", "mask", "pixels", "samples"}) | {
    "latent",
    "latent_image",
    "control_net",
    "style_model",
    "clip_vision",
    "clip_vision_output",
}
_NAMES_MAX = 3  # options of one role: prompt, prompt_2, prompt_3


def find_texts(reading: Reading) -> list[Found]:
    """Return the prompts and negative prompts."""
    walk = _Walk(reading)
    walk.from_samplers()
    if not walk.slots[Role.PROMPT]:
        walk.from_names()
    _tell_without(reading, walk)
    prompts = walk.slots[Role.PROMPT]
    negatives = [slot for slot in walk.slots[Role.NEGATIVE] if slot not in prompts]
    return [
        *_grouped(reading, Role.PROMPT, list(prompts)),
        *_grouped(reading, Role.NEGATIVE, negatives),
    ]


class _Walk:
    """One walk over the graph. Each (role, node) is seen once, however many paths lead to it."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._seen: set[tuple[Role, str]] = set()
        self.slots: dict[Role, dict[Slot, None]] = {Role.PROMPT: {}, Role.NEGATIVE: {}}
        self.zeroed = False
        self.has_negative = False

    def from_samplers(self) -> None:
        """Start wherever something says positive or negative, and at guiders of one side."""
        for node in self._reading.nodes():
            for name, link in node.links.items():
                role = _role(name)
                if role is None and "guider" in node.kind.lower() and _CONDITIONING.search(name):
                    role = Role.PROMPT
                if role is not None:
                    self.has_negative = self.has_negative or role is Role.NEGATIVE
                    self._back(role, link)
            for name in self._typed(node):
                if _role(name) is not None:
                    self._take(_role(name), node, name)  # type: ignore[arg-type]

    def from_names(self) -> None:
        """Take every text that is named like a prompt, for graphs that say positive nowhere."""
        for node in self._reading.nodes():
            for name in [*self._typed(node), *self._text_links(node)]:
                if re.search("text|prompt|tags|lyrics|caption", name, re.I):
                    self._take(_role(name) or Role.PROMPT, node, name)
        for slot in self.slots[Role.PROMPT]:
            self._reading.notes.settle(
                f"{self._reading.named(slot)} is taken for a prompt by its name alone",
                "no sampler was seen to use it; remove the option if it is none",
            )

    def _back(self, role: Role, start: Link) -> None:
        waiting = [(role, start)]
        while waiting:
            role, link = waiting.pop()
            node = self._reading.graph.nodes[link.node_id]
            if (role, node.id) in self._seen:
                continue
            self._seen.add((role, node.id))
            if "zeroout" in node.kind.lower():
                self.zeroed = self.zeroed or role is Role.NEGATIVE
                continue
            words = [*self._typed(node), *self._text_links(node)]
            own = [name for name in words if _role(name) is role]
            for name in own or [name for name in words if _role(name) is None]:
                self._take(role, node, name)
            waiting += [(role, node.links[name]) for name in self._onward(role, node, link, words)]

    def _onward(self, role: Role, node: Node, link: Link, words: list[str]) -> list[str]:
        """Return the inputs from which the node's conditioning comes, the first one last."""
        links = [name for name in node.links if name not in words]
        named = [name for name in links if _CONDITIONING.search(name)]
        sides = {_role(name) for name in named} - {None}
        if len(sides) > 1:  # such as ControlNetApplyAdvanced, whose first output is the positive
            is_sampler = any("seed" in name for name in node.inputs)
            by_output = {0: Role.PROMPT, 1: Role.NEGATIVE}
            side = role if is_sampler else by_output.get(link.output, role)
            named = [name for name in named if _role(name) in (side, None)]
        if not named and not words:
            named = [name for name in links if name.lower() not in _NOT_WORDS]
        return named[::-1]

    def _typed(self, node: Node) -> list[str]:
        """Return the inputs that hold a text typed by a person."""
        return [
            name
            for name, held in node.inputs.items()
            if isinstance(held, str) and self._is_text(node, name)
        ]

    def _text_links(self, node: Node) -> list[str]:
        """Return the linked inputs whose text another node gives."""
        known = self._reading.definitions.nodes.get(node.kind)
        return [
            name
            for name in node.links
            if not (known is None and _role(name) and "prompt" not in name.lower())
            and self._is_text(node, name)
        ]

    def _is_text(self, node: Node, name: str) -> bool:
        rule = self._reading.definitions.input(node.kind, name)
        if rule is not None:
            return rule.kind == "STRING" and not _NO_TEXT.search(name)
        if node.kind in self._reading.definitions.nodes:
            return False
        return bool(_TEXT_INPUT.search(name) or name in _ENCODED) and not _NO_TEXT.search(name)

    def _take(self, role: Role, node: Node, name: str) -> None:
        held = node.inputs[name]
        if isinstance(held, str):
            self.slots[role][Slot(node.id, name)] = None
            return
        sources = list(self._sources(self._reading.graph.nodes[held.node_id]))
        typed = [slot for slot in sources if self._reading.value(slot)] or sources
        if not typed:
            self._reading.notes.settle(
                f"{_named(role)} of {node} comes from "
                f"{self._reading.graph.nodes[held.node_id]}, in which nothing is typed",
                "put a text node there in ComfyUI and export again, or set it by hand",
            )
        if len(typed) > 1:
            typed = self._chosen(role, typed)
        self.slots[role].update(dict.fromkeys(typed))

    def _sources(self, first: Node) -> Iterator[Slot]:
        """Yield the typed texts behind a link, in the order of the inputs."""
        waiting: list[Slot | str] = [first.id]
        seen: set[str] = set()
        while waiting:
            next_one = waiting.pop()
            if isinstance(next_one, Slot):
                yield next_one
            elif next_one not in seen:
                seen.add(next_one)
                waiting += self._parts(self._reading.graph.nodes[next_one])[::-1]

    def _parts(self, node: Node) -> list[Slot | str]:
        """Return what the text of a node is made of: typed texts, and the ids of other nodes."""
        typed, words = self._typed(node), self._text_links(node)
        words = words or [name for name in node.links if name.lower() not in _NOT_WORDS]
        return [
            Slot(node.id, name) if name in typed else node.links[name].node_id
            for name in node.inputs
            if name in typed or name in words
        ]

    def _chosen(self, role: Role, typed: list[Slot]) -> list[Slot]:
        """Choose among texts that are joined: one that has a node of its own, else all."""
        alone = [slot for slot in typed if not self._text_links(self._node(slot))]
        if len(alone) == 1:
            fixed = ", ".join(self._reading.named(slot) for slot in typed if slot not in alone)
            self._reading.notes.decide(
                f"{_named(role)} is {self._reading.named(alone[0])}; what is joined to it stays as "
                f"exported: {fixed}."
            )
            return alone
        named = " and ".join(self._reading.named(slot) for slot in typed)
        self._reading.notes.settle(
            f"{_named(role)} is joined of {named}",
            "each has an option; keep in manifest.toml those that members should write",
        )
        return typed

    def _node(self, slot: Slot) -> Node:
        return self._reading.graph.nodes[slot.node_id]


def _role(name: str) -> Role | None:
    lower = name.lower()
    if lower.startswith("neg") or lower.endswith("negative") or "negative_prompt" in lower:
        return Role.NEGATIVE
    return Role.PROMPT if lower.startswith("positive") or lower.endswith("positive") else None


def _named(role: Role) -> str:
    return "The prompt" if role is Role.PROMPT else "The negative prompt"


def _grouped(reading: Reading, role: Role, slots: list[Slot]) -> list[Found]:
    """Make one option of all places that hold the same text, and one of each other text."""
    groups: dict[str, list[Slot]] = {}
    for slot in slots:
        groups.setdefault(str(reading.value(slot)), []).append(slot)
    found = [Found(role, text, tuple(group)) for text, group in groups.items()]
    for same in found:
        if len(same.slots) > 1:
            named = ", ".join(reading.named(slot) for slot in same.slots)
            reading.notes.decide(f"One {role} goes to all that hold the same text: {named}.")
    if len(found) > 1:
        named = ", ".join(reading.named(each.slots[0]) for each in found)
        reading.notes.settle(
            f"There are {len(found)} different texts for {role} ({named})",
            f"the first is '{role}'; swap the slots in manifest.toml if another one should be",
        )
    for left in found[_NAMES_MAX:]:
        reading.notes.settle(
            f"{reading.named(left.slots[0])} has no option",
            f"{_NAMES_MAX} of {role} are proposed; add it to manifest.toml if it is wanted",
        )
    return found[:_NAMES_MAX]


def _tell_without(reading: Reading, walk: _Walk) -> None:
    shared = walk.slots[Role.PROMPT].keys() & walk.slots[Role.NEGATIVE].keys()
    if not walk.slots[Role.PROMPT]:
        reading.notes.decide("No prompt was found: members are not asked for one.")
    if walk.zeroed and not walk.slots[Role.NEGATIVE]:
        reading.notes.decide("There is no negative prompt: the graph sets it to zero.")
    elif shared and shared == walk.slots[Role.NEGATIVE].keys():
        reading.notes.decide("There is no negative prompt: the graph uses the prompt for both.")
