"""A recipe: a ComfyUI graph, and the options with which a member may change it.

The graph stays as it was exported. Each option names its slots, and only the value of a slot is
ever replaced: whatever a member writes, it stays one value and never becomes a node or a link.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from distillery.core.locales import Localized
from distillery.core.recipes.sizes import pixels

Scalar = str | int | float | bool

PROMPT, NEGATIVE, STYLE, RAW = "prompt", "negative", "style", "raw"
"""Options with a meaning of their own: the words of a style go around those of the first two."""


class OptionKind(StrEnum):
    """What an option holds. The names are those of the manifest's `type`."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    SIZE = "size"  # "1216x832", one of the sizes that the model paints well
    ATTACHMENT = "attachment"

    def fits(self, value: object) -> bool:
        """Tell whether a value is of this kind. A whole number is a number; a bool is neither."""
        match self:
            case OptionKind.STRING | OptionKind.SIZE:
                return isinstance(value, str)
            case OptionKind.BOOLEAN:
                return isinstance(value, bool)
            case OptionKind.ATTACHMENT:
                return isinstance(value, Attachment)
            case OptionKind.INTEGER:
                return isinstance(value, int) and not isinstance(value, bool)
            case OptionKind.NUMBER:
                whole = isinstance(value, int) and not isinstance(value, bool)
                return whole or (isinstance(value, float) and math.isfinite(value))


class Action(StrEnum):
    """What a recipe does to one picture that is there already: a button or a command offers it."""

    UPSCALE = "upscale"  # the same, larger
    VARIATION = "variation"  # one much like it
    ZOOM_OUT = "zoom_out"  # what lies around it
    START_FROM = "start_from"  # a new picture that begins with it


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file a member attached, as Discord describes it. Nothing in it has been verified."""

    filename: str
    url: str
    content_type: str  # "" when Discord could not tell
    size: int  # bytes; the most it may have, when only its address is known
    key: str | None = None  # where our own copy lies; then nobody asks `url`


Value = Scalar | Attachment


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the values an option may have, and what a member sees instead of it."""

    name: str
    value: str | int | float
    names: Localized = field(default_factory=dict, hash=False)


class Part(StrEnum):
    """Which part of a size goes into a slot."""

    WIDTH = "width"
    HEIGHT = "height"


@dataclass(frozen=True, slots=True)
class Slot:
    """One input of one node of the graph, into which an option's value goes, or a part of it."""

    node_id: str
    input: str
    part: Part | None = None


@dataclass(frozen=True, slots=True)
class Bypass:
    """A node that is taken out of the graph, as a person does it with Ctrl+B in ComfyUI.

    Whatever was linked to its output number n is linked to what its input `through[n]` was linked
    to, or to nothing where that is "", as an optional input may be. It happens when the option has
    the value `when` (None: when it has no value), or, where `unless` is given, whenever it has not
    that value.
    """

    node_id: str
    through: Mapping[int, str]
    when: Scalar | None = None
    unless: Scalar | None = None

    def applies(self, value: Value | None) -> bool:
        """Tell whether the node is taken out when the option has this value."""
        return value == self.when if self.unless is None else value != self.unless


@dataclass(frozen=True, slots=True)
class Option:
    """Something a member may choose. `None` and `()` mean: not limited, or not of this kind.

    Without a value, `default` is used; without a default, `random` draws one; failing both, the
    graph keeps what it was exported with.
    """

    name: str
    kind: OptionKind
    description: str
    required: bool = False
    default: Scalar | None = None
    minimum: int | float | None = None
    maximum: int | float | None = None
    min_length: int | None = None  # characters
    max_length: int | None = None  # characters
    choices: tuple[Choice, ...] = ()
    suggest: bool = False  # the choices are offered while the member types, not all at once
    content_types: tuple[str, ...] = ()
    max_bytes: int | None = None
    random: bool = False
    flag: str | None = None  # the flag of a prompt that sets it too
    hidden: bool = False  # only a flag sets it: the command has no such option
    slots: tuple[Slot, ...] = ()
    bypasses: tuple[Bypass, ...] = ()
    names: Localized = field(default_factory=dict)  # what members see instead of `name`
    descriptions: Localized = field(default_factory=dict)

    @property
    def takes_a_picture(self) -> bool:
        """Tell whether nothing is made without a file in this option."""
        return self.required and self.kind is OptionKind.ATTACHMENT


@dataclass(frozen=True, slots=True)
class Style:
    """A look that a member can choose by name: words around theirs, and values they leave out."""

    name: str
    title: str
    description: str
    prefix: str = ""
    suffix: str = ""
    negative: str = ""
    values: Mapping[str, Scalar] = field(default_factory=dict)  # by option; a member's own win


@dataclass(frozen=True, slots=True)
class Recipe:
    """One way to make pictures. `name` is its folder, `title` what members see."""

    name: str
    title: str
    description: str
    default: bool
    graph: Mapping[str, Any]
    options: tuple[Option, ...]
    outputs: tuple[str, ...]  # ids of the nodes whose files are the result, in this order
    action: Action | None = None  # what it does to the picture in its one required attachment
    titles: Localized = field(default_factory=dict)
    descriptions: Localized = field(default_factory=dict)
    styles: tuple[Style, ...] = ()  # those that its option `style` offers

    def style(self, values: Mapping[str, Value]) -> Style | None:
        """Return the style that the values name."""
        return next((style for style in self.styles if style.name == values.get(STYLE)), None)

    @property
    def picture_option(self) -> Option:
        """The option that takes the picture on which the recipe's action acts."""
        return next(option for option in self.options if option.takes_a_picture)


def default_recipe(recipes: Mapping[str, Recipe]) -> Recipe:
    """Return the recipe used when a member names none."""
    return next(recipe for recipe in recipes.values() if recipe.default)


def recipe_for(recipes: Mapping[str, Recipe], action: Action) -> Recipe | None:
    """Return the recipe that does this to a picture; None when none of them does."""
    return next((recipe for recipe in recipes.values() if recipe.action is action), None)


def fill_graph(recipe: Recipe, values: Mapping[str, Value]) -> dict[str, Any]:
    """Return a copy of the graph in which the slots hold `values`, checked by `resolve_options`.

    Attachments are left out: the worker fetches them and puts its own file names in.
    """
    values = _in_style(recipe, values)
    graph: dict[str, Any] = copy.deepcopy(dict(recipe.graph))
    for option in recipe.options:
        value = values.get(option.name)
        if value is None or isinstance(value, Attachment):
            continue
        for slot in option.slots:
            graph[slot.node_id]["inputs"][slot.input] = _part_of(value, slot.part)
    for option in recipe.options:
        for bypass in option.bypasses:
            if bypass.applies(values.get(option.name)):
                _take_out(graph, bypass)
    return _reached(graph, outputs_in(graph, recipe))


def outputs_in(graph: Mapping[str, Any], recipe: Recipe) -> list[str]:
    """Return the nodes whose files are the result, of those that a filled graph still has."""
    return [node_id for node_id in recipe.outputs if node_id in graph]


def _in_style(recipe: Recipe, values: Mapping[str, Value]) -> Mapping[str, Value]:
    """Put the style's words around the member's own. They are no part of the request itself, so
    that nobody has to see them, and a request that is made again does not gather them."""
    style = recipe.style(values)
    if style is None or values.get(RAW):
        return values
    prompt = f"{style.prefix}{values.get(PROMPT, '')}{style.suffix}"
    parts = [str(values.get(NEGATIVE, "")), style.negative]
    return {**values, PROMPT: prompt, NEGATIVE: ", ".join(filter(None, parts))}


def _part_of(value: Scalar, part: Part | None) -> Scalar:
    if part is None:
        return value
    width, height = pixels(str(value))
    return width if part is Part.WIDTH else height


def _take_out(graph: dict[str, Any], bypass: Bypass) -> None:
    """Link past the node, if no other option has taken it out."""
    taken = graph.pop(bypass.node_id, {"inputs": {}})
    for node in graph.values():
        for name, link in list(node["inputs"].items()):
            if isinstance(link, list) and link[0] == bypass.node_id:
                past = taken["inputs"].get(bypass.through[link[1]])
                if past is None:
                    del node["inputs"][name]
                else:
                    node["inputs"][name] = past


def _reached(graph: Mapping[str, Any], outputs: Sequence[str]) -> dict[str, Any]:
    """Leave out what no output needs any more, such as the loader of a file that nobody gave."""
    reached: set[str] = set()
    waiting = list(outputs)
    while waiting:
        node_id = waiting.pop()
        if node_id not in reached:
            reached.add(node_id)
            inputs = graph[node_id]["inputs"].values()
            waiting += [link[0] for link in inputs if isinstance(link, list)]
    return {node_id: node for node_id, node in graph.items() if node_id in reached}


def word_slots(recipe: Recipe) -> list[Slot]:
    """Return the slots that hold what members write themselves, rather than a choice."""
    free = (o for o in recipe.options if o.kind is OptionKind.STRING and not o.choices)
    return [slot for option in free for slot in option.slots]


def attachment_slots(
    recipe: Recipe, values: Mapping[str, Value]
) -> list[tuple[str, Slot, Attachment]]:
    """Return the option name, slot and file of every attachment that the worker must put in."""
    found = []
    for option in recipe.options:
        value = values.get(option.name)
        if isinstance(value, Attachment):
            found += [(option.name, slot, value) for slot in option.slots]
    return found
