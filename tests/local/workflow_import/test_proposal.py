"""Every shape of graph is understood, and what is proposed for it loads and fills."""

from __future__ import annotations

import json
import tomllib

import pytest

from distillery.core.recipes.manifest import parse_recipe
from distillery.core.recipes.options import resolve_options
from distillery.core.recipes.recipe import Attachment, Recipe, fill_graph
from distillery.discord.serve_command import serve_command
from local.workflow_import.definitions import core_definitions, read_definitions
from local.workflow_import.proposal import Proposal, folder_name, propose
from tests.local.workflow_import.graphs.cases import CASES
from tests.local.workflow_import.graphs.parts import (
    Case,
    Document,
    empty,
    node,
    plain,
    sampler,
    text,
)


def proposed(graph: Document) -> Proposal:
    return propose(json.dumps(graph).encode(), "fox", core_definitions(), default=True)


def loaded(proposal: Proposal) -> Recipe:
    return parse_recipe("fox", graph_text=proposal.graph_text, manifest_text=proposal.manifest_text)


@pytest.fixture(params=CASES, ids=str)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


def test_a_graph_of_this_shape_has_these_options(case: Case) -> None:
    recipe = loaded(proposed(case.graph))
    found = {
        option.name: " ".join(f"{slot.node_id}.{slot.input}" for slot in option.slots)
        for option in recipe.options
    }
    assert found == case.options
    assert " ".join(recipe.outputs) == case.outputs


def test_a_graph_of_this_shape_loads_these_models(case: Case) -> None:
    found = {f"{model.folder}/{model.name}" for model in proposed(case.graph).models}
    assert found - {"vae/Baked VAE"} == set(case.models.split())


def test_what_was_not_certain_is_told(case: Case) -> None:
    proposal = proposed(case.graph)
    for words in case.settle:
        assert any(words in note for note in proposal.to_settle), proposal.to_settle
    for words in case.decided:
        assert any(words in note for note in proposal.decided), proposal.decided
    if not case.settle:
        assert not [n for n in proposal.to_settle if "--comfyui-url" not in n]


def test_the_proposed_options_fill_the_graph_and_change_nothing_else(case: Case) -> None:
    recipe = loaded(proposed(case.graph))
    given = {
        option.name: Attachment("a.png", "https://x/a.png", "image/png", 5)
        if option.kind == "attachment"
        else "a member's words"
        for option in recipe.options
        if option.required
    }
    values = resolve_options(recipe, given, draw=lambda low, high: high)
    filled = fill_graph(recipe, values)
    slots = {(s.node_id, s.input) for option in recipe.options for s in option.slots}
    for node_id in filled:  # what no output needs is left out
        entry = case.graph[node_id]
        for name, held in entry["inputs"].items():
            if (node_id, name) not in slots:
                assert filled[node_id]["inputs"][name] == held
    serve_command({"fox": recipe})


def test_only_titles_that_are_there_twice_are_changed_in_the_graph(case: Case) -> None:
    graph_text = proposed(case.graph).graph_text
    bare = {key: {**entry, "_meta": None} for key, entry in json.loads(graph_text).items()}
    assert bare == {key: {**entry, "_meta": None} for key, entry in case.graph.items()}


def test_a_graph_of_different_titles_stays_as_it_is_to_the_byte() -> None:
    graph = plain(**{"7": node("CLIPTextEncode", "Negative", text="bad", clip="@4.1")})
    data = b"\xef\xbb\xbf" + json.dumps(graph, indent=7).encode()
    proposal = propose(data, "fox", core_definitions())
    assert proposal.graph_text.encode() == data[3:]
    assert not proposal.decided


def test_nodes_of_one_title_are_titled_after_what_they_hold() -> None:
    proposal = proposed(plain())
    graph = json.loads(proposal.graph_text)
    assert graph["6"]["_meta"]["title"] == "Prompt"
    assert graph["7"]["_meta"]["title"] == "Negative prompt"
    assert "Node 6 'CLIP Text Encode (Prompt)' is titled 'Prompt'" in " ".join(proposal.decided)


def test_a_title_no_file_can_hold_is_replaced() -> None:
    graph = plain(**{"6": node("CLIPTextEncode", "\ud800", text="\ud800x", clip="@4.1")})
    assert loaded(proposed(graph)).options[0].slots[0].node_id == "6"


def test_what_is_to_settle_stands_in_the_manifest_too() -> None:
    proposal = proposed(CASES["numbers_as_texts"].graph)
    assert proposal.manifest_text.startswith("# To settle: ")
    assert "holds the text '20'" in proposal.manifest_text


def options(graph: Document, **known: dict[str | int | float, str]) -> Document:
    text = propose(json.dumps(graph).encode(), "fox", core_definitions(), known=known).manifest_text
    found: Document = tomllib.loads(text)["options"]
    return found


def test_bounds_are_those_of_the_node_within_what_may_be_paid_for() -> None:
    found = options(plain())
    assert (found["steps"]["min"], found["steps"]["max"]) == (1, 60)
    assert (found["seed"]["min"], found["seed"]["max"]) == (0, 2**32 - 1)
    assert (found["batch"]["min"], found["batch"]["max"]) == (1, 4)
    assert found["width"]["choices"] == [256, 320, 384, 448, 512, 576, 640, 704, 768]


def test_an_exported_value_beyond_our_limits_stays_allowed() -> None:
    assert options(plain(**{"3": sampler(steps=200, cfg=35)}))["steps"]["max"] == 200


def test_a_running_comfyui_says_what_its_own_nodes_take() -> None:
    document = {
        "KSampler": {"input": {"required": {"steps": ["INT", {"min": 4, "max": 8}]}}},
        "SaveImage": {"input": {"required": {}}, "output_node": True},
    }
    definitions = read_definitions(document, "a test")
    graph = plain(**{"3": sampler(steps=9)})
    proposal = propose(json.dumps(graph).encode(), "fox", definitions)
    found = tomllib.loads(proposal.manifest_text)["options"]["steps"]
    assert (found["min"], found["max"], found["default"]) == (4, 8, 8)
    assert any("holds 9, which the node does not take" in note for note in proposal.to_settle)


def test_a_video_has_only_lengths_its_model_can_make() -> None:
    assert options(CASES["wan_image_to_video"].graph)["frames"]["choices"] == list(range(17, 50, 4))


def test_an_odd_size_is_offered_beside_the_usual_ones() -> None:
    choices = options(
        plain(**{"5": CASES["sd15"].graph["5"] | {"inputs": {"width": 500, "height": 8192}}})
    )
    assert 500 in choices["width"]["choices"] and choices["width"]["default"] == 500
    assert 8192 in choices["height"]["choices"] and len(choices["height"]["choices"]) <= 25


@pytest.mark.parametrize(("width", "height"), [(-512, 512), (512, 0), (512.5, 512), (512, 16_385)])
def test_a_size_that_is_none_is_told_and_not_offered(width: float, height: float) -> None:
    proposal = proposed(plain(**{"5": empty(width=width, height=height)}))
    (note,) = [note for note in proposal.to_settle if "no size" in note]
    assert f"'width' and 'height' of 'EmptyLatentImage' (node 5) are {width} × {height}" in note
    assert not {"width", "height"} & {option.name for option in loaded(proposal).options}


def test_choices_leave_room_for_those_of_other_workflows() -> None:
    others: dict[str | int | float, str] = {size: str(size) for size in range(2000, 2022)}
    found = options(plain(), width=others)["width"]["choices"]
    assert 512 in found and len({*found, *others}) <= 25


def test_a_choice_has_the_name_it_has_elsewhere() -> None:
    found = options(plain(), sampler={"euler": "Oiler"})["sampler"]["choices"]
    assert {"name": "Oiler", "value": "euler"} in found


def test_a_sampler_the_node_does_not_offer_is_told() -> None:
    proposal = proposed(plain(**{"3": sampler(sampler_name="new_one")}))
    assert any("'new_one', which the node does not offer" in note for note in proposal.to_settle)


def test_a_sampler_called_as_another_is_shown_is_no_choice() -> None:
    found = options(plain(**{"3": sampler(sampler_name="Heun")}))["sampler"]
    assert "Heun" not in found["choices"] and "default" not in found


def test_a_prompt_nobody_typed_is_to_settle() -> None:
    graph = plain(
        **{
            "6": text("@20"),
            "20": node("AskAModel", None, image="@21"),
            "21": node("LoadImage", None, image="a.png"),
        }
    )
    assert any("in which nothing is typed" in note for note in proposed(graph).to_settle)


@pytest.mark.parametrize(
    ("name", "folder"),
    [("My Fox (v2)", "my_fox_v2"), ("狐狸", ""), ("__a--b__", "a_b"), ("x" * 99, "x" * 64)],
)
def test_a_folder_is_called_after_the_file(name: str, folder: str) -> None:
    assert folder_name(name) == folder
