"""Loads the recipes from their folders: the only place that reads `workflows/`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from distillery.core.errors import BrokenRecipe
from distillery.core.recipes.manifest import parse_recipe
from distillery.core.recipes.recipe import Action, Recipe, Style
from distillery.core.recipes.styles import NO_STYLES, parse_styles


def load_recipes(root: Path) -> dict[str, Recipe]:
    """Return every recipe under `root` by folder name, the default one first.

    Raises BrokenRecipe with the problems of all folders, one per line.
    """
    problems: list[str] = []
    recipes: list[Recipe] = []
    styles = _styles(root / "styles.toml")
    for folder in _folders(root):
        try:
            recipes.append(_load(folder, styles))
        except BrokenRecipe as error:
            problems.append(str(error))
    defaults = [recipe.name for recipe in recipes if recipe.default]
    if not problems and len(defaults) != 1:
        problems.append(_wrong_defaults(defaults, [recipe.name for recipe in recipes]))
    problems += _shared_actions(recipes)
    if problems:
        raise BrokenRecipe("\n".join(problems))
    recipes.sort(key=lambda recipe: not recipe.default)
    return {recipe.name: recipe for recipe in recipes}


def _folders(root: Path) -> list[Path]:
    folders = sorted(path for path in root.glob("[!._]*") if path.is_dir())
    if not folders:
        raise BrokenRecipe(f"{root}: holds no workflow; add a folder as docs/workflows.md says")
    return folders


def _styles(file: Path) -> Mapping[str, Style]:
    return parse_styles(file.read_text(encoding="utf-8")) if file.is_file() else NO_STYLES


def _load(folder: Path, styles: Mapping[str, Style]) -> Recipe:
    texts = {}
    problems = []
    for file in ("graph.json", "manifest.toml"):
        try:
            texts[file] = (folder / file).read_text(encoding="utf-8")
        except FileNotFoundError:
            problems.append(f"workflows/{folder.name}/{file}: missing; see docs/workflows.md")
        except UnicodeDecodeError:
            problems.append(f"workflows/{folder.name}/{file}: not UTF-8; save it as UTF-8")
    if problems:
        raise BrokenRecipe("\n".join(problems))
    return parse_recipe(
        folder.name,
        graph_text=texts["graph.json"],
        manifest_text=texts["manifest.toml"],
        styles=styles,
    )


def _shared_actions(recipes: Sequence[Recipe]) -> Iterator[str]:
    for action in Action:
        named = [f"workflows/{r.name}/manifest.toml" for r in recipes if r.action is action]
        if len(named) > 1:
            yield f"{', '.join(named)}: action: '{action}' in {len(named)} workflows; leave one"


def _wrong_defaults(defaults: list[str], names: list[str]) -> str:
    if defaults:
        files = ", ".join(f"workflows/{name}/manifest.toml" for name in defaults)
        return f"{files}: default: true in {len(defaults)} workflows; leave it in one"
    return f"workflows/*/manifest.toml: default: true in none of {', '.join(names)}; set it in one"
