"""Broken workflow folders: each problem names the file, the field and the fix."""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path
from typing import Any

import pytest

from distillery.core.errors import BrokenRecipe
from distillery.core.recipes.manifest import MANIFEST_FIELDS, parse_recipe
from distillery.core.recipes.recipe import Action, Choice, OptionKind, Recipe, Slot, recipe_for
from distillery.recipe_files import load_recipes

ROOT = Path(__file__).parents[3]
MANIFEST = """
name = "Painter"
description = "Paints"

[options.prompt]
type = "string"
description = "What to paint"
required = true
slot = { node = "Prompt", input = "text" }

[options.steps]
type = "integer"
description = "Steps"
default = 20
min = 1
max = 60
slot = { node = "Sampler", input = "steps" }

[options.image]
type = "attachment"
description = "A start"
required = true
slot = { node = "Image", input = "image" }

[outputs]
nodes = ["Save"]
"""


def node(kind: str, title: str, **inputs: Any) -> dict[str, Any]:
    """Make one node as ComfyUI exports it."""
    return {"inputs": inputs, "class_type": kind, "_meta": {"title": title}}


GRAPH = {
    "1": node("LoadImage", "Image", image="example.png"),
    "2": node("CLIPTextEncode", "Prompt", text="a fox"),
    "3": node("KSampler", "Sampler", steps=20, cfg=7, tiled=False, positive=["2", 0]),
    "4": node("SaveImage", "Save", images=["3", 0]),
    "7": node("Note", "Twin", text=""),
    "8": node("Note", "Twin", text=""),
}


def parse(manifest: str = MANIFEST, graph: object = GRAPH) -> Recipe:
    """Parse a recipe as if it lay in the folder `painter`."""
    return parse_recipe("painter", graph_text=json.dumps(graph), manifest_text=manifest)


def problems(manifest: str = MANIFEST, graph: object = GRAPH) -> list[str]:
    """Return the lines with which a recipe is refused."""
    with pytest.raises(BrokenRecipe) as caught:
        parse(manifest, graph)
    return str(caught.value).splitlines()


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


# --- folders ---------------------------------------------------------------------------------


def write(root: Path, name: str, manifest: str | None, graph: str | None) -> None:
    """Write a workflow folder, leaving out what is None."""
    folder = root / name
    folder.mkdir()
    if manifest is not None:
        (folder / "manifest.toml").write_text(manifest, encoding="utf-8")
    if graph is not None:
        (folder / "graph.json").write_text(graph, encoding="utf-8")


DEFAULT_MANIFEST = MANIFEST.replace('"Painter"', '"First"\ndefault = true')


def test_recipes_are_loaded_with_the_default_first(tmp_path: Path) -> None:
    write(tmp_path, "a", MANIFEST, json.dumps(GRAPH))
    write(tmp_path, "b", DEFAULT_MANIFEST, json.dumps(GRAPH))
    (tmp_path / "README.md").touch()
    (tmp_path / "__pycache__").mkdir()

    assert list(load_recipes(tmp_path)) == ["b", "a"]


def test_all_broken_folders_are_told_at_once(tmp_path: Path) -> None:
    write(tmp_path, "a", None, json.dumps(GRAPH))
    write(tmp_path, "b", DEFAULT_MANIFEST, json.dumps(GRAPH))
    write(tmp_path, "c", "name = 1", None)
    (tmp_path / "b" / "graph.json").write_bytes(b"\xff")

    with pytest.raises(BrokenRecipe) as caught:
        load_recipes(tmp_path)

    assert str(caught.value).splitlines() == [
        "workflows/a/manifest.toml: missing; see docs/workflows.md",
        "workflows/b/graph.json: not UTF-8; save it as UTF-8",
        "workflows/c/graph.json: missing; see docs/workflows.md",
    ]


@pytest.mark.parametrize(
    ("manifests", "answer"),
    [
        ([MANIFEST, MANIFEST], r"default: true in none of w0, w1; set it in one"),
        (
            [DEFAULT_MANIFEST, DEFAULT_MANIFEST],
            r"w0/manifest.toml, workflows/w1/manifest.toml: default: true in 2 workflows",
        ),
    ],
)
def test_exactly_one_recipe_is_the_default(
    tmp_path: Path, manifests: list[str], answer: str
) -> None:
    for number, manifest in enumerate(manifests):
        write(tmp_path, f"w{number}", manifest, json.dumps(GRAPH))

    with pytest.raises(BrokenRecipe, match=answer):
        load_recipes(tmp_path)


def test_an_action_belongs_to_one_recipe(tmp_path: Path) -> None:
    for name, head in (("a", DEFAULT_MANIFEST), ("b", MANIFEST)):
        write(tmp_path, name, f'action = "upscale"\n{head}', json.dumps(GRAPH))

    with pytest.raises(BrokenRecipe, match=r"b/manifest.toml: action: 'upscale' in 2 workflows"):
        load_recipes(tmp_path)


def test_an_action_needs_one_picture() -> None:
    second = """
[options.other]
type = "attachment"
description = "x"
required = true
slot = { node = "Twin 2", input = "text" }
"""
    manifest = MANIFEST.replace("[outputs]", f"{second}[outputs]")
    graph = {**GRAPH, "8": node("Note", "Twin 2", text="")}

    [found] = problems(f'action = "upscale"\n{manifest}', graph)

    assert "action: is done to one picture: require one attachment, here image, other" in found


def test_no_recipe_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BrokenRecipe, match="holds no workflow"):
        load_recipes(tmp_path / "nowhere")


# --- the documentation -----------------------------------------------------------------------


def test_the_documented_fields_are_those_that_a_manifest_may_hold() -> None:
    text = (ROOT / "docs" / "workflows.md").read_text(encoding="utf-8")

    documented = re.findall(r"^\| `([^`]+)` \|", text, flags=re.MULTILINE)

    assert sorted(documented) == sorted(MANIFEST_FIELDS)


def test_the_documented_example_is_a_recipe() -> None:
    text = (ROOT / "docs" / "workflows.md").read_text(encoding="utf-8")
    [manifest] = re.findall(
        r"^ +```toml\n( +name = .*?)^ +```", text, flags=re.DOTALL | re.MULTILINE
    )
    graph = {
        "1": node("CLIPTextEncode", "Prompt", text=""),
        "2": node("CLIPTextEncode", "Negative prompt", text=""),
        "3": node("EmptyLatentImage", "Size", width=512, height=512),
        "4": node("KSampler", "Sampler", seed=0, steps=20),
        "5": node("SaveImage", "Save picture", images=["4", 0]),
    }

    recipe = parse(textwrap.dedent(manifest), graph)

    assert {option.kind for option in recipe.options} >= {OptionKind.STRING, OptionKind.SIZE}


LOCALES = """
[locales.de]
name = "Maler"
description = "Malt"
options.prompt = { name = "beschreibung", description = "Was" }
options.style.choices = { "No style" = "Kein Stil" }

[locales.ja.options.prompt]
description = "何を描くか"
"""
STYLED = (
    """
[options.style]
type = "string"
description = "A style"
choices = [{ name = "No style", value = "none" }, "bold"]
slot = { node = "Prompt", input = "text" }

[outputs]"""
).replace("Prompt", "Twin2")


def in_languages(locales: str) -> Recipe:
    """Read the manifest with translations, and with an option that has choices."""
    graph = {**GRAPH, "9": node("Note", "Twin2", text="")}
    manifest = MANIFEST.replace("[outputs]", STYLED.strip()) + locales
    return parse_recipe("painter", graph_text=json.dumps(graph), manifest_text=manifest)


def test_a_manifest_says_everything_in_other_languages_too() -> None:
    recipe = in_languages(LOCALES)
    options = {option.name: option for option in recipe.options}

    assert (recipe.titles, recipe.descriptions) == ({"de": "Maler"}, {"de": "Malt"})
    assert options["prompt"].names == {"de": "beschreibung"}
    assert options["prompt"].descriptions == {"de": "Was", "ja": "何を描くか"}
    assert [choice.names for choice in options["style"].choices] == [{"de": "Kein Stil"}, {}]


@pytest.mark.parametrize(
    ("locales", "answer"),
    [
        ("[locales.xx]\nname = 'x'", "locales.xx: is no locale of Discord; there are ar, bg"),
        ("[locales.de]\nnaem = 'x'", "locales.de.naem: unknown; there are name, description"),
        ("[locales.de]\nname = ''", "locales.de.name: must be a text of 1 to 100 characters"),
        (
            "[locales.de]\noptions.promt.name = 'x'",
            "locales.de.options.promt: unknown; there are prompt, steps, image, style",
        ),
        (
            "[locales.de]\noptions.prompt.name = 'Groß'",
            "locales.de.options.prompt.name: must be 1 to 32 lower-case letters",
        ),
        (
            f"[locales.de]\noptions.prompt.description = '{'x' * 101}'",
            "locales.de.options.prompt.description: must be a text of 1 to 100 characters",
        ),
        (
            "[locales.de]\noptions.style.choices = { none = 'x' }",
            "locales.de.options.style.choices.none: unknown; there are No style, bold",
        ),
        (
            "[locales.de.options]\nprompt.name = 'x'\nsteps.name = 'x'",
            "locales.de.options.steps.name: 'prompt' has this name too; use two",
        ),
        ("[locales]\nde = 3", "locales.de: must be a table"),
    ],
)
def test_a_wrong_translation_is_answered_with_field_and_fix(locales: str, answer: str) -> None:
    with pytest.raises(BrokenRecipe) as caught:
        in_languages(locales)

    assert f"workflows/painter/manifest.toml: {answer}" in str(caught.value)


def test_an_option_s_name_may_have_the_marks_of_hindi_and_thai() -> None:
    for name in ("चित्र", "ขนาดภาพ", "größe", "l'image"):
        recipe = in_languages(f'[locales.hi]\noptions.prompt.name = "{name}"')
        assert recipe.options[0].names == {"hi": name}
