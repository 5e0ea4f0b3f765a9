"""A small workflow that is sound, for tests to break."""

from __future__ import annotations

import json
from typing import Any

import pytest

from distillery.core.errors import BrokenRecipe
from distillery.core.recipes.manifest import parse_recipe
from distillery.core.recipes.recipe import Recipe

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
