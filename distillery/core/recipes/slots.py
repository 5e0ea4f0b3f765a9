"""Reads where in the graph an option acts: the slots that it fills, the nodes it takes out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from distillery.core.recipes.graph import Graph, Problem, check_slot, find_node, within
from distillery.core.recipes.recipe import Bypass, Option, OptionKind, Part, Scalar, Slot

_SLOT_SHAPE = 'must be {node = "<node title>", input = "<input name>"}'
_BYPASS_SHAPE = 'must be {node = "<node title>", through = {<output number> = "<input name>"}}'


def read_slots(
    table: Mapping[str, Any], option: Option, graph: Graph | None, report: Problem
) -> tuple[Slot, ...]:
    """Return the inputs that the option fills, after reporting all that is wrong with them."""
    given = _given_slots(table, option, report)
    kind = OptionKind.INTEGER if option.kind is OptionKind.SIZE else option.kind
    found = [
        _slot(entry, kind, part, graph, within(report, field))
        for field, (entry, part) in given.items()
    ]
    return tuple(slot for slot in found if slot is not None)


def read_bypasses(
    table: Mapping[str, Any], option: Option, graph: Graph | None, report: Problem
) -> tuple[Bypass, ...]:
    """Return the nodes that the option takes out, after reporting all that is wrong with them."""
    entries = table.get("bypass", [])
    if not isinstance(entries, list):
        report("bypass", f"must be a list, of which each {_BYPASS_SHAPE}")
        return ()
    found = [
        _bypass(entry, option, graph, within(report, f"bypass[{index}]"))
        for index, entry in enumerate(entries)
    ]
    bypasses = tuple(bypass for bypass in found if bypass is not None)
    may_be_absent = any(bypass.applies(None) for bypass in bypasses)
    if option.kind is OptionKind.ATTACHMENT and not option.required and not may_be_absent:
        text = "must be true, or `bypass` must name the nodes that have nothing to do without it"
        report("required", text)
    return bypasses


def _given_slots(
    table: Mapping[str, Any], option: Option, report: Problem
) -> dict[str, tuple[object, Part | None]]:
    if option.kind is OptionKind.SIZE:
        for part in Part:
            if part not in table:
                report(part, f"missing; {_SLOT_SHAPE}")
        return {part: (table[part], part) for part in Part if part in table}
    if "slot" not in table and "slots" not in table and "bypass" in table:
        return {}
    if ("slot" in table) == ("slots" in table):
        report("slot", f"{_SLOT_SHAPE}, or several of these as slots = [...]; give one of the two")
        return {}
    if "slot" in table:
        return {"slot": (table["slot"], None)}
    if isinstance(table["slots"], list) and table["slots"]:
        return {f"slots[{index}]": (slot, None) for index, slot in enumerate(table["slots"])}
    report("slots", "must be a list of {node, input}, not empty")
    return {}


def _slot(
    entry: object, kind: OptionKind, part: Part | None, graph: Graph | None, report: Problem
) -> Slot | None:
    match entry:
        case {"node": str(title), "input": str(field), **rest} if not rest:
            pass
        case _:
            report("", f"{_SLOT_SHAPE}, not {entry!r}")
            return None
    node_id = find_node(graph, title, report) if graph else None
    if graph is None or node_id is None:
        return None
    slot = Slot(node_id, field, part)
    return slot if check_slot(graph, slot, kind, report) else None


def _bypass(entry: object, option: Option, graph: Graph | None, report: Problem) -> Bypass | None:
    match entry:
        case {"node": str(title), "through": dict(through), **rest} if len(
            rest
        ) <= 1 and rest.keys() <= {"when", "unless"}:
            said = cast("dict[str, Scalar]", rest)  # looked at below
        case _:
            report("", f"{_BYPASS_SHAPE}, not {entry!r}")
            return None
    for field, value in said.items():
        if not option.kind.fits(value):
            report(field, f"must be a value that the option can have, not {value!r}")
    node_id = find_node(graph, title, report) if graph else None
    if graph is None or node_id is None:
        return None
    bypass = Bypass(node_id, _numbered(through, report), said.get("when"), said.get("unless"))
    return bypass if _leads_on(graph, bypass, report) else None


def _numbered(through: Mapping[str, Any], report: Problem) -> dict[int, str]:
    """TOML's keys are texts: "0" is the node's first output."""
    for output, field in through.items():
        if not (output.isdecimal() and isinstance(field, str)):
            report("through", f'must be like {{0 = "model"}}, not {output} = {field!r}')
    return {int(o): f for o, f in through.items() if o.isdecimal() and isinstance(f, str)}


def _leads_on(graph: Graph, bypass: Bypass, report: Problem) -> bool:
    """Tell whether all that is linked to the node can be linked past it. "" links to nothing."""
    inputs = graph[bypass.node_id]["inputs"]
    used = {
        link[1]
        for node in graph.values()
        for link in node["inputs"].values()
        if isinstance(link, list) and link[0] == bypass.node_id
    }
    missing = sorted(used - bypass.through.keys())
    loose = sorted(
        field
        for field in bypass.through.values()
        if field and not isinstance(inputs.get(field), list)
    )
    if missing:
        report("through", f"says nothing of output {missing[0]}, which another node uses")
    if loose:
        report("through", f"input '{loose[0]}' of that node is linked to nothing")
    return not (missing or loose)
