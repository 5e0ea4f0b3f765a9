"""What a graph needs to run, and what of it is missing: nodes, models, and licences to keep."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from local.workflow_import.definitions import Definitions
from local.workflow_import.files import find_models
from local.workflow_import.finding import ModelName
from local.workflow_import.graph import Graph, Node, shown
from local.workflow_import.lock_file import Declared, Image

_OLD_FOLDERS = {"unet": "diffusion_models", "clip": "text_encoders"}


@dataclass(frozen=True, slots=True)
class Need:
    """One thing a graph needs. `missing` says what to do, "" where it is here."""

    kind: str  # "node", "model", "value"
    name: str
    source: str = ""  # who brings it
    licence: str = ""
    missing: str = ""

    def document(self) -> dict[str, Any]:
        """Return it for machines."""
        return {
            "kind": self.kind,
            "name": self.name,
            "source": self.source,
            "licence": self.licence,
            "missing": self.missing,
        }


def needs_of(graph: Graph, definitions: Definitions, image: Image, *, live: bool) -> list[Need]:
    """Return all that the graph needs. `live`: the definitions are those of a running ComfyUI."""
    kinds = dict.fromkeys(node.kind for node in graph.nodes.values())
    found = [_node(kind, definitions, image, live=live) for kind in kinds]
    found += [_model(model, graph, definitions, image, live=live) for model in find_models(graph)]
    if live:
        models = {model.name for model in find_models(graph)}
        for node in graph.nodes.values():
            found += _values(node, definitions, models)
    return found


def _node(kind: str, definitions: Definitions, image: Image, *, live: bool) -> Need:
    name = shown(kind)
    pack = image.packs.get(kind)
    source, licence = (pack.name, pack.licence) if pack else ("", "")
    if kind in definitions.nodes:
        return Need("node", name, source or ("" if live else "ComfyUI"), licence)
    if live:
        fix = f"install {source} there" if pack else "install the pack of nodes that brings it"
        return Need("node", name, source, licence, f"{definitions.source} has no such node; {fix}")
    if pack:
        return Need("node", name, source, licence)
    return Need(
        "node",
        name,
        missing="neither ComfyUI itself nor a pack of custom_nodes.lock.toml brings it; add its "
        "pack there, or take the node out",
    )


def _model(
    model: ModelName, graph: Graph, definitions: Definitions, image: Image, *, live: bool
) -> Need:
    name = f"{model.folder}/{model.name}" if model.folder else model.name
    declared = next((entry for entry in image.models if _is(entry, model)), None)
    need = Need("model", shown(name), declared.folder if declared else "")
    problems = []
    if "\\" in model.name:
        problems.append("it is named as on Windows; choose it again in a ComfyUI on Linux")
    if declared is None:
        problems.append("models.toml does not declare it, so its licence is not known; add it")
    elif model.folder and _OLD_FOLDERS.get(declared.folder, declared.folder) != model.folder:
        problems.append(f"models.toml puts it into {declared.folder}; say {model.folder} there")
    if live and not _is_offered(model, graph, definitions):
        problems.append(f"{definitions.source} does not offer it; bring it to the folder there")
    return Need(
        need.kind,
        need.name,
        need.source,
        declared.licence if declared else "",
        "; ".join(problems),
    )


def _is(entry: Declared, model: ModelName) -> bool:
    if model.folder == "embeddings":
        bare = str(PurePosixPath(entry.name).with_suffix(""))
        return entry.folder == "embeddings" and model.name in (entry.name, bare)
    return entry.name == model.name.replace("\\", "/")


def _is_offered(model: ModelName, graph: Graph, definitions: Definitions) -> bool:
    """Tell whether every node that names the model may choose it; what is not said is believed."""
    for node in graph.nodes.values():
        for name, held in node.inputs.items():
            rule = definitions.input(node.kind, name)
            if held == model.name and rule is not None and rule.choices is not None:
                return model.name in rule.choices
    return True


def _values(node: Node, definitions: Definitions, models: set[str]) -> Iterator[Need]:
    """Yield the choices that the node no longer has, such as a sampler of another version."""
    for name, held in node.inputs.items():
        rule = definitions.input(node.kind, name)
        if rule is None or rule.choices is None or rule.upload or not isinstance(held, str):
            continue
        if held not in rule.choices and held not in models:
            what = f"{shown(name)} = {shown(held)}"
            offered = ", ".join(rule.choices[:10]) or "nothing"
            yield Need("value", what, str(node), missing=f"the node offers {shown(offered)}")
