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
    MOST_TEXT,
    Component,
    choice,
    field,
    form,
    menu,
    text_input,
)
from distillery.discord.translation import Words

MOST_FIELDS = 5
PROMPT, SEED = "prompt", "seed"
_LONG_TEXT = 100
"""A text that may be longer gets a field of several lines."""
_FIRST = (PROMPT, "negative", SEED, "size")
_YES, _NO = "true", "false"
CUT = "Only the first {number} characters fit here. Change them, and the rest is left out."


def editable(recipe: Recipe) -> list[Option]:
    """Return the options that a form shows: at most five, the best known first."""
    options = [o for o in recipe.options if o.kind is not OptionKind.ATTACHMENT and not o.hidden]
    known = [o for name in _FIRST for o in options if o.name == name]
    return [*known, *(o for o in options if o not in known)][:MOST_FIELDS]


def request_form(
    words: Words,
    custom_id: str,
    recipe: Recipe,
    options: list[Option],
    values: Mapping[str, Value],
) -> Mapping[str, Any]:
    """Answer a click with a form that holds the values of these options of a recipe."""
    fields = [_field(words, option, _text(values.get(option.name))) for option in options]
    return form(custom_id, words.own(recipe.title, recipe.titles), fields)


def read_fields(
    options: list[Option], fields: Mapping[str, str], values: Mapping[str, Value]
) -> dict[str, Value | None]:
    """Return what a member has typed, in each option's kind; None where they left it empty.

    `values` are those that the form was filled with: a text too long for it, and not changed, is
    whole. Raises InvalidOption with a line for each field that cannot be read.
    """
    typed: dict[str, Value | None] = {}
    problems = []
    for option in options:
        if option.name in fields:
            text, before = fields[option.name], _text(values.get(option.name))
            if len(before) > MOST_TEXT and text.strip() == before[:MOST_TEXT].strip():
                text = before
            try:
                typed[option.name] = _value(option, text)
            except InvalidOption as problem:
                problems.append(problem)
    if problems:
        raise InvalidOption.of(problems)
    return typed


def _field(words: Words, option: Option, shown: str) -> Component:
    label = words.own(option.name, option.names)
    described = words.own(option.description, option.descriptions)
    if len(shown) > MOST_TEXT:
        described = words(CUT, number=f"{MOST_TEXT:,}")
    return field(label, described, _part(words, option, shown))


def _part(words: Words, option: Option, shown: str) -> Component:
    choices = [(words.own(c.name, c.names), str(c.value)) for c in option.choices]
    if option.kind is OptionKind.BOOLEAN:
        choices = [(words("yes"), _YES), (words("no"), _NO)]
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
