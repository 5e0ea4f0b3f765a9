"""The forms behind the buttons: a request to be changed, and the words of a remix.

Source: Discord, "Component Reference": a form has one to five fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distillery.core.errors import InvalidOption
from distillery.core.recipes.options import WANTED
from distillery.core.recipes.recipe import Option, OptionKind, Recipe, Value
from distillery.discord.components import (
    MOST_CHOICES,
    Component,
    choice,
    field,
    form,
    menu,
    text_input,
)

MOST_FIELDS = 5
PROMPT, SEED = "prompt", "seed"
_LONG_TEXT = 100
"""A text that may be longer gets a field of several lines."""
_FIRST = (PROMPT, "negative", SEED, "size")
_YES, _NO = "true", "false"


def editable(recipe: Recipe) -> list[Option]:
    """Return the options that a form shows: at most five, the best known first."""
    options = [o for o in recipe.options if o.kind is not OptionKind.ATTACHMENT and not o.hidden]
    known = [o for name in _FIRST for o in options if o.name == name]
    return [*known, *(o for o in options if o not in known)][:MOST_FIELDS]


def request_form(
    custom_id: str, title: str, options: list[Option], values: Mapping[str, Value]
) -> Mapping[str, Any]:
    """Answer a click with a form that holds the values of these options."""
    fields = [field(o.name, o.description, _part(o, values.get(o.name))) for o in options]
    return form(custom_id, title, fields)


def read_fields(options: list[Option], fields: Mapping[str, str]) -> dict[str, Value | None]:
    """Return what a member has typed, in each option's kind; None where they left it empty.

    Raises InvalidOption with a line for each field that cannot be read.
    """
    values: dict[str, Value | None] = {}
    problems = []
    for option in options:
        if option.name in fields:
            try:
                values[option.name] = _value(option, fields[option.name])
            except InvalidOption as problem:
                problems.append(problem)
    if problems:
        raise InvalidOption.of(problems)
    return values


def _part(option: Option, value: Value | None) -> Component:
    choices = [(c.name, str(c.value)) for c in option.choices]
    if option.kind is OptionKind.BOOLEAN:
        choices = [("yes", _YES), ("no", _NO)]
    shown = _text(value)
    if 0 < len(choices) <= MOST_CHOICES:
        made = [choice(name, own, is_default=own == shown) for name, own in choices]
        return {**menu(option.name, made), "required": option.required}
    return text_input(
        option.name,
        shown,
        is_long=option.kind is OptionKind.STRING and (option.max_length or 0) > _LONG_TEXT,
        is_required=option.required,
        most=option.max_length if option.kind is OptionKind.STRING else _LONG_TEXT,
    )


def _text(value: Value | None) -> str:
    if isinstance(value, bool):
        return _YES if value else _NO
    return "" if value is None else str(value)


def _value(option: Option, typed: str) -> Value | None:
    text = typed.strip()
    if not text:
        return None
    if option.kind is OptionKind.BOOLEAN:
        return text == _YES
    try:
        if option.kind is OptionKind.INTEGER:
            return int(text)
        return float(text) if option.kind is OptionKind.NUMBER else typed
    except ValueError:
        raise InvalidOption(WANTED[option.kind], option=option.name) from None
