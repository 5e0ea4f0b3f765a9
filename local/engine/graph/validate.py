"""Says of a prompt what ComfyUI 0.3.64 would say before it queues it.

One bad output does not spoil a good one: a prompt is accepted when at least one output is sound,
and what is wrong with the others is told all the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from local.engine.graph import problems
from local.engine.graph.plan import LINK_LENGTH
from local.engine.graph.problems import BrokenGraphError, Problem
from local.engine.nodes.catalogue import NODE_TYPES
from local.engine.nodes.node_type import Input
from local.engine.prompt_queue import Graph

CONVERTERS: dict[str, Callable[[Any], object]] = {
    "INT": int,
    "FLOAT": float,
    "STRING": str,
    "BOOLEAN": bool,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """`error` is None when the prompt may run; `outputs` are then the sound output nodes."""

    error: Problem | None
    outputs: tuple[str, ...] = ()
    node_errors: dict[str, dict[str, Any]] = field(default_factory=dict)


def validate(graph: Graph, has_input_file: Callable[[str], bool]) -> Verdict:
    """Check a whole prompt. Values are converted in place, as ComfyUI does (6 becomes 6.0)."""
    error = _first_wrong_class(graph)
    if error is not None:
        return Verdict(error)
    outputs = [each for each in graph if NODE_TYPES[graph[each]["class_type"]].output_node]
    if not outputs:
        return Verdict(problems.no_outputs())
    validation = _Validation(graph, has_input_file)
    sound = tuple(output for output in outputs if validation.accepts(output))
    if sound:
        return Verdict(None, sound, validation.node_errors)
    of_outputs = [each for output in outputs for each in validation.found[output]]
    return Verdict(problems.outputs_failed(of_outputs), (), validation.node_errors)


def _first_wrong_class(graph: Graph) -> Problem | None:
    for node_id, node in graph.items():
        if "class_type" not in node:
            return problems.no_class(node_id)
        if node["class_type"] not in NODE_TYPES:
            return problems.unknown_class(node_id, node["class_type"])
    return None


class _Validation:
    """One walk from the outputs up; every node is checked once."""

    def __init__(self, graph: Graph, has_input_file: Callable[[str], bool]) -> None:
        self.found: dict[str, list[Problem]] = {}
        self.node_errors: dict[str, dict[str, Any]] = {}
        self._graph = graph
        self._has_input_file = has_input_file
        self._sound: dict[str, bool] = {}
        self._walking: list[str] = []

    def accepts(self, output: str) -> bool:
        """Check an output and all that feeds it; file what is wrong under its node."""
        try:
            sound = self._check(output)
        except BrokenGraphError as broken:
            self._condemn(output, problems.broken_output(broken))
            sound = False
        if not sound:
            self._blame(output)
        return sound

    def _blame(self, output: str) -> None:
        reached = self._reached(output)
        for node_id, found in self.found.items():
            if found and node_id in reached:
                fresh = {
                    "errors": found,
                    "dependent_outputs": [],
                    "class_type": self._graph[node_id]["class_type"],
                }
                entry = self.node_errors.setdefault(node_id, fresh)
                entry["dependent_outputs"].append(output)

    def _reached(self, output: str) -> set[str]:
        reached: set[str] = set()
        stack = [output]
        while stack:
            node_id = stack.pop()
            if node_id not in reached:
                reached.add(node_id)
                values = self._graph[node_id].get("inputs", {}).values()
                links = [value[0] for value in values if isinstance(value, list) and value]
                stack += [each for each in links if isinstance(each, str) and each in self._graph]
        return reached

    def _check(self, node_id: str) -> bool:
        if node_id in self._sound:
            return self._sound[node_id]
        if node_id in self._walking:
            raise BrokenGraphError("RecursionError", "maximum recursion depth exceeded")
        self._walking.append(node_id)
        try:
            found, feeders_sound = self._check_inputs(node_id)
        finally:
            self._walking.pop()
        self.found[node_id] = found
        self._sound[node_id] = feeders_sound and not found
        return self._sound[node_id]

    def _condemn(self, node_id: str, found: Problem) -> None:
        self.found[node_id] = [found]
        self._sound[node_id] = False

    def _check_inputs(self, node_id: str) -> tuple[list[Problem], bool]:
        """Return the problems of a node's own inputs, and whether what feeds it is sound."""
        node = self._graph[node_id]
        if "inputs" not in node:
            raise BrokenGraphError("KeyError", "'inputs'")
        node_type = NODE_TYPES[node["class_type"]]
        found: list[Problem | None] = []
        feeders_sound = True
        for name, spec in node_type.inputs.items():
            if name not in node["inputs"]:
                found += [problems.missing(name)] if name in node_type.required else []
            elif isinstance(node["inputs"][name], list):
                wrong, sound = self._check_link(name, spec, node["inputs"][name])
                found.append(wrong)
                feeders_sound = feeders_sound and sound
            else:
                found.append(self._check_value(name, spec, node["inputs"]))
        return [each for each in found if each is not None], feeders_sound

    def _check_link(self, name: str, spec: Input, link: list[Any]) -> tuple[Problem | None, bool]:
        about = {"input_name": name, "input_config": spec.described()}
        if len(link) != LINK_LENGTH:
            return problems.bad_link({**about, "received_value": link}), True
        received = self._output_type(link)
        if received != spec.kind:
            return problems.type_mismatch(about, received, spec.kind, link), True
        try:
            return None, self._check(link[0])
        except BrokenGraphError as broken:
            self._condemn(link[0], problems.broken_feeder(about, broken, link))
            return None, False

    def _output_type(self, link: list[Any]) -> str:
        node_id, slot = link
        if isinstance(node_id, list | dict):
            kind = type(node_id).__name__
            raise BrokenGraphError("TypeError", f"unhashable type: '{kind}'")
        if node_id not in self._graph:
            raise BrokenGraphError("KeyError", repr(node_id))
        outputs = NODE_TYPES[self._graph[node_id]["class_type"]].outputs
        if not isinstance(slot, int) or not -len(outputs) <= slot < len(outputs):
            raise BrokenGraphError("IndexError", "tuple index out of range")
        return outputs[slot]

    def _check_value(self, name: str, spec: Input, values: dict[str, Any]) -> Problem | None:
        about = {
            "input_name": name,
            "input_config": spec.described(),
            "received_value": values[name],
        }
        if spec.is_upload:
            known = self._has_input_file(str(values[name]))
            return None if known else problems.no_such_file(name, values[name])
        if spec.choices is not None:
            known = values[name] in spec.choices
            return None if known else problems.not_in_list(about, spec.choices)
        if not isinstance(spec.kind, str) or spec.kind not in CONVERTERS:
            return None
        try:
            values[name] = CONVERTERS[spec.kind](values[name])
        except (ValueError, TypeError, OverflowError) as failure:
            return problems.not_convertible(about, spec.kind, failure)
        return problems.out_of_bounds({**about, "received_value": values[name]}, spec.options)
