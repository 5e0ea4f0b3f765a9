"""The shipped recipes against a real ComfyUI, at COMFYUI_URL, with the nodes of the lock file.

It must offer the models of models.toml; empty files of their names will do, for nothing is to be
executed: each prompt is taken off the queue again. What is begun all the same fails at its model.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from PIL import Image

from distillery.core.recipe import Recipe
from distillery.recipe_files import load_recipes
from tests.core.recipe_cases import PICTURE, cases

RECIPES = load_recipes(Path(__file__).parents[2] / "workflows")
URL = os.environ.get("COMFYUI_URL", "").rstrip("/")

pytestmark = pytest.mark.skipif(not URL, reason="COMFYUI_URL names no ComfyUI")


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
    recipe: Recipe, comfyui: requests.Session
) -> None:
    refused = {}
    for named, _, graph in cases(recipe):
        said = comfyui.post(f"{URL}/prompt", json={"prompt": graph}, timeout=60)
        answer = said.json()
        if said.status_code != requests.codes.ok or answer["node_errors"]:
            refused[named] = answer
        else:
            comfyui.post(f"{URL}/queue", json={"delete": [answer["prompt_id"]]}, timeout=30)

    assert refused == {}
