"""Reads a recipe from the two texts of its folder and finds everything wrong with them at once.

Operators add workflows by hand, so each problem names the file, the field and the fix.
`docs/workflows.md` explains the fields; a test holds its table to `MANIFEST_FIELDS`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from distillery.core.errors import BrokenRecipe
from distillery.core.recipes.graph import Graph, Problem, find_node, read_graph, within
from distillery.core.recipes.localized import LOCALE_MANIFEST_FIELDS, labels, localize, read_locales
from distillery.core.recipes.manifest_option import (
    MAX_LABEL,
    OPTION_FIELDS,
    is_label,
    read_option,
    report_unknown,
)
from distillery.core.recipes.recipe import Action, Option, Recipe, Slot, Style
from distillery.core.recipes.slots import read_bypasses, read_slots
from distillery.core.recipes.styles import NO_STYLES, read_styles_of, style_options

MAX_OPTIONS = 25  # of one command (Discord, "Application Commands")
RECIPE_FIELDS = (
    "name",
    "description",
    "default",
    "action",
    "styles",
    "default_style",
    "options",
    "outputs",
    "locales",
)
OUTPUTS_FIELDS = ("nodes",)
MANIFEST_FIELDS = (
    *(field for field in RECIPE_FIELDS if field not in ("options", "outputs", "locales")),
    *(f"options.<option>.{field}" for field in OPTION_FIELDS),
    *(f"outputs.{field}" for field in OUTPUTS_FIELDS),
    *LOCALE_MANIFEST_FIELDS,
)
"""Every field a manifest may hold."""

_FOLDER_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def parse_recipe(
    name: str, *, graph_text: str, manifest_text: str, styles: Mapping[str, Style] = NO_STYLES
) -> Recipe:
    """Return the recipe of the folder `name`. Raises BrokenRecipe with one line per problem.

    `styles` are those of workflows/styles.toml, by name.
    """
    problems: list[str] = []
    report = _reporter(problems, f"workflows/{name}/manifest.toml")
    if not _FOLDER_NAME.fullmatch(name):
        problems.append(f"workflows/{name}: name the folder with a-z, 0-9, _ and - (1 to 64)")
    graph = read_graph(graph_text, _reporter(problems, f"workflows/{name}/graph.json"))
    try:
        manifest = tomllib.loads(manifest_text)
    except tomllib.TOMLDecodeError as error:
        report("", f"not TOML: {error}")
        raise BrokenRecipe("\n".join(problems)) from error
    report_unknown(manifest, RECIPE_FIELDS, report)
    in_locales = within(report, "locales")
    locales = read_locales(manifest.get("locales", {}), in_locales)
    options = _options(_table(manifest, "options", report), graph, report)
    chosen = read_styles_of(manifest, styles, options, report)
    options += style_options(chosen, manifest.get("default_style"))
    recipe = Recipe(
        name=name,
        title=_label(manifest, "name", report),
        description=_label(manifest, "description", report),
        default=_is_default(manifest, report),
        graph=graph or {},
        options=localize(options, locales, in_locales),
        outputs=_outputs(_table(manifest, "outputs", report), graph, report),
        action=_action(manifest, report),
        titles=labels(locales, "name", in_locales),
        descriptions=labels(locales, "description", in_locales),
        styles=chosen,
    )
    _report_no_picture(recipe, report)
    _report_no_output(recipe, report)
    if problems:
        raise BrokenRecipe("\n".join(problems))
    return recipe


def _reporter(problems: list[str], file: str) -> Problem:
    def report(field: str, text: str) -> None:
        problems.append(f"{file}: {field}: {text}" if field else f"{file}: {text}")

    return report


def _label(manifest: Mapping[str, Any], field: str, report: Problem) -> str:
    value = manifest.get(field)
    if not is_label(value):
        report(field, f"missing or wrong; give a text of 1 to {MAX_LABEL} characters")
    return str(value)


def _is_default(manifest: Mapping[str, Any], report: Problem) -> bool:
    value = manifest.get("default", False)
    if not isinstance(value, bool):
        report("default", f"must be true or false, not {value!r}")
    return bool(value)


def _action(manifest: Mapping[str, Any], report: Problem) -> Action | None:
    value = manifest.get("action")
    if value is None:
        return None
    action = next((action for action in Action if action == value), None)
    if action is None:
        report("action", f"must be one of {', '.join(Action)}, not {value!r}")
    return action


def _report_no_picture(recipe: Recipe, report: Problem) -> None:
    pictures = [option.name for option in recipe.options if option.takes_a_picture]
    if recipe.action and len(pictures) != 1:
        named = ", ".join(pictures) or "none"
        report("action", f"is done to one picture: require one attachment, here {named}")


def _report_no_output(recipe: Recipe, report: Problem) -> None:
    """Whatever value an option has, it leaves something to make."""
    for option in recipe.options:
        left_out = () if option.required else (option.default,)
        for value in (*left_out, *(choice.value for choice in option.choices)):
            taken = {bypass.node_id for bypass in option.bypasses if bypass.applies(value)}
            if recipe.outputs and taken.issuperset(recipe.outputs):
                said = "without a value" if value is None else f"with the value {value!r}"
                report(f"options.{option.name}.bypass", f"{said}, no output is left")
                break


def _table(manifest: Mapping[str, Any], field: str, report: Problem) -> Mapping[str, Any]:
    value = manifest.get(field)
    if isinstance(value, dict) and value:
        return value
    example = "[outputs] with nodes" if field == "outputs" else "[options.prompt]"
    report(field, f"missing; add a table, such as {example}")
    return {}


def _options(tables: Mapping[str, Any], graph: Graph | None, report: Problem) -> tuple[Option, ...]:
    if len(tables) > MAX_OPTIONS:
        report("options", f"{len(tables)} are too many; a command has at most {MAX_OPTIONS}")
    options: list[Option] = []
    for name, table in tables.items():
        report_here = within(report, f"options.{name}")
        if not isinstance(table, dict):
            report_here("", f"must be a table; write [options.{name}]")
            continue
        option = read_option(name, table, report_here)
        if option is not None:
            bypasses = read_bypasses(table, option, graph, report_here)
            slots = read_slots(table, option, graph, report_here)
            options.append(replace(option, slots=slots, bypasses=bypasses))
    _report_shared_slots(options, report)
    return tuple(options)


def _report_shared_slots(options: list[Option], report: Problem) -> None:
    owners: dict[Slot, str] = {}
    for option in options:
        for slot in option.slots:
            owner = owners.setdefault(slot, option.name)
            if owner != option.name:
                report(
                    f"options.{option.name}.slot",
                    f"option '{owner}' fills input '{slot.input}' of that node too; remove one",
                )


def _outputs(table: Mapping[str, Any], graph: Graph | None, report: Problem) -> tuple[str, ...]:
    if not table:
        return ()
    report_unknown(table, OUTPUTS_FIELDS, within(report, "outputs"))
    titles = table.get("nodes")
    if not isinstance(titles, list) or not titles or len(set(map(str, titles))) != len(titles):
        report("outputs.nodes", 'must be a list of different node titles, such as ["Save"]')
        return ()
    if graph is None:
        return ()
    found = [find_node(graph, str(title), within(report, "outputs.nodes")) for title in titles]
    return tuple(node_id for node_id in found if node_id is not None)
