"""Taking nodes out of a graph: what was linked to them is linked past them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from distillery.core.errors import BrokenRecipe
from distillery.core.recipes.manifest import parse_recipe
from distillery.core.recipes.options import resolve_options
from distillery.core.recipes.recipe import Attachment, Recipe, Value, fill_graph, outputs_in

GRAPH = {
    "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "a.safetensors"}},
    "2": {
        "class_type": "LoraLoader",
        "inputs": {"lora_name": "x", "model": ["1", 0], "clip": ["1", 1]},
        "_meta": {"title": "First LoRA"},
    },
    "3": {
        "class_type": "LoraLoader",
        "inputs": {"lora_name": "x", "model": ["2", 0], "clip": ["2", 1]},
        "_meta": {"title": "Second LoRA"},
    },
    "4": {
        "class_type": "CLIPTextEncode",
        "inputs": {"text": "", "clip": ["3", 1]},
        "_meta": {"title": "Prompt"},
    },
    "5": {
        "class_type": "EmptyLatentImage",
        "inputs": {"width": 512, "height": 512},
        "_meta": {"title": "Size"},
    },
    "6": {"class_type": "LoadImage", "inputs": {"image": "x"}, "_meta": {"title": "Image"}},
    "7": {
        "class_type": "ControlNetApply",
        "inputs": {"conditioning": ["4", 0], "image": ["6", 0]},
        "_meta": {"title": "Control"},
    },
    "8": {
        "class_type": "KSampler",
        "inputs": {"model": ["3", 0], "positive": ["7", 0], "latent_image": ["5", 0]},
    },
    "9": {
        "class_type": "SaveImage",
        "inputs": {"images": ["8", 0]},
        "_meta": {"title": "Save"},
    },
}
MANIFEST = """
name = "Plain"
description = "x"
default = true

[options.prompt]
type = "string"
description = "x"
slot = { node = "Prompt", input = "text" }

[options.lora]
type = "string"
description = "x"
slot = { node = "First LoRA", input = "lora_name" }
bypass = [{ node = "First LoRA", through = { 0 = "model", 1 = "clip" } }]

[options.lora_2]
type = "string"
description = "x"
slot = { node = "Second LoRA", input = "lora_name" }
bypass = [{ node = "Second LoRA", through = { 0 = "model", 1 = "clip" } }]

[options.size]
type = "size"
description = "x"
choices = [{ name = "Square", value = "512x512" }, "768x512"]
default = "512x512"
width = { node = "Size", input = "width" }
height = { node = "Size", input = "height" }

[options.control]
type = "attachment"
description = "x"
slot = { node = "Image", input = "image" }
bypass = [{ node = "Control", through = { 0 = "conditioning" } }]

[outputs]
nodes = ["Save"]
"""
PHOTO = Attachment("in.png", "https://cdn.example/in.png", "image/png", 1000)


def parse(manifest: str = MANIFEST, graph: dict[str, Any] = GRAPH) -> Recipe:
    return parse_recipe("plain", graph_text=json.dumps(graph), manifest_text=manifest)


def filled(**given: Value) -> dict[str, Any]:
    recipe = parse()
    return fill_graph(recipe, resolve_options(recipe, given, draw=lambda low, _: low))


def test_a_node_without_a_value_is_linked_past() -> None:
    graph = filled(prompt="a fox", lora="ink")

    assert graph["2"]["inputs"]["lora_name"] == "ink"
    assert "3" not in graph
    assert graph["8"]["inputs"]["model"] == ["2", 0]
    assert graph["4"]["inputs"]["clip"] == ["2", 1]


def test_nodes_in_a_row_are_all_linked_past() -> None:
    graph = filled(prompt="a fox")

    assert graph["8"]["inputs"]["model"] == ["1", 0]
    assert graph["4"]["inputs"]["clip"] == ["1", 1]


def test_the_first_of_a_row_can_be_missing() -> None:
    graph = filled(prompt="a fox", lora_2="ink")

    assert "2" not in graph
    assert graph["3"]["inputs"] == {"lora_name": "ink", "model": ["1", 0], "clip": ["1", 1]}


def test_without_a_file_nothing_is_left_that_would_load_one() -> None:
    graph = filled(prompt="a fox")

    assert {"6", "7"}.isdisjoint(graph)
    assert graph["8"]["inputs"]["positive"] == ["4", 0]


def test_with_a_file_all_is_there() -> None:
    assert {"6", "7"} <= filled(prompt="a fox", control=PHOTO).keys()


def test_a_bypass_can_depend_on_a_value() -> None:
    mode = """
[options.control_mode]
type = "string"
description = "x"
choices = ["outlines", "none"]
default = "outlines"
bypass = [{ node = "Control", through = { 0 = "conditioning" }, when = "none" }]
"""
    recipe = parse(MANIFEST + mode)

    assert "7" in fill_graph(recipe, {"control": PHOTO, "control_mode": "outlines"})
    assert "7" not in fill_graph(recipe, {"control": PHOTO, "control_mode": "none"})


def test_a_bypass_can_depend_on_any_value_but_one() -> None:
    mode = """
[options.control_mode]
type = "string"
description = "x"
choices = ["outlines", "depth", "none"]
bypass = [{ node = "Control", through = { 0 = "conditioning" }, unless = "outlines" }]
"""
    recipe = parse(MANIFEST + mode)

    assert "7" in fill_graph(recipe, {"control": PHOTO, "control_mode": "outlines"})
    for values in ({"control_mode": "depth"}, {"control_mode": "none"}, {}):
        assert "7" not in fill_graph(recipe, {"control": PHOTO, **values})


TWO_WAYS_TO_SAVE = """
[options.format]
type = "string"
description = "x"
default = "png"
choices = ["png", "webp"]
bypass = [
  { node = "Save", through = {}, unless = "png" },
  { node = "Save small", through = {}, unless = "webp" },
]
"""


def with_two_ways_to_save(options: str = TWO_WAYS_TO_SAVE) -> Recipe:
    other = {"10": {**GRAPH["9"], "_meta": {"title": "Save small"}}}
    manifest = MANIFEST.replace('nodes = ["Save"]', 'nodes = ["Save", "Save small"]')
    return parse(manifest.replace("[outputs]", f"{options}\n[outputs]"), {**GRAPH, **other})


@pytest.mark.parametrize(("chosen", "left"), [("png", ["9"]), ("webp", ["10"])])
def test_an_output_that_is_taken_out_is_neither_run_nor_awaited(
    chosen: str, left: list[str]
) -> None:
    recipe = with_two_ways_to_save()

    graph = fill_graph(recipe, {"format": chosen})

    assert outputs_in(graph, recipe) == left
    assert {"9", "10"} & graph.keys() == set(left)


def test_no_choice_may_take_out_every_output() -> None:
    with pytest.raises(BrokenRecipe, match=r"format\.bypass: with the value 'gif', no output is"):
        with_two_ways_to_save(TWO_WAYS_TO_SAVE.replace('"webp"]', '"webp", "gif"]'))


def test_an_optional_input_is_linked_to_nothing_without_a_file() -> None:
    recipe = parse(
        MANIFEST.replace(
            '{ node = "Control", through = { 0 = "conditioning" } }',
            '{ node = "Image", through = { 0 = "" } }',
        )
    )

    assert fill_graph(recipe, {"control": PHOTO})["7"]["inputs"]["image"] == ["6", 0]
    without = fill_graph(recipe, {})
    assert without["7"]["inputs"] == {"conditioning": ["4", 0]}
    assert "6" not in without


def test_a_size_fills_two_inputs_and_takes_a_shape_too() -> None:
    assert filled(prompt="a fox", size="3:2")["5"]["inputs"] == {"width": 768, "height": 512}
    assert filled(prompt="a fox")["5"]["inputs"] == {"width": 512, "height": 512}


def test_the_recipe_s_own_graph_stays() -> None:
    before = json.dumps(GRAPH)

    filled(prompt="a fox")

    assert json.dumps(GRAPH) == before


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('node = "Control", through', 'node = "Controll", through', "no node titled 'Controll'"),
        ('{ 0 = "conditioning" }', '{ 1 = "conditioning" }', "says nothing of output 0"),
        ('{ 0 = "conditioning" }', '{ 0 = "strength" }', "'strength' of that node is linked to"),
        ('{ 0 = "conditioning" }', '{ x = "conditioning" }', 'must be like {0 = "model"}'),
        (
            'bypass = [{ node = "Control", through = { 0 = "conditioning" } }]',
            "",
            "options.control.required: must be true, or `bypass` must name",
        ),
        ('bypass = [{ node = "Control"', 'bypass = [{ name = "Control"', "must be {node ="),
        ('width = { node = "Size", input = "width" }', "", "options.size.width: missing"),
        ('"768x512"', '"768 x 512"', "options.size.choices[1]"),
        (
            'type = "size"\n',
            'type = "size"\nhidden = true\n',
            "options.size.hidden: leaves no way to set the option",
        ),
    ],
)
def test_what_is_wrong_is_named(old: str, new: str, said: str) -> None:
    assert old in MANIFEST

    with pytest.raises(BrokenRecipe) as broken:
        parse(MANIFEST.replace(old, new))

    assert said in str(broken.value)
