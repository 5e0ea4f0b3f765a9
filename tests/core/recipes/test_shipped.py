"""The shipped recipes: what they offer, and that whatever they allow makes a sound graph.

The engine's catalogue of nodes is what a real ComfyUI 0.3.64 says of them, and its validation is
ComfyUI's: `tests/local/test_recipes_on_comfyui.py` asks a real one the same.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from distillery.core.errors import InvalidOption
from distillery.core.flags.apply import apply_flags, options_of
from distillery.core.flags.table import FLAGS
from distillery.core.recipes.recipe import (
    Action,
    OptionKind,
    Recipe,
    fill_graph,
    outputs_in,
    recipe_for,
)
from distillery.core.recipes.sizes import pixels
from distillery.recipe_files import load_recipes
from gpu_container.worker.models.declared import load_models
from local.engine.graph.validate import validate
from local.engine.nodes.catalogue import NODE_TYPES
from local.workflow_import.files import find_models
from local.workflow_import.graph import read_graph
from tests.core.recipe_cases import PICTURE, cases

ROOT = Path(__file__).parents[3]
RECIPES = load_recipes(ROOT / "workflows")
LOCK = tomllib.loads((ROOT / "gpu_container" / "custom_nodes.lock.toml").read_text())
PINNED = {node for pack in LOCK["custom_nodes"] for node in pack["nodes"]}

every_recipe = pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)


@every_recipe
def test_whatever_the_options_make_of_the_graph_the_engine_takes_it(recipe: Recipe) -> None:
    refused = {}
    for named, _, graph in cases(recipe):
        verdict = validate(graph, lambda name: name == PICTURE)
        if verdict.error or verdict.node_errors:
            refused[named] = verdict.error or verdict.node_errors

    assert refused == {}


@every_recipe
def test_no_node_is_left_that_no_output_needs(recipe: Recipe) -> None:
    for _, _, graph in cases(recipe):
        fed = {
            value[0]
            for node in graph.values()
            for value in node["inputs"].values()
            if isinstance(value, list)
        }
        assert graph.keys() - fed == set(outputs_in(graph, recipe)) != set()


@every_recipe
def test_every_node_is_comfyuis_own_or_pinned(recipe: Recipe) -> None:
    for node in recipe.graph.values():
        module = NODE_TYPES[node["class_type"]].module
        assert module.startswith(("nodes", "comfy_extras.")) or node["class_type"] in PINNED


@every_recipe
def test_every_model_is_declared(recipe: Recipe) -> None:
    declared = {(model.folder, model.name) for model in load_models()}
    for _, _, graph in cases(recipe):
        wanted = find_models(read_graph(_exported(graph))[0])
        assert {(model.folder, model.name) for model in wanted} <= declared


def _exported(graph: object) -> bytes:
    return json.dumps(graph).encode()


@every_recipe
def test_no_option_leaves_a_number_without_bounds(recipe: Recipe) -> None:
    for option in recipe.options:
        if option.kind in {OptionKind.INTEGER, OptionKind.NUMBER} and not option.choices:
            assert None not in (option.minimum, option.maximum), option.name


@every_recipe
def test_the_result_comes_from_nodes_that_save_files(recipe: Recipe) -> None:
    classes = [recipe.graph[node_id]["class_type"] for node_id in recipe.outputs]

    assert classes
    assert all(NODE_TYPES[name].output_node for name in classes)


@every_recipe
def test_what_a_default_says_is_what_the_graph_was_exported_with(recipe: Recipe) -> None:
    for option in recipe.options:
        if option.default is None:
            continue
        filled = fill_graph(recipe, {option.name: option.default})
        for slot in option.slots:
            held = recipe.graph[slot.node_id]["inputs"][slot.input]
            if slot.node_id in filled:
                assert filled[slot.node_id]["inputs"][slot.input] == held, option.name


def test_an_option_of_several_recipes_fills_the_node_of_the_same_title() -> None:
    titles: dict[str, set[str]] = {}
    for recipe in RECIPES.values():
        for option in recipe.options:
            for slot in option.slots[:1]:
                title = recipe.graph[slot.node_id]["_meta"]["title"]
                titles.setdefault(option.name, set()).add(title)

    several = {name for name, found in titles.items() if len(found) > 1}
    assert several == {"seed", "weight"}  # of a sampler or of tiles; of outlines or a look


@every_recipe
def test_every_size_is_one_that_the_node_takes(recipe: Recipe) -> None:
    for option in recipe.options:
        for slot in option.slots if option.kind is OptionKind.SIZE else ():
            step = NODE_TYPES[recipe.graph[slot.node_id]["class_type"]].inputs[slot.input].options
            for choice in option.choices:
                assert all(side % step["step"] == 0 for side in pixels(str(choice.value)))


def test_each_action_has_a_recipe_that_needs_nothing_but_the_picture() -> None:
    for action in Action:
        recipe = recipe_for(RECIPES, action)
        assert recipe, action
        needed = {option.name for option in recipe.options if option.required}
        assert needed <= {recipe.picture_option.name, "prompt"}
        if action is not Action.START_FROM:
            assert needed == {recipe.picture_option.name}


NOT_USED = {"adaptface": "", "llm": " story", "force-model": "", "cutoffweight": " 0.5"}


def test_at_least_20_of_the_flags_are_of_use() -> None:
    used = {flag for flag in FLAGS for r in RECIPES.values() if options_of(r, flag)}

    assert FLAGS.keys() - used == NOT_USED.keys()


@pytest.mark.parametrize(("flag", "value"), NOT_USED.items())
def test_whoever_writes_another_flag_is_told_that_no_workflow_uses_it(
    flag: str, value: str
) -> None:
    recipes = list(RECIPES.values())
    for recipe in recipes:
        with pytest.raises(InvalidOption) as refused:
            apply_flags(recipe, recipes, {"prompt": f"a fox --{flag}{value}"})

        said = f"`--{flag}` is known, but no workflow that is installed here uses it. Leave it out."
        assert str(refused.value) == said


def test_the_documents_tell_how_many_graphs_the_options_make() -> None:
    graphs = sum(1 for recipe in RECIPES.values() for _ in cases(recipe))

    told = (ROOT / "docs" / "workflows.md").read_text(encoding="utf-8")
    assert f" is {graphs} graphs: " in told
