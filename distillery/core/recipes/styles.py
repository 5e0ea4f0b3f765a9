"""Styles: looks that members choose by name. workflows/styles.toml holds them as data.

A style is words around the member's own, and values for options that the member leaves out. A
recipe names the styles that suit it; the option `style`, and `raw` for none of the words, follow.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from distillery.core.errors import BrokenRecipe, InvalidOption
from distillery.core.recipes.graph import Problem, within
from distillery.core.recipes.manifest_option import MAX_LABEL, is_label, report_unknown
from distillery.core.recipes.options import check_value, nearest
from distillery.core.recipes.recipe import RAW, STYLE, Choice, Option, OptionKind, Style

NO_STYLES: Mapping[str, Style] = MappingProxyType({})
STYLE_FIELDS = ("name", "description", "prefix", "suffix", "negative", "options")
_WORDS = ("prefix", "suffix", "negative")
_FILE = "workflows/styles.toml"


def parse_styles(text: str) -> dict[str, Style]:
    """Read styles.toml. Raises BrokenRecipe with one line per problem."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BrokenRecipe(f"{_FILE}: not TOML: {error}") from error
    problems: list[str] = []

    def report(field: str, text: str) -> None:
        problems.append(f"{_FILE}: {field}: {text}")

    styles = {name: _style(name, table, within(report, name)) for name, table in tables.items()}
    if problems:
        raise BrokenRecipe("\n".join(problems))
    return styles


def _style(name: str, given: object, report: Problem) -> Style:
    table: Mapping[str, Any] = given if isinstance(given, dict) else {}
    report_unknown(table, STYLE_FIELDS, report)
    for field in ("name", "description"):
        if not is_label(table.get(field)):
            report(field, f"missing or wrong; give a text of 1 to {MAX_LABEL} characters")
    for field in _WORDS:
        if not isinstance(table.get(field, ""), str):
            report(field, f"must be a text, not {table[field]!r}")
    values = table.get("options", {})
    if not isinstance(values, dict):
        report("options", "must be a table of values, such as { steps = 8 }")
        values = {}
    words = {field: str(table.get(field, "")) for field in _WORDS}
    title, description = str(table.get("name")), str(table.get("description"))
    return Style(name, title, description, **words, values=values)


def read_styles_of(
    manifest: Mapping[str, Any],
    styles: Mapping[str, Style],
    options: Sequence[Option],
    report: Problem,
) -> tuple[Style, ...]:
    """Return the styles that a manifest names, after reporting all that is wrong with them."""
    names = manifest.get("styles", [])
    if not isinstance(names, list) or len(set(map(str, names))) != len(names):
        report("styles", 'must be a list of different names, such as ["photo"]')
        return ()
    for name in names:
        if name not in styles:
            report("styles", f"{_FILE} has no '{name}'.{nearest(str(name), list(styles))}")
    default = manifest.get("default_style")
    if default is not None and default not in names:
        report("default_style", f"must be one of the styles of this workflow, not {default!r}")
    taken = [option.name for option in options if option.name in (STYLE, RAW)]
    if names and taken:
        report(f"options.{taken[0]}", "comes with the styles; remove it")
    chosen = tuple(styles[name] for name in names if name in styles)
    for style in chosen:
        for text in _misfits(style, options):
            report("styles", f"'{style.name}' {text}")
    return chosen


def _misfits(style: Style, options: Sequence[Option]) -> Iterator[str]:
    """Say which values of the style the workflow cannot take."""
    by_name = {option.name: option for option in options}
    for name, value in style.values.items():
        if name not in by_name:
            yield f"sets '{name}', which is no option here; leave the style out"
            continue
        try:
            if check_value(by_name[name], value) != value:
                yield f"sets '{name}' to {value!r}; write the choice's value"
        except InvalidOption as error:
            yield f"does not suit: {error}"


def style_options(styles: Sequence[Style], default: str | None) -> tuple[Option, ...]:
    """Return the options with which a member chooses a style, or refuses its words."""
    if not styles:
        return ()
    title = next((style.title for style in styles if style.name == default), "none")
    style = Option(
        name=STYLE,
        kind=OptionKind.STRING,
        description=f"A look: words and settings beside yours ({title} if left out)"[:MAX_LABEL],
        default=default,
        choices=tuple(Choice(style.title, style.name) for style in styles),
        suggest=True,
    )
    raw = Option(
        name=RAW,
        kind=OptionKind.BOOLEAN,
        description="Add nothing to the prompt",
        flag=RAW,
        hidden=True,
    )
    return style, raw
