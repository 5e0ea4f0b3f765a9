"""Which models a graph names: by what its inputs say, but not by what somebody wrote in them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gpu_container.worker.models.declared import Model, Web, load_models
from gpu_container.worker.models.named import models_named_by
from local.workflow_import.definitions import core_definitions
from tests.house_rules.repository import ROOT


def declared(path: str) -> Model:
    folder, name = path.split("/", 1)
    return Model(name, folder, Web("https://example.com/a"), "0" * 64, 5, "MIT")


def graph(kind: str = "Loader", **inputs: Any) -> dict[str, Any]:
    return {"4": {"class_type": kind, "inputs": inputs, "_meta": {"title": "other.bin"}}}


@pytest.mark.parametrize(
    ("inputs", "named"),
    [
        ({"ckpt_name": "a.safetensors"}, ["checkpoints/a.safetensors"]),
        ({"lora": "styles/ink.safetensors"}, ["loras/styles/ink.safetensors"]),
        ({"text_encoder": "t5.safetensors"}, ["text_encoders/t5.safetensors"]),
        (
            {"lora_1": {"on": True, "lora": "styles/ink.safetensors"}},
            ["loras/styles/ink.safetensors"],
        ),
        ({"stack": [["styles/ink.safetensors", 1.0]]}, ["loras/styles/ink.safetensors"]),
        ({"text": "a fox, (embedding:bad-hands:1.2)"}, ["embeddings/bad-hands.pt"]),
        ({"text": "embedding:bad-hands.pt, fox"}, ["embeddings/bad-hands.pt"]),
        ({"text": "embedding:ink fox"}, []),
        ({"text": "bad-hands"}, []),
        ({"image": ["4", 0], "seed": 5, "flag": None}, []),
        ({"twice": "vae.pt"}, ["vae/vae.pt", "checkpoints/vae.pt"]),
    ],
)
def test_the_models_that_a_graph_names(inputs: dict[str, Any], named: list[str]) -> None:
    models = [
        declared(path)
        for path in (
            "checkpoints/a.safetensors",
            "loras/styles/ink.safetensors",
            "text_encoders/t5.safetensors",
            "embeddings/bad-hands.pt",
            "vae/vae.pt",
            "checkpoints/vae.pt",
            "loras/other.bin",
        )
    ]

    assert [model.path for model in models_named_by(graph(**inputs), models)] == named


@pytest.mark.parametrize(
    ("inputs", "named"),
    [
        ({"text": "a.safetensors"}, []),
        ({"text": "fox, embedding:bad-hands"}, ["embeddings/bad-hands.pt"]),
        ({"text": "a.safetensors", "ckpt_name": "a.safetensors"}, ["checkpoints/a.safetensors"]),
        ({"text": {"nested": ["a.safetensors"]}}, []),
        ({"any_loader_s": "a.safetensors"}, ["checkpoints/a.safetensors"]),
    ],
)
def test_what_a_member_wrote_names_no_model(inputs: dict[str, Any], named: list[str]) -> None:
    models = [declared("checkpoints/a.safetensors"), declared("embeddings/bad-hands.pt")]
    words = frozenset({("4", "text"), ("5", "ckpt_name")})

    assert [m.path for m in models_named_by(graph(**inputs), models, words)] == named


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("ShowText|pysssss", "text_0"),
        ("easy positive", "positive"),
        ("Efficient Loader", "negative"),
        ("SDXLPromptStyler", "text_positive"),
        ("ImpactWildcardEncode", "populated_text"),
        ("JoinStrings", "string1"),
        ("WanVideoTextEncode", "positive_prompt"),
        ("BLIPCaption", "caption"),
        ("Custom Prompt", "Prompt"),
    ],
)
def test_what_custom_nodes_take_as_written_names_no_model(kind: str, name: str) -> None:
    written = graph(kind, **{name: "a.safetensors"})

    assert models_named_by(written, [declared("checkpoints/a.safetensors")]) == ()


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("LTXVLoader", "text_encoder"),
        ("LTXVLoader", "text_encoder_1"),
        ("WanVideoTextEncodeCached", "model_name"),
        ("FluxLoader", "clip_l"),
        ("FluxLoader", "t5xxl"),
        ("PromptToModel", "prompt_model"),
        ("Textual", "textual_inversion_name"),
        ("Loader", "value"),
        ("CLIPTextEncodeLora", "lora"),
    ],
)
def test_what_only_sounds_as_if_it_were_written_names_a_model(kind: str, name: str) -> None:
    loader = graph(kind, **{name: "a.safetensors"})

    assert models_named_by(loader, [declared("checkpoints/a.safetensors")]) != ()


def test_of_comfyui_s_own_nodes_every_text_that_nobody_chooses_from_a_list_names_no_model() -> None:
    """But for names of files and numbers: no prompt stands there."""
    inputs = {
        (kind, name): rule
        for kind, node in core_definitions().nodes.items()
        for name, rule in node.inputs.items()
        if rule.kind in ("STRING", "COMBO")
    }
    model = declared("checkpoints/a.safetensors")
    named = {
        (kind, name)
        for kind, name in inputs
        if models_named_by(graph(kind, **{name: "a.safetensors"}), [model])
    }

    written = {place for place, rule in inputs.items() if rule.kind == "STRING"}
    assert {name for _, name in written & named} == {
        "double_layers",
        "filename_prefix",
        "layers",
        "model_file",
        "prefix",
        "single_layers",
        "tracks",
    }
    lists = {place for place, rule in inputs.items() if rule.kind == "COMBO"}
    assert lists
    assert lists <= named


@pytest.mark.parametrize("odd", [{}, {"4": None}, {"4": {}}, {"4": {"inputs": None}}, {"4": []}])
def test_an_odd_graph_names_nothing(odd: dict[str, Any]) -> None:
    assert models_named_by(odd, [declared("checkpoints/a")]) == ()


def test_the_shipped_recipes_name_only_declared_models() -> None:
    for path in (ROOT / "workflows").glob("*/graph.json"):
        found = json.loads(path.read_text())
        values = (value for node in found.values() for value in node["inputs"].values())
        named = {value for value in values if str(value).endswith((".safetensors", ".pth"))}
        assert named == {model.name for model in models_named_by(found, load_models())}, path
