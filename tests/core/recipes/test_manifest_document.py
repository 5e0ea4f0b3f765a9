"""docs/workflows.md says what a manifest may hold."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

from distillery.core.recipes.manifest import MANIFEST_FIELDS
from distillery.core.recipes.recipe import OptionKind
from tests.core.recipes.painter import node, parse

ROOT = Path(__file__).parents[3]


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
