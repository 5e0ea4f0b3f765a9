"""The shipped recipes against a real ComfyUI, at COMFYUI_URL.

It must have the custom nodes of the lock file and offer the models of models.toml (a recipe of
which it lacks one is skipped); empty files of
their names will do, for nothing is to be executed: each prompt is taken off the queue again. What
is begun all the same fails at its model.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from PIL import Image

from distillery.core.recipes.recipe import Recipe
from distillery.recipe_files import load_recipes
from local.workflow_import.definitions import Definitions, core_definitions, read_definitions
from local.workflow_import.graph import read_graph
from local.workflow_import.lock_file import read_image
from local.workflow_import.needs import needs_of
from tests.core.recipe_cases import PICTURE, cases
from tests.engine_under_test import IS_REAL, PATIENCE_S, URL

ROOT = Path(__file__).parents[2]
RECIPES = load_recipes(ROOT / "workflows")
IMAGE = read_image(
    ROOT / "gpu_container" / "custom_nodes.lock.toml", ROOT / "gpu_container" / "models.toml"
)

pytestmark = pytest.mark.skipif(not IS_REAL, reason="COMFYUI_URL is not set")


@pytest.fixture(scope="module")
def definitions() -> Definitions:
    document = requests.get(f"{URL}/object_info", timeout=PATIENCE_S).json()
    return read_definitions(document, URL)


def missing(recipe: Recipe, definitions: Definitions, kind: str) -> list[str]:
    """Names of the models, or of the nodes, that a recipe needs and ComfyUI lacks."""
    graph, _ = read_graph((ROOT / "workflows" / recipe.name / "graph.json").read_bytes())
    needs = needs_of(graph, definitions, IMAGE, live=True)
    assert len(needs) > 2
    return [
        need.name for need in needs if need.missing and (need.kind == "model") == (kind == "model")
    ]


@pytest.fixture(scope="module")
def comfyui() -> Iterator[requests.Session]:
    """Give it a picture to load, and leave nothing in its queue."""
    picture = io.BytesIO()
    Image.new("RGBA", (64, 64)).save(picture, "PNG")
    with requests.Session() as session:
        files = {"image": (PICTURE, picture.getvalue(), "image/png")}
        session.post(f"{URL}/upload/image", files=files, data={"overwrite": "true"}, timeout=30)
        yield session
        session.post(f"{URL}/queue", json={"clear": True}, timeout=30)
        session.post(f"{URL}/interrupt", timeout=30)


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_a_real_comfyui_takes_whatever_the_options_make_of_the_graph(
    recipe: Recipe, definitions: Definitions, comfyui: requests.Session
) -> None:
    nodes = missing(recipe, definitions, "node")
    assert [name for name in nodes if name in core_definitions().nodes] == []
    if lacking := nodes + missing(recipe, definitions, "model"):
        pytest.skip(f"the ComfyUI has no {', '.join(lacking)}")
    refused = {}
    for named, _, graph in cases(recipe):
        said = comfyui.post(f"{URL}/prompt", json={"prompt": graph}, timeout=60)
        answer = said.json()
        if said.status_code != requests.codes.ok or answer["node_errors"]:
            refused[named] = answer
        else:
            comfyui.post(f"{URL}/queue", json={"delete": [answer["prompt_id"]]}, timeout=30)

    assert refused == {}


def test_the_definitions_that_the_project_carries_are_comfyuis_own(
    definitions: Definitions,
) -> None:
    """What is not used here was left out; all that is there must be what ComfyUI says of it, but
    for the files of its input folder."""
    known = core_definitions().nodes
    live = definitions.nodes
    others = {
        f"{name}.{field}"
        for name in known.keys() & live.keys()
        for field, rule in known[name].inputs.items()
        if not rule.upload and live[name].inputs.get(field) != rule
    }

    assert len(known) > 100
    assert known.keys() - live.keys() == set()
    assert {name for name in known if known[name].is_output != live[name].is_output} == set()
    assert others == set()
