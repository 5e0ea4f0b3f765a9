"""Whatever the file holds, an operator gets a workflow that loads, or one sentence."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from distillery.core.recipes.manifest import parse_recipe
from distillery.discord.serve_command import serve_command
from local.workflow_import.definitions import Definitions, core_definitions, read_definitions
from local.workflow_import.graph import MAX_BYTES, MAX_NODES, GraphRefused, graph_of
from local.workflow_import.lock_file import Image
from local.workflow_import.needs import needs_of
from local.workflow_import.proposal import propose
from tests.depth import deep
from tests.local.workflow_import.graphs.parts import node, plain, sampler, save

EDITOR = {"last_node_id": 9, "nodes": [{"id": 3, "type": "KSampler"}], "links": [], "version": 0.4}
CIRCLE = plain(**{"4": node("Patch", None, model="@5"), "5": node("Patch", None, model="@4")})
REFUSED = {
    "empty_file": (b"", "not JSON"),
    "no_json": (b"<html>", "not JSON"),
    "half_a_file": (json.dumps(plain()).encode()[:-9], "not JSON"),
    "a_picture": (b"\x89PNG\r\n\x1a\n", "This is a picture"),
    "not_utf8": (b'{"a": "\xff"}', "not UTF-8"),
    "no_number": (b'{"1": NaN}', "NaN is no number"),
    "nested_deeply": (b"[" * 200_000, "nested too deeply"),
    "huge_file": (b" " * (MAX_BYTES + 1), "at most 8 MB"),
    "number_of_5000_digits": (b'{"1": ' + b"9" * 5000 + b"}", "not JSON"),
    "number_of_401_digits": (plain(**{"3": sampler(cfg=10**400)}), "too great a number"),
    "number_beyond_floats": (b'{"1": 1e999}', "too great a number"),
    "a_list": (b"[]", "holds no nodes"),
    "no_nodes": (b"{}", "holds no nodes"),
    "editor_format": (EDITOR, "File > Export (API)"),
    "request_to_comfyui": ({"prompt": plain(), "client_id": "x"}, "lies under 'prompt'"),
    "request_to_runpod": ({"input": {"workflow": plain()}}, "lies under 'input'"),
    "many_nodes": ({str(n): node("A") for n in range(MAX_NODES + 1)}, "at most 2,000"),
    "node_that_is_none": ({"1": None}, "Node 1 is not a node"),
    "id_with_a_space": ({"a b": node("A")}, "Node a b has an id that no worker takes"),
    "id_of_900_digits": ({"9" * 900: node("A")}, "has an id that no worker takes"),
    "no_class": ({"1": {"inputs": {}}}, "its custom node was missing"),
    "class_of_none": ({"1": {"inputs": {}, "class_type": None}}, "its custom node was missing"),
    "inputs_as_list": ({"1": {"inputs": [], "class_type": "A"}}, "Node 1 is not a node"),
    "meta_as_text": ({"1": {"inputs": {}, "class_type": "A", "_meta": "x"}}, "_meta"),
    "link_to_nothing": (plain(**{"3": sampler(model="@99")}), "linked to node 99"),
    "link_of_three": (plain(**{"3": sampler(model=["4", 0, 1])}), "no link such as"),
    "link_by_number": (plain(**{"3": sampler(model=[4, 0])}), "no link such as"),
    "link_below_zero": (plain(**{"3": sampler(model=["4", -1])}), "no link such as"),
    "circle": (CIRCLE, "'Patch' (node 4) from 'Patch' (node 5) from 'Patch' (node 4)"),
    "link_to_itself": ({"1": node("A", None, x="@1")}, "in a circle"),
    "nothing_saved": (plain(**{"9": node("VAEDecode", None, samples="@3")}), "No node saves"),
    "nothing_to_set": ({"1": node("Solid"), "2": save("@1")}, "Nothing in this graph can be set"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_broken_file_is_refused_in_one_sentence(name: str) -> None:
    content, words = REFUSED[name]
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    with pytest.raises(GraphRefused) as refused:
        propose(data, "fox", core_definitions())
    assert words in str(refused.value)
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 500


def test_a_chain_of_all_nodes_that_are_allowed_is_read() -> None:
    chain = {str(n): node("Pass", None, clip_in=f"@{n - 1}") for n in range(20, 1990)}
    graph = plain(**chain, **{"19": node("CLIPTextEncode", None, text="deep", clip="@4.1")})
    graph["3"] = sampler(positive="@1989")
    proposal = propose(json.dumps(graph).encode(), "fox", core_definitions())
    assert proposal.found[0].value == "deep"


def test_printed_titles_cannot_steer_a_terminal() -> None:
    graph = plain(**{"6": node("CLIPTextEncode", "\x1b[2J" * 50, text="\x1b[31m", clip="@99")})
    with pytest.raises(GraphRefused) as refused:
        propose(json.dumps(graph).encode(), "fox", core_definitions())
    assert "\x1b" not in str(refused.value)


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
documents = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=9), inner)
)
ids = st.sampled_from(["1", "2", "3", "10", "57:8", "a", "²"])
input_names = st.sampled_from(
    [
        "text",
        "positive",
        "negative",
        "conditioning",
        "seed",
        "noise_seed",
        "steps",
        "cfg",
        "denoise",
        "width",
        "height",
        "length",
        "batch_size",
        "image",
        "video",
        "sampler_name",
        "scheduler",
        "latent_image",
        "samples",
        "images",
        "guider",
        "value",
        "string_a",
        "ckpt_name",
        "start_at_step",
        "end_at_step",
        "strength",
        "seconds",
        "guidance",
    ]
)
kinds = st.sampled_from(
    [
        "KSampler",
        "KSamplerAdvanced",
        "CLIPTextEncode",
        "SaveImage",
        "EmptyLatentImage",
        "LoadImage",
        "LoadImageMask",
        "ControlNetApplyAdvanced",
        "ConditioningZeroOut",
        "PrimitiveInt",
        "PrimitiveString",
        "StringConcatenate",
        "WanImageToVideo",
        "EmptyLatentAudio",
        "SaveAnimatedWEBP",
        "CFGGuider",
        "ImageScale",
        "Odd",
        "VHS_LoadVideo",
        "BasicScheduler",
        "CLIPTextEncodeSDXL",
        "PreviewImage",
        "MySave",
    ]
)
held = (
    scalars
    | st.sampled_from(["20", "euler", "a.safetensors", 20, 1.0, 512, 1e308, -5, "embedding:x"])
    | st.tuples(ids, st.integers(0, 2)).map(list)
)


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, Any]:
    """A graph of real words: links lead to earlier nodes, so that most are read."""
    graph: dict[str, Any] = {}
    for node_id in draw(st.lists(ids, unique=True, min_size=1)):
        inputs = draw(st.dictionaries(input_names, held, max_size=9))
        known = list(graph)
        kept = {
            name: value
            for name, value in inputs.items()
            if not isinstance(value, list) or (value[0] in known)
        }
        entry: dict[str, Any] = {"class_type": draw(kinds), "inputs": kept}
        if draw(st.booleans()):
            entry["_meta"] = {"title": draw(st.text(max_size=5) | st.integers() | st.none())}
        graph[node_id] = entry
    if draw(st.booleans()):
        graph["save"] = save(f"@{draw(st.sampled_from(list(graph)))}")
    return graph


def either_refused_or_loads(data: bytes, definitions: Definitions) -> None:
    try:
        proposal = propose(data, "fox", definitions, default=True)
    except GraphRefused as refused:
        assert "\n" not in str(refused)
        return
    recipe = parse_recipe(
        "fox", graph_text=proposal.graph_text, manifest_text=proposal.manifest_text
    )
    serve_command({"fox": recipe})
    proposal.graph_text.encode()
    proposal.manifest_text.encode()


@given(documents)
def test_any_json_is_refused_or_loads(document: object) -> None:
    either_refused_or_loads(json.dumps(document).encode(), core_definitions())


@given(st.binary())
def test_any_bytes_are_refused_or_load(data: bytes) -> None:
    either_refused_or_loads(data, core_definitions())


@settings(max_examples=deep(100), suppress_health_check=[HealthCheck.too_slow])
@given(graphs())
def test_any_graph_of_real_words_is_refused_or_loads(graph: dict[str, Any]) -> None:
    either_refused_or_loads(json.dumps(graph).encode(), core_definitions())


@given(graphs(), documents)
def test_any_answer_for_object_info_is_borne(graph: dict[str, Any], document: object) -> None:
    spec = {"KSampler": {"input": {"required": {"steps": document, "seed": ["INT", document]}}}}
    for answer in (document, spec, {"SaveImage": document}):
        definitions = read_definitions(answer, "a test")
        either_refused_or_loads(json.dumps(graph).encode(), definitions)


@given(graphs())
def test_the_needs_of_any_graph_can_be_told(graph: dict[str, Any]) -> None:
    try:
        read = graph_of(graph)
    except GraphRefused:
        return
    for live in (True, False):
        for need in needs_of(read, core_definitions(), Image({}, (), ()), live=live):
            assert need.name.isprintable()
