"""The folders of all workflows: what is wrong with any of them is told at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from distillery.core.errors import BrokenRecipe
from distillery.recipe_files import load_recipes
from tests.core.recipes.painter import GRAPH, MANIFEST, node, problems


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
