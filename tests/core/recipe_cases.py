"""Every way in which a recipe's options change its graph.

The options that take nodes out, or put them in, are combined with each other: all products. Every
other option is tried alone, with each of its choices and at its bounds, for its value meets no
other option's.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from distillery.core.recipes.options import resolve_options
from distillery.core.recipes.recipe import (
    Attachment,
    Option,
    OptionKind,
    Recipe,
    Value,
    attachment_slots,
    fill_graph,
)

PICTURE = "example.png"
FILE = Attachment(PICTURE, f"https://cdn.example/{PICTURE}", "image/png", 1000)
Given = dict[str, Value]


def cases(recipe: Recipe) -> Iterator[tuple[str, Given, dict[str, Any]]]:
    """Yield a name, the options given, and the graph that the engine would get."""
    for given in (*_products(recipe), *_alone(recipe)):
        named = ", ".join(f"{name}={_shown(value)}" for name, value in given.items())
        yield named or "nothing", given, graph_of(recipe, given)


def graph_of(recipe: Recipe, given: Given) -> dict[str, Any]:
    """Return the graph for these options, with files where a worker would have put them."""
    required = {option.name: _some(option) for option in recipe.options if option.required}
    values = resolve_options(recipe, {**required, **given}, draw=lambda low, _: low)
    graph = fill_graph(recipe, values)
    for _, slot, file in attachment_slots(recipe, values):
        if slot.node_id in graph:
            graph[slot.node_id]["inputs"][slot.input] = file.filename
    return graph


def _products(recipe: Recipe) -> Iterator[Given]:
    changing = [option for option in recipe.options if option.bypasses]
    for chosen in itertools.product(*(_turns(option) for option in changing)):
        pairs = zip(changing, chosen, strict=True)
        yield {option.name: value for option, value in pairs if value is not None}


def _turns(option: Option) -> list[Value | None]:
    """Return one value for each thing that the option may do to the nodes; None: not given."""
    told = {bypass.when for bypass in option.bypasses} | {b.unless for b in option.bypasses}
    values = [value for value in told if value is not None]
    default = option.default
    other = None if default is not None and default not in values else _some(option)
    return [None, *sorted(values, key=str), *([other] if other is not None else [])]


def _alone(recipe: Recipe) -> Iterator[Given]:
    for option in recipe.options:
        values: list[Value] = [choice.value for choice in option.choices]
        values += [bound for bound in (option.minimum, option.maximum) if bound is not None]
        if option.kind is OptionKind.BOOLEAN:
            values += [True, False]
        for value in values:
            yield {option.name: value}


def _some(option: Option) -> Value:
    if option.kind is OptionKind.ATTACHMENT:
        return FILE
    if option.choices:
        return option.choices[-1].value
    return option.maximum if option.maximum is not None else "a red fox"


def _shown(value: Value) -> str:
    return value.filename if isinstance(value, Attachment) else str(value)
