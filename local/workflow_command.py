"""`distillery workflow`: an operator brings a graph from anywhere, and sees what it needs to run.

The rules are in local/workflow_import; here are the files, the ComfyUI that is asked, and words.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import requests

from distillery.core.errors import BrokenRecipe
from distillery.core.recipes.manifest import parse_recipe
from distillery.core.recipes.recipe import Recipe
from distillery.discord.serve_command import serve_command
from distillery.recipe_files import load_recipes
from local.workflow_import.definitions import Definitions, core_definitions, read_definitions
from local.workflow_import.graph import MAX_BYTES, GraphRefused, read_graph, shown
from local.workflow_import.lock_file import Image, read_image
from local.workflow_import.needs import Need, needs_of
from local.workflow_import.proposal import Proposal, folder_name, propose

_ROOT = Path(__file__).parent.parent
WORKFLOWS = _ROOT / "workflows"
LOCK_FILE = _ROOT / "gpu_container" / "custom_nodes.lock.toml"
MODELS_FILE = _ROOT / "gpu_container" / "models.toml"

_MISSING = 1
_CANNOT = 2
_ANSWER_S = 30
_MAX_ANSWER = 64_000_000


class CannotRun(Exception):
    """The command cannot do what was asked; the text says what to do."""


def run(arguments: argparse.Namespace) -> int:
    """Do what the command line asks; returns 0 if all is well, 1 if something is missing."""
    try:
        url = arguments.comfyui_url or os.environ.get("COMFYUI_URL")
        definitions = _ask(url) if url else core_definitions()
        if arguments.action == "add":
            return _add(arguments, definitions)
        return _check(arguments, definitions, live=bool(url))
    except (CannotRun, GraphRefused, BrokenRecipe) as problem:
        print(problem, file=sys.stderr)
        return _CANNOT


def _ask(url: str) -> Definitions:
    """Return what the nodes of a running ComfyUI take."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise CannotRun(f"'{shown(url)}' is no address of a ComfyUI; write http://HOST:8188.")
    try:
        with requests.get(f"{url.rstrip('/')}/object_info", timeout=_ANSWER_S, stream=True) as said:
            said.raise_for_status()
            body = said.raw.read(_MAX_ANSWER, decode_content=True)
        document = json.loads(body)
    except (requests.RequestException, ValueError, RecursionError, OSError) as error:
        reason = type(error).__name__
        raise CannotRun(
            f"The ComfyUI at {shown(url)} does not say what its nodes take ({reason}). Start it, "
            "or leave --comfyui-url and COMFYUI_URL out."
        ) from error
    definitions = read_definitions(document, f"the ComfyUI at {shown(url)}")
    if not definitions.nodes:
        raise CannotRun(f"What answers at {shown(url)} is no ComfyUI: it names no nodes.")
    return definitions


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise CannotRun(f"{path} cannot be read: {error.strerror}.") from error


def _add(arguments: argparse.Namespace, definitions: Definitions) -> int:
    name = arguments.name or folder_name(Path(arguments.file).stem)
    if not name:
        raise CannotRun(f"No folder can be called after '{arguments.file}'; give --name.")
    folders = Path(arguments.folder or WORKFLOWS)
    folder = folders / name
    if folder.exists():
        raise CannotRun(f"{folder} is there already; give another --name, or delete it.")
    others = load_recipes(folders) if any(folders.glob("[!._]*/")) else {}
    proposal = propose(
        _read(Path(arguments.file)), name, definitions, known=_choices(others), default=not others
    )
    recipe = parse_recipe(
        name, graph_text=proposal.graph_text, manifest_text=proposal.manifest_text
    )
    serve_command({**others, name: recipe})
    _tell(proposal, recipe, folder)
    if not (arguments.yes or _confirmed(folder)):
        print("Nothing was written. Say --yes to write it.")
        return _MISSING
    _write(folder, proposal)
    print(f"Written: {folder}. Next: distillery workflow check {name}")
    return 0


def _choices(recipes: Mapping[str, Recipe]) -> dict[str, dict[str | int | float, str]]:
    known: dict[str, dict[str | int | float, str]] = {}
    for recipe in recipes.values():
        for option in recipe.options:
            for choice in option.choices:
                known.setdefault(option.name, {}).setdefault(choice.value, choice.name)
    return known


def _tell(proposal: Proposal, recipe: Recipe, folder: Path) -> None:
    print(f"{folder}: {len(recipe.options)} options, bounds from {proposal.definitions}")
    for option, found in zip(recipe.options, proposal.found, strict=True):
        places = ", ".join(f"{slot.node_id}.{slot.input}" for slot in found.slots)
        print(f"  {option.name:<18}{option.kind:<11}{shown(str(found.value)):<30}  {places}")
    for model in proposal.models:
        print(f"  model  {model.folder or '(folder not known)'}/{shown(model.name)}")
    _print_list("Decided, look it over:", proposal.decided)
    _print_list("To settle by you (also in manifest.toml):", proposal.to_settle)


def _print_list(head: str, lines: Sequence[str]) -> None:
    if lines:
        print(head)
    for line in lines:
        print(f"  - {line}")


def _confirmed(folder: Path) -> bool:
    if not sys.stdin.isatty():
        return False
    return input(f"Write {folder}? [y/N] ").strip().lower() in ("y", "yes")


def _write(folder: Path, proposal: Proposal) -> None:
    """Write both files or none: a half-written folder would stop every workflow."""
    new = folder.with_name(f".{folder.name}.new")  # a dot in front: no folder of a workflow
    try:
        new.mkdir(parents=True, exist_ok=True)
        (new / "graph.json").write_text(proposal.graph_text, encoding="utf-8", newline="")
        (new / "manifest.toml").write_text(proposal.manifest_text, encoding="utf-8", newline="")
        new.rename(folder)
    except OSError as error:
        shutil.rmtree(new, ignore_errors=True)
        raise CannotRun(f"{folder} cannot be written: {error.strerror}.") from error


def _check(arguments: argparse.Namespace, definitions: Definitions, *, live: bool) -> int:
    image = read_image(LOCK_FILE, MODELS_FILE)
    assumed = [*image.assumed]
    if not live:
        assumed.append(f"no ComfyUI was asked: nodes are compared with {definitions.source}")
    results: dict[str, list[Need]] = {}
    refused: dict[str, str] = {}
    for name, path in _chosen(arguments):
        try:
            results[name] = _needs(path, definitions, image, live=live)
        except (GraphRefused, CannotRun) as problem:
            refused[name] = str(problem)
    lacking = any(need.missing for needs in results.values() for need in needs)
    status = _CANNOT if refused else _MISSING if lacking else 0
    if arguments.json:
        print(json.dumps(_document(results, refused, assumed, ok=status == 0), indent=2))
    else:
        _tell_needs(results, refused, assumed)
    return status


def _needs(path: Path, definitions: Definitions, image: Image, *, live: bool) -> list[Need]:
    graph, _ = read_graph(_read(path))
    return needs_of(graph, definitions, image, live=live)


def _chosen(arguments: argparse.Namespace) -> Iterator[tuple[str, Path]]:
    """Yield each graph that is to be checked: names of workflows first, then files."""
    folders = Path(arguments.folder or WORKFLOWS)
    there = {path.parent.name: path for path in sorted(folders.glob("[!._]*/graph.json"))}
    for name in arguments.names or there:
        if name not in there and not Path(name).is_file():
            named = ", ".join(there) or "none"
            raise CannotRun(f"'{name}' is neither a workflow nor a file; there are: {named}.")
        yield name, there.get(name, Path(name))


def _document(
    results: Mapping[str, Sequence[Need]],
    refused: Mapping[str, str],
    assumed: Sequence[str],
    *,
    ok: bool,
) -> dict[str, object]:
    workflows = [
        {"name": name, "needs": [need.document() for need in needs]}
        for name, needs in results.items()
    ]
    workflows += [{"name": name, "refused": text} for name, text in refused.items()]
    return {"ok": ok, "assumed": [*assumed], "workflows": workflows}


def _tell_needs(
    results: Mapping[str, Sequence[Need]], refused: Mapping[str, str], assumed: Sequence[str]
) -> None:
    for name, needs in results.items():
        lacking = [need for need in needs if need.missing]
        print(f"{name}: {len(needs) - len(lacking)} here, {len(lacking)} missing")
        for need in needs:
            if need.missing:
                print(f"  missing {need.kind} {need.name}: {need.missing}")
            elif need.licence:
                print(f"  {need.kind} {need.name}: licence {need.licence}")
    for name, text in refused.items():
        print(f"{name}: {text}")
    _print_list("Assumed:", assumed)
