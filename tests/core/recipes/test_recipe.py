"""Filling a graph: whatever a member writes stays the value of a slot."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from distillery.core.errors import InvalidOption
from distillery.core.recipes.options import resolve_options
from distillery.core.recipes.recipe import (
    Attachment,
    OptionKind,
    Recipe,
    attachment_slots,
    fill_graph,
)
from distillery.recipe_files import load_recipes

RECIPES = load_recipes(Path(__file__).parents[3] / "workflows")
TEXT = RECIPES["sdxl_text_to_image"]
PLAIN = fill_graph(TEXT, {})  # without the nodes of options that have no value
IMAGE = RECIPES["sdxl_image_to_image"]
PHOTO = Attachment("in.png", "https://cdn.example/in.png", "image/png", 1000)

WILD = [
    '", "class_type": "ExecuteAnything", "inputs": {"',
    '["4", 0]',
    "{{prompt}} ${prompt} {0} %(seed)s",
    "%date:yyyy-MM-dd% %KSampler.seed%",
    "a red fox --option seed=1\n[options.prompt]\\u0022",
    "\u202eright to left \u05d0\u05d1\u05d2 \u200f",
    "zero\u200bwidth\u200d\ufeff",
    "../../models/other.safetensors",
    "x" * 6000,
]


def without(graph: dict[str, Any], *slots: tuple[str, str]) -> dict[str, Any]:
    """Copy a graph with the values of some slots taken out."""
    rest = copy.deepcopy(graph)
    for node_id, name in slots:
        del rest[node_id]["inputs"][name]
    return rest


def slots_of(recipe: Recipe, *names: str) -> list[tuple[str, str]]:
    """Return the (node id, input) pairs that some options fill, of nodes that are always there."""
    always = fill_graph(recipe, {})
    chosen = [option for option in recipe.options if option.name in names]
    slots = [slot for option in chosen for slot in option.slots if slot.node_id in always]
    return [(slot.node_id, slot.input) for slot in slots]


@given(
    prompt=st.sampled_from(WILD) | st.text(max_size=200),
    negative=st.sampled_from(WILD) | st.text(max_size=200),
)
@example(prompt="\ud800", negative="\x00")
@example(prompt="\u0301a" * 3000, negative="")
def test_no_prompt_changes_anything_but_the_value_of_its_slot(prompt: str, negative: str) -> None:
    given = {"prompt": prompt, "negative": negative}
    try:
        values = resolve_options(TEXT, given, draw=lambda low, _: low)
    except InvalidOption:
        assert not any(char.isalnum() for char in prompt)
        return

    graph = json.loads(json.dumps(fill_graph(TEXT, values), ensure_ascii=False).encode())

    filled = slots_of(TEXT, *(option.name for option in TEXT.options))
    assert without(graph, *filled) == without(PLAIN, *filled)
    for name in given:
        [(node_id, slot)] = slots_of(TEXT, name)
        assert graph[node_id]["inputs"][slot] == values[name]


@pytest.mark.parametrize("prompt", WILD)
def test_a_wild_prompt_arrives_as_it_was_written(prompt: str) -> None:
    values = resolve_options(TEXT, {"prompt": prompt}, draw=lambda low, _: low)

    graph = fill_graph(TEXT, values)

    [(node_id, slot)] = slots_of(TEXT, "prompt")
    assert graph[node_id]["inputs"][slot] == prompt


def test_filling_leaves_the_recipe_as_it_was() -> None:
    before = copy.deepcopy(TEXT.graph)

    fill_graph(TEXT, {"prompt": "a red fox", "steps": 5})

    assert TEXT.graph == before


def test_an_option_without_a_value_keeps_what_the_graph_was_exported_with() -> None:
    for node_id, node in PLAIN.items():
        for name, value in node["inputs"].items():
            assert isinstance(value, list) or value == TEXT.graph[node_id]["inputs"][name]


def test_zero_and_the_empty_text_are_values_too() -> None:
    graph = fill_graph(TEXT, {"prompt": "", "steps": 0})

    held = [graph[node]["inputs"][name] for node, name in slots_of(TEXT, "prompt", "steps")]
    assert held == ["", 0]


def test_an_attachment_is_left_to_the_worker_and_named_with_its_slot() -> None:
    values = resolve_options(IMAGE, {"prompt": "a", "image": PHOTO}, draw=lambda low, _: low)

    graph = fill_graph(IMAGE, values)
    [(name, slot, file)] = attachment_slots(IMAGE, values)

    assert (name, file) == ("image", PHOTO)
    assert graph[slot.node_id]["class_type"] == "LoadImage"
    assert PHOTO.url not in json.dumps(graph)


def test_a_recipe_without_files_asks_the_worker_for_none() -> None:
    assert attachment_slots(TEXT, {"prompt": "a red fox"}) == []


@pytest.mark.parametrize(
    ("kind", "value", "fits"),
    [
        (OptionKind.INTEGER, 3, True),
        (OptionKind.INTEGER, True, False),
        (OptionKind.INTEGER, 3.0, False),
        (OptionKind.NUMBER, 3, True),
        (OptionKind.NUMBER, 3.5, True),
        (OptionKind.NUMBER, True, False),
        (OptionKind.NUMBER, float("nan"), False),
        (OptionKind.NUMBER, float("inf"), False),
        (OptionKind.NUMBER, "3", False),
        (OptionKind.BOOLEAN, True, True),
        (OptionKind.BOOLEAN, 1, False),
        (OptionKind.STRING, "", True),
        (OptionKind.STRING, PHOTO, False),
        (OptionKind.ATTACHMENT, PHOTO, True),
        (OptionKind.ATTACHMENT, "in.png", False),
    ],
)
def test_a_kind_takes_its_own_values_only(kind: OptionKind, value: object, fits: bool) -> None:
    assert kind.fits(value) is fits
