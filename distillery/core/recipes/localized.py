"""Reads the `[locales.<locale>]` tables of a manifest: what members of another language read.

Only what is shown is translated. What Discord sends back, names of options and values of choices,
stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from distillery.core.locales import LOCALES, Localized
from distillery.core.recipes.graph import Problem, within
from distillery.core.recipes.manifest_option import MAX_LABEL, MAX_NAME, is_label, is_option_name
from distillery.core.recipes.recipe import Choice, Option

LOCALE_FIELDS = ("name", "description", "options")
LOCALE_OPTION_FIELDS = ("name", "description", "choices")
LOCALE_MANIFEST_FIELDS = (
    *(f"locales.<locale>.{field}" for field in LOCALE_FIELDS if field != "options"),
    *(f"locales.<locale>.options.<option>.{field}" for field in LOCALE_OPTION_FIELDS),
)
"""Every field of a translation, as the documents name it."""

Tables = Mapping[str, Mapping[str, Any]]
"""The tables of a manifest by locale, each with fields that are known."""

_LABEL = f"must be a text of 1 to {MAX_LABEL} characters"
_NAME = f"must be 1 to {MAX_NAME} lower-case letters, digits, - or _"


def read_locales(given: object, report: Problem) -> Tables:
    """Return the tables that can be read, after reporting each locale that Discord lacks."""
    if not isinstance(given, dict):
        report("", "must be tables, such as [locales.de]")
        return {}
    tables: dict[str, Mapping[str, Any]] = {}
    for locale, table in given.items():
        if locale not in LOCALES:
            report(locale, f"is no locale of Discord; there are {', '.join(LOCALES)}")
        elif known := _table(table, LOCALE_FIELDS, within(report, locale)):
            tables[locale] = known
    return tables


def labels(tables: Tables, field: str, report: Problem) -> Localized:
    """Return the versions of the recipe's own `name` or `description`."""
    return {
        locale: str(table[field])
        for locale, table in tables.items()
        if field in table and _fits(table[field], is_label, _LABEL, field, within(report, locale))
    }


def localize(options: Sequence[Option], tables: Tables, report: Problem) -> tuple[Option, ...]:
    """Return the options with their versions in every language, after reporting what is wrong."""
    names = [option.name for option in options]
    by_locale: dict[str, Tables] = {}
    for locale, table in tables.items():
        here = within(report, f"{locale}.options")
        by_locale[locale] = {
            name: _table(own, LOCALE_OPTION_FIELDS, within(here, name))
            for name, own in _table(table.get("options", {}), names, here).items()
        }
        _report_shared_names(by_locale[locale], here)
    return tuple(
        _localized(
            option, {locale: own.get(option.name, {}) for locale, own in by_locale.items()}, report
        )
        for option in options
    )


def _localized(option: Option, tables: Tables, report: Problem) -> Option:
    names: dict[str, str] = {}
    descriptions: dict[str, str] = {}
    choices = {choice.name: dict(choice.names) for choice in option.choices}
    for locale, table in tables.items():
        here = within(report, f"{locale}.options.{option.name}")
        if "name" in table and _fits(table["name"], is_option_name, _NAME, "name", here):
            names[locale] = table["name"]
        described = table.get("description")
        if described is not None and _fits(described, is_label, _LABEL, "description", here):
            descriptions[locale] = described
        own = _table(table.get("choices", {}), list(choices), within(here, "choices"))
        for name, text in own.items():
            if _fits(text, is_label, _LABEL, f"choices.{name}", here):
                choices[name][locale] = text
    return replace(
        option,
        names=names,
        descriptions=descriptions,
        choices=tuple(Choice(c.name, c.value, choices[c.name]) for c in option.choices),
    )


def _table(given: object, known: Sequence[str], report: Problem) -> Mapping[str, Any]:
    if not isinstance(given, dict):
        report("", "must be a table")
        return {}
    for field in given:
        if field not in known:
            report(field, f"unknown; there are {', '.join(known)}")
    return {field: value for field, value in given.items() if field in known}


def _fits(
    value: object, rule: Callable[[Any], bool], words: str, field: str, report: Problem
) -> bool:
    if isinstance(value, str) and rule(value):
        return True
    report(field, f"{words}, not {value!r}")
    return False


def _report_shared_names(options: Tables, report: Problem) -> None:
    named: dict[object, str] = {}
    for option, table in options.items():
        name = table.get("name")
        other = named.setdefault(name, option) if isinstance(name, str) else option
        if other != option:
            report(f"{option}.name", f"'{other}' has this name too; use two")
