"""The shipped recipes against ComfyUI's own node definitions.

`node_definitions.json` holds the facts needed of the classes they use, distilled from
`GET /object_info`. Where the recorded answer is at hand (folder DISTILLERY_CONTRACTS, or
`shared/contracts` beside the checkout), the table is checked against it too.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from distillery.core.recipe import Option, OptionKind, Recipe, fill_graph
from distillery.core.sizes import SIZE, pixels
from distillery.recipe_files import load_recipes

ROOT = Path(__file__).parents[2]
RECIPES = load_recipes(ROOT / "workflows")
DEFINITIONS: dict[str, Any] = json.loads(
    Path(__file__).with_name("node_definitions.json").read_text(encoding="utf-8")
)
RECORDED = (
    Path(os.environ.get("DISTILLERY_CONTRACTS", ROOT.parent / "shared" / "contracts"))
    / "comfyui"
    / "object_info.json"
)
FILE_INPUTS = {"ckpt_name", "image"}  # their choices are the files of one machine
LITERALS: dict[str, Any] = {
    "INT": int,
    "FLOAT": (int, float),
    "STRING": str,
    "COMBO": str,
    "BOOLEAN": bool,
}

every_recipe = pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)


def distil(definition: dict[str, Any]) -> dict[str, Any]:
    """Keep of a node definition what the tests need."""
    inputs = {
        kind: {name: distil_input(name, spec) for name, spec in given.items()}
        for kind, given in definition["input"].items()
        if kind in {"required", "optional"}
    }
    return {
        **inputs,
        "outputs": list(definition["output"]),
        "is_output": bool(definition["output_node"]),
    }


def distil_input(name: str, spec: list[Any]) -> dict[str, Any]:
    """Keep an input's type, bounds and choices."""
    kind, facts = spec[0], spec[1] if len(spec) > 1 else {}
    if not isinstance(kind, list):
        return {"type": kind, **{key: facts[key] for key in ("min", "max") if key in facts}}
    return {"type": "COMBO"} if name in FILE_INPUTS else {"type": "COMBO", "choices": kind}


def inputs_of(node: dict[str, Any]) -> dict[str, Any]:
    """Return the definitions of all inputs of a node's class."""
    definition = DEFINITIONS[node["class_type"]]
    return {**definition["required"], **definition.get("optional", {})}


def literals(recipe: Recipe) -> list[tuple[str, dict[str, Any], Any]]:
    """Return (where, definition, value) of every input that is not a link."""
    return [
        (f"{node_id}.{name}", inputs_of(node)[name], value)
        for node_id, node in recipe.graph.items()
        for name, value in node["inputs"].items()
        if not isinstance(value, list)
    ]


def filled(recipe: Recipe) -> list[tuple[Option, dict[str, Any]]]:
    """Return every option with the definition of each input it fills."""
    return [
        (option, inputs_of(recipe.graph[slot.node_id])[slot.input])
        for option in recipe.options
        for slot in option.slots
    ]


def takes(definition: dict[str, Any], value: Any) -> bool:
    """Tell whether an input takes a value: its type, its bounds, its choices."""
    if not isinstance(value, LITERALS[definition["type"]]):
        return False
    if "choices" in definition and value not in definition["choices"]:
        return False
    return bool(definition.get("min", value) <= value <= definition.get("max", value))


def test_one_recipe_paints_from_words_and_one_from_an_image() -> None:
    assert list(RECIPES) == ["sdxl_text_to_image", "sdxl_image_to_image"]


@every_recipe
def test_each_node_has_all_inputs_of_its_class_and_no_others(recipe: Recipe) -> None:
    for node_id, node in recipe.graph.items():
        required = DEFINITIONS[node["class_type"]]["required"]
        assert required.keys() <= node["inputs"].keys() <= inputs_of(node).keys(), node_id


@every_recipe
def test_each_link_carries_the_type_that_its_input_takes(recipe: Recipe) -> None:
    for node_id, node in recipe.graph.items():
        for name, value in node["inputs"].items():
            if isinstance(value, list):
                source = DEFINITIONS[recipe.graph[value[0]]["class_type"]]
                assert source["outputs"][value[1]] == inputs_of(node)[name]["type"], node_id


@every_recipe
def test_each_literal_is_one_that_its_input_takes(recipe: Recipe) -> None:
    assert [where for where, input_, value in literals(recipe) if not takes(input_, value)] == []


def parts(value: Any) -> list[Any]:
    """Return what goes into the graph: a size is two numbers."""
    return [*pixels(value)] if isinstance(value, str) and SIZE.fullmatch(value) else [value]


@every_recipe
def test_whatever_an_option_allows_its_input_takes(recipe: Recipe) -> None:
    for option, input_ in filled(recipe):
        allowed = [option.default, option.minimum, option.maximum]
        allowed += [choice.value for choice in option.choices]
        numbers = [number for value in allowed if value is not None for number in parts(value)]
        assert [number for number in numbers if not takes(input_, number)] == [], option.name


@every_recipe
def test_no_option_leaves_a_number_without_bounds(recipe: Recipe) -> None:
    for option in recipe.options:
        if option.kind in {OptionKind.INTEGER, OptionKind.NUMBER} and not option.choices:
            assert None not in (option.minimum, option.maximum), option.name


@every_recipe
def test_the_result_comes_from_nodes_that_save_files(recipe: Recipe) -> None:
    classes = [recipe.graph[node_id]["class_type"] for node_id in recipe.outputs]

    assert classes
    assert all(DEFINITIONS[name]["is_output"] for name in classes)


@every_recipe
def test_what_a_default_says_is_what_the_graph_was_exported_with(recipe: Recipe) -> None:
    for option in recipe.options:
        for slot in option.slots:
            held = recipe.graph[slot.node_id]["inputs"][slot.input]
            filled = fill_graph(recipe, {option.name: option.default or held})
            assert filled[slot.node_id]["inputs"][slot.input] == held, option.name


def test_an_option_of_both_recipes_fills_the_node_of_the_same_title() -> None:
    titles: dict[str, set[str]] = {}
    for recipe in RECIPES.values():
        for option in recipe.options:
            found = {recipe.graph[slot.node_id]["_meta"]["title"] for slot in option.slots}
            titles.setdefault(option.name, set()).update(found)

    assert {name: found for name, found in titles.items() if len(found) > 1} == {}


def test_every_size_is_a_multiple_of_64() -> None:
    sizes = [
        side
        for recipe in RECIPES.values()
        for option in recipe.options
        if option.kind is OptionKind.SIZE
        for choice in option.choices
        for side in pixels(str(choice.value))
    ]

    assert sizes
    assert all(side % 64 == 0 for side in sizes)


@pytest.mark.skipif(not RECORDED.is_file(), reason="no recorded answer of a ComfyUI at hand")
def test_the_definitions_are_those_of_a_real_comfyui() -> None:
    nodes = json.loads(RECORDED.read_text(encoding="utf-8"))["nodes"]
    used = {n["class_type"] for recipe in RECIPES.values() for n in recipe.graph.values()}

    assert {name: distil(nodes[name]) for name in sorted(used)} == DEFINITIONS
