"""Broken workflow folders: each problem names the file, the field and the fix."""

from __future__ import annotations

import json

import pytest

from distillery.core.errors import BrokenRecipe
from distillery.core.recipes.manifest import parse_recipe
from distillery.core.recipes.recipe import Action, Choice, Slot, recipe_for
from tests.core.recipes.painter import GRAPH, MANIFEST, node, parse, problems


def test_a_manifest_binds_options_to_inputs_by_node_title() -> None:
    recipe = parse()

    prompt, steps, image = recipe.options
    assert (recipe.title, recipe.default, recipe.outputs) == ("Painter", False, ("4",))
    assert prompt.slots == (Slot("2", "text"),)
    assert (steps.kind, steps.default, steps.minimum, steps.maximum) == ("integer", 20, 1, 60)
    assert image.slots == (Slot("1", "image"),)


def test_left_out_limits_are_those_that_hold_anyway() -> None:
    prompt, _, image = parse().options

    assert prompt.max_length == 6000
    assert image.content_types == ("image/png", "image/jpeg", "image/webp")
    assert image.max_bytes == 20 * 1024 * 1024


def test_one_option_may_fill_several_inputs() -> None:
    manifest = MANIFEST.replace(
        'slot = { node = "Sampler", input = "steps" }',
        'slots = [{ node = "Sampler", input = "steps" }, { node = "Sampler", input = "cfg" }]',
    )

    assert parse(manifest).options[1].slots == (Slot("3", "steps"), Slot("3", "cfg"))


def test_choices_are_values_or_values_with_a_name() -> None:
    manifest = MANIFEST.replace(
        "min = 1\nmax = 60", 'choices = [20, { name = "Thirty", value = 30 }]'
    )

    assert parse(manifest).options[1].choices == (Choice("20", 20), Choice("Thirty", 30))


def test_what_is_suggested_while_a_member_types_may_be_long() -> None:
    names = [f"style {number}" for number in range(500)]
    manifest = MANIFEST.replace(
        'required = true\nslot = { node = "Prompt"',
        f'suggest = true\nchoices = {names}\nslot = {{ node = "Prompt"',
    )

    prompt = parse(manifest).options[0]

    assert prompt.suggest
    assert len(prompt.choices) == 500
    more = manifest.replace("'style 0'", "'style 0', 'one more'")
    assert "options.prompt.choices: must be a list of 1 to 500" in problems(more)[0]


def test_an_action_is_done_to_the_one_picture_that_is_required() -> None:
    recipe = parse(MANIFEST.replace('name = "Painter"', 'name = "P"\naction = "upscale"'))

    assert recipe.action is Action.UPSCALE
    assert recipe.picture_option.name == "image"
    assert recipe_for({"p": recipe}, Action.UPSCALE) is recipe
    assert recipe_for({"p": recipe}, Action.VARIATION) is None


def test_a_node_without_a_title_goes_by_its_class() -> None:
    graph = {**GRAPH, "4": {"class_type": "SaveImage", "inputs": {"images": ["3", 0]}}}

    assert parse(MANIFEST.replace('["Save"]', '["SaveImage"]'), graph).outputs == ("4",)


BROKEN = [
    # what is changed, into what, and the one line that answers it
    ('name = "Painter"\n', "", "name: missing or wrong; give a text of 1 to 100 characters"),
    ('description = "Paints"', 'description = ""', "description: missing or wrong; give a text"),
    ('name = "Painter"\n', 'name = "P"\ndefault = "yes"\n', "default: must be true or false"),
    ('name = "Painter"\n', 'name = "P"\ndescripton = "P"\n', "did you mean 'description'?"),
    ('name = "Painter"\n', 'name = "P"\nzzz = 1\n', "zzz: unknown field; fields: name, "),
    ('name = "Painter"\n', 'name = "P"\naction = "paint"\n', "action: must be one of upscale, var"),
    ('name = "Painter"\n', 'name = "P"\naction = 1\n', "action: must be one of upscale, variation"),
    ("[options.steps]", "[options.Steps]", "options.Steps: an option's name is 1 to 32 lower"),
    ("[options.steps]", '[options."a b"]', "options.a b: an option's name is 1 to 32 lower"),
    ('name = "Painter"\n', 'name = "P"\noptions.x = 1\n', "options.x: must be a table; write"),
    ("[options.steps]", "[options.workflow]", "options.workflow: the command itself has"),
    ('"integer"', '"int"', "options.steps.type: must be one of string, integer, number, boolean"),
    ('type = "integer"\n', "", "options.steps.type: must be one of"),
    ('description = "Steps"\n', "", "options.steps.description: missing; say in at most 100"),
    ('"Steps"', f'"{"x" * 101}"', "options.steps.description: must be a text of 1 to 100"),
    ("min = 1", "mni = 1", "options.steps.mni: unknown field; did you mean 'min'?"),
    ("min = 1", "min_length = 1", "options.steps.min_length: is for type string, not integer"),
    ("min = 1", "min = 1.5", "options.steps.min: must be of the option's own type"),
    ("max = 60", "max = 9007199254740993", "options.steps.max: must be of the option's own type"),
    ("default = 20\nmin = 1", "min = 61", "options.steps.min: is above max: 61 > 60"),
    ("default = 20", "default = 61", "options.steps.default: `steps` must be from 1 to 60"),
    ("default = 20", 'default = "20"', "options.steps.default: must be of the option's own type"),
    ("default = 20", "default = true", "options.steps.default: must be of the option's own type"),
    ("default = 20", "default = 20\nrequired = true", "options.steps.default: is never used"),
    ("default = 20", "random = true\nrequired = true", "options.steps.random: is never drawn"),
    ("default = 20\nmin = 1", "random = true", "options.steps.random: draws from min to max"),
    ("min = 1", "choices = [20]", "options.steps.choices: already say what is allowed"),
    ("min = 1\nmax = 60", "choices = [10]", "options.steps.default: `steps` cannot be `20`"),
    ("min = 1\nmax = 60", "choices = []", "options.steps.choices: must be a list of 1 to 25"),
    (
        "min = 1\nmax = 60",
        f"choices = {list(range(26))}",
        "options.steps.choices: must be a list of 1 to 25",
    ),
    ("max = 60", "max = 60\nsuggest = true", "options.steps.suggest: is for type string, not int"),
    ("required = true", "suggest = true", "options.prompt.suggest: has nothing to suggest"),
    (
        "required = true",
        'default = "Ink"\nchoices = [{ name = "Ink", value = "i.safetensors" }]',
        "options.prompt.default: means 'i.safetensors'; write that",
    ),
    ("min = 1\nmax = 60", "choices = [20, 20]", "options.steps.choices[1]: is there twice"),
    (
        "min = 1\nmax = 60",
        'choices = [20, "x"]',
        "options.steps.choices[1]: must be of type integer",
    ),
    ("min = 1\nmax = 60", "choices = [20, {nam = 1}]", "options.steps.choices[1]: must be of"),
    ("required = true", "max_length = 6001", "options.prompt.max_length: must be a whole number"),
    (
        "required = true",
        "min_length = 9\nmax_length = 8",
        "options.prompt.min_length: is above max_length: 9 > 8",
    ),
    (
        'required = true\nslot = { node = "Image"',
        'slot = { node = "Image"',
        "options.image.required: must be true",
    ),
    (
        'required = true\nslot = { node = "Image"',
        'required = true\ncontent_types = []\nslot = { node = "Image"',
        "options.image.content_types: must be a list such as",
    ),
    (
        'required = true\nslot = { node = "Image"',
        'required = true\nmax_bytes = 0\nslot = { node = "Image"',
        "options.image.max_bytes: must be a whole number of bytes",
    ),
    (
        '{ node = "Sampler"',
        '{ node = "Smapler"',
        "options.steps.slot: no node titled 'Smapler'; titles here: 'Image', 'Prompt', 'Sampler'",
    ),
    (
        '{ node = "Sampler", input = "steps" }',
        '{ node = "Twin", input = "text" }',
        "options.steps.slot: 2 nodes are titled 'Twin' (ids 7, 8); rename all but one",
    ),
    (
        'input = "steps"',
        'input = "stesp"',
        "options.steps.slot: there is no input 'stesp' of node 'Sampler'; inputs that can be "
        "filled: steps, cfg, tiled",
    ),
    (
        'input = "steps"',
        'input = "positive"',
        "options.steps.slot: input 'positive' of node 'Sampler' is linked to node 'Prompt'",
    ),
    (
        '{ node = "Sampler", input = "steps" }',
        '{ node = "Prompt", input = "text" }',
        "options.steps.slot: input 'text' of node 'Prompt' holds 'a fox', which no option of type",
    ),
    ('input = "steps"', 'input = "tiled"', "options.steps.slot: input 'tiled' of node 'Sampler'"),
    ('input = "steps" }', 'inputs = "steps" }', "options.steps.slot: must be {node ="),
    ('slot = { node = "Sampler", input = "steps" }', "", "options.steps.slot: must be {node ="),
    ('slot = { node = "Sampler", input = "steps" }', "slots = []", "options.steps.slots: must be"),
    (
        'slot = { node = "Sampler", input = "steps" }',
        'slots = [{ node = "Sampler", input = "steps" }, { node = "X", input = "y" }]',
        "options.steps.slots[1]: no node titled 'X'",
    ),
    (
        '{ node = "Image", input = "image" }',
        '{ node = "Prompt", input = "text" }',
        "options.image.slot: option 'prompt' fills input 'text' of that node too; remove one",
    ),
    ('[outputs]\nnodes = ["Save"]', "", "outputs: missing; add a table"),
    ('["Save"]', "[]", "outputs.nodes: must be a list of different node titles"),
    ('["Save"]', '["Save", "Save"]', "outputs.nodes: must be a list of different node titles"),
    ('["Save"]', '["Sav"]', "outputs.nodes: no node titled 'Sav'"),
    ('nodes = ["Save"]', 'nodes = ["Save"]\nnode = "Save"', "outputs.node: unknown field"),
]


@pytest.mark.parametrize(("old", "new", "answer"), BROKEN)
def test_a_broken_manifest_is_answered_with_field_and_fix(old: str, new: str, answer: str) -> None:
    assert old in MANIFEST

    found = problems(MANIFEST.replace(old, new, 1))

    assert len(found) == 1
    assert found[0].startswith("workflows/painter/manifest.toml: ")
    assert answer in found[0]


@pytest.mark.parametrize(
    ("graph", "answer"),
    [
        ([], "must be an object of nodes; in ComfyUI, export with File > Export (API)"),
        ({"nodes": [], "links": []}, "own page; in ComfyUI, export with File > Export (API)"),
        ({"a b": node("A", "A")}, "a b: an id of a node has A-Z, a-z, 0-9, _ . : and - only"),
        ({"1": {"inputs": {}}}, "1: not a node with class_type and inputs"),
        ({"1": {"class_type": "A"}}, "1: not a node with class_type and inputs"),
        ({"1": {"class_type": "A", "inputs": {}, "_meta": 1}}, "1: _meta is no object"),
        ({"1": node("A", "A", x=["9", 0])}, "1: input 'x' is linked to ['9', 0], which is not in"),
        ({"1": node("A", "A", x=["1", -1])}, "1: input 'x' is linked to ['1', -1], which is not"),
        ({"1": node("A", "A", x=["1"])}, "1: input 'x' is linked to ['1'], which is not in"),
    ],
)
def test_a_broken_graph_is_answered_with_the_node_and_the_fix(graph: object, answer: str) -> None:
    [found] = problems(graph=graph)

    assert found.startswith("workflows/painter/graph.json: ")
    assert answer in found


@pytest.mark.parametrize(
    ("graph", "manifest", "answer"),
    [
        ("{", MANIFEST, r"workflows/painter/graph\.json: not JSON \(.*line 1 column"),
        (json.dumps(GRAPH), "name = x", r"workflows/painter/manifest\.toml: not TOML: .*line 1"),
    ],
)
def test_a_text_of_the_wrong_format_is_answered_with_the_place(
    graph: str, manifest: str, answer: str
) -> None:
    with pytest.raises(BrokenRecipe, match=answer):
        parse_recipe("painter", graph_text=graph, manifest_text=manifest)


def test_all_problems_of_both_files_are_told_at_once() -> None:
    manifest = MANIFEST.replace("default = 20", "default = 99").replace('"Save"', "3")

    found = problems(manifest, {"nodes": []})

    assert len(found) == 2
    assert [line.split(":")[0] for line in found] == [
        "workflows/painter/graph.json",
        "workflows/painter/manifest.toml",
    ]


def test_more_options_than_a_command_has_are_refused() -> None:
    many = "".join(
        f'[options.o{n}]\ntype = "string"\ndescription = "x"\n'
        f'slot = {{ node = "Many", input = "i{n}" }}\n'
        for n in range(26)
    )
    head, tail = 'name = "P"\ndescription = "P"\n', '[outputs]\nnodes = ["Many"]\n'
    graph = {"1": node("Any", "Many", **{f"i{n}": "" for n in range(26)})}

    assert (
        "options: 26 are too many; a command has at most 25"
        in problems(head + many + tail, graph)[0]
    )


def test_option_names_may_use_any_script() -> None:
    manifest = MANIFEST.replace("[options.steps]", '[options."größe_2"]')

    assert parse(manifest).options[1].name == "größe_2"


@pytest.mark.parametrize("name", ["Painter", "a b", "..", "", "x" * 65])
def test_a_folder_name_that_cannot_be_typed_is_refused(name: str) -> None:
    with pytest.raises(BrokenRecipe, match="name the folder with a-z"):
        parse_recipe(name, graph_text=json.dumps(GRAPH), manifest_text=MANIFEST)
