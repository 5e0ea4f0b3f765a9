"""Reads one `[options.<name>]` table of a manifest.

`OPTION_FIELDS` is the whole vocabulary: which field may stand beside which type. What Discord would
refuse when the command is registered is refused here, where the file and the field can be named.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from distillery.core.errors import InvalidOption
from distillery.core.flags.table import FLAGS
from distillery.core.recipes.graph import Problem
from distillery.core.recipes.options import check_value
from distillery.core.recipes.recipe import Choice, Option, OptionKind
from distillery.core.recipes.sizes import SIZE

# Limits of Discord ("Application Commands"): characters, except for the number of choices.
MAX_LABEL = 100  # a description, a choice's name, a choice's text
MAX_NAME = 32
MAX_TEXT = 6000
MAX_CHOICES = 25
MAX_SUGGESTED = 500  # our own limit: 25 of them are shown for what the member has typed
_WITH_MARKS = frozenset(map(chr, [*range(0x900, 0x980), *range(0xE00, 0xE80)]))
"""Devanagari and Thai: a name may have their marks too, which are no letters."""
MAX_NUMBER = 2**53 - 1  # numbers travel as doubles

IMAGE_TYPES = ("image/png", "image/jpeg", "image/webp")
MAX_FILE_BYTES = 20 * 1024 * 1024
RESERVED_NAMES = frozenset({"workflow", "images"})  # the command has these options itself

_ALL = frozenset(OptionKind)
_NUMBERS = frozenset({OptionKind.INTEGER, OptionKind.NUMBER})
_TEXT = frozenset({OptionKind.STRING})
_SIZE = frozenset({OptionKind.SIZE})
_FILE = frozenset({OptionKind.ATTACHMENT})

OPTION_FIELDS: Mapping[str, frozenset[OptionKind]] = {
    "type": _ALL,
    "description": _ALL,
    "slot": _ALL - _SIZE,
    "slots": _ALL - _SIZE,
    "width": _SIZE,
    "height": _SIZE,
    "bypass": _ALL,
    "flag": _ALL,
    "hidden": _ALL,
    "required": _ALL,
    "default": _ALL - _FILE,
    "choices": _NUMBERS | _TEXT | _SIZE,
    "suggest": _TEXT,
    "min": _NUMBERS,
    "max": _NUMBERS,
    "random": frozenset({OptionKind.INTEGER}),
    "min_length": _TEXT,
    "max_length": _TEXT,
    "content_types": _FILE,
    "max_bytes": _FILE,
}
"""Every field of an option, and the types it may stand beside."""


def read_option(name: str, table: Mapping[str, Any], report: Problem) -> Option | None:
    """Return the option without its slots, after reporting all that is wrong with it.

    None when not even its type can be read.
    """
    if not is_option_name(name):
        report("", f"an option's name is 1 to {MAX_NAME} lower-case letters, digits, - or _")
    if name in RESERVED_NAMES:
        report("", "the command itself has an option of this name; choose another")
    kind = next((kind for kind in OptionKind if kind == table.get("type")), None)
    if kind is None:
        report("type", f"must be one of {', '.join(OptionKind)}")
        return None
    report_unknown(table, OPTION_FIELDS, report)
    if "description" not in table:
        report("description", f"missing; say in at most {MAX_LABEL} characters what it does")
    option = _build(name, kind, _readable(kind, table, report))
    for field, text in _contradictions(option):
        report(field, text)
    return option


def report_unknown(table: Mapping[str, Any], known: Collection[str], report: Problem) -> None:
    """Report every field that is not `known`, with the nearest that is."""
    for field in table:
        if field not in known:
            close = difflib.get_close_matches(field, known, n=1)
            hint = f"did you mean '{close[0]}'?" if close else f"fields: {', '.join(known)}"
            report(field, f"unknown field; {hint}")


def is_label(value: object) -> bool:
    """Tell whether Discord would take this as a description or as the name of a choice."""
    return isinstance(value, str) and bool(value.strip()) and len(value) <= MAX_LABEL


def is_option_name(name: str) -> bool:
    """Tell whether Discord would take this as the name of an option."""
    allowed = all(char.isalnum() or char in "-_'" or char in _WITH_MARKS for char in name)
    return allowed and 1 <= len(name) <= MAX_NAME and name == name.lower()


def _is_whole(value: object, highest: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= highest


def _is_bound(kind: OptionKind, value: Any) -> bool:
    return kind.fits(value) and abs(value) <= MAX_NUMBER


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(text, str) for text in value)


_Rule = tuple[Callable[[OptionKind, Any], bool], str]
_BOOL: _Rule = (lambda _, value: isinstance(value, bool), "true or false")
_BOUND: _Rule = (_is_bound, "of the option's own type and within 2^53")
_LENGTH: _Rule = (lambda _, value: _is_whole(value, MAX_TEXT), f"a whole number, 1 to {MAX_TEXT}")
_RULES: Mapping[str, _Rule] = {
    "description": (lambda _, value: is_label(value), f"a text of 1 to {MAX_LABEL} characters"),
    "required": _BOOL,
    "hidden": _BOOL,
    "suggest": _BOOL,
    "flag": (lambda _, value: value in FLAGS, f"one of {', '.join(FLAGS)}"),
    "default": (OptionKind.fits, "of the option's own type"),
    "min": _BOUND,
    "max": _BOUND,
    "random": _BOOL,
    "min_length": _LENGTH,
    "max_length": _LENGTH,
    "content_types": (lambda _, value: _is_texts(value), 'a list such as ["image/png"]'),
    "max_bytes": (lambda _, value: _is_whole(value, MAX_NUMBER), "a whole number of bytes"),
}


def _readable(kind: OptionKind, table: Mapping[str, Any], report: Problem) -> dict[str, Any]:
    """Return the fields that may stand beside this type and hold what they should."""
    good: dict[str, Any] = {}
    for field, value in table.items():
        if kind not in OPTION_FIELDS.get(field, _ALL):
            kinds = " or ".join(k for k in OptionKind if k in OPTION_FIELDS[field])
            report(field, f"is for type {kinds}, not {kind}; remove it")
        elif field == "choices":
            most = MAX_SUGGESTED if table.get("suggest") is True else MAX_CHOICES
            good[field] = _choices(kind, value, most, report)
        elif field in _RULES:
            fits, rule = _RULES[field]
            if fits(kind, value):
                good[field] = value
            else:
                report(field, f"must be {rule}, not {value!r}")
    return good


def _choices(kind: OptionKind, given: object, most: int, report: Problem) -> tuple[Choice, ...]:
    if not isinstance(given, list) or not 1 <= len(given) <= most:
        report("choices", f"must be a list of 1 to {most}")
        return ()
    choices: list[Choice] = []
    names: set[str] = set()
    values: set[str | int | float] = set()
    for index, entry in enumerate(given):
        choice = _choice(entry)
        if choice is None or not (is_label(choice.name) and _is_choice_value(kind, choice.value)):
            rule = f"of type {kind} or {{name, value}}, texts of 1 to {MAX_LABEL} characters"
            report(f"choices[{index}]", f"must be {rule}, not {entry!r}")
        elif choice.name in names or choice.value in values:
            report(f"choices[{index}]", f"is there twice: {entry!r}; remove one")
        else:
            choices.append(choice)
            names.add(choice.name)
            values.add(choice.value)
    return tuple(choices)


def _choice(entry: Any) -> Choice | None:
    if not isinstance(entry, dict):
        return Choice(str(entry), entry)
    return Choice(entry["name"], entry["value"]) if entry.keys() == {"name", "value"} else None


def _is_choice_value(kind: OptionKind, value: Any) -> bool:
    if kind is OptionKind.SIZE:
        return isinstance(value, str) and bool(SIZE.fullmatch(value))
    return is_label(value) if kind is OptionKind.STRING else _is_bound(kind, value)


def _build(name: str, kind: OptionKind, fields: Mapping[str, Any]) -> Option:
    is_file = kind is OptionKind.ATTACHMENT
    free_text = kind is OptionKind.STRING and "choices" not in fields
    types = fields.get("content_types", IMAGE_TYPES if is_file else ())
    return Option(
        name=name,
        kind=kind,
        description=fields.get("description", ""),
        required=fields.get("required", False),
        default=fields.get("default"),
        minimum=fields.get("min"),
        maximum=fields.get("max"),
        min_length=fields.get("min_length"),
        max_length=fields.get("max_length", MAX_TEXT if free_text else None),
        choices=fields.get("choices", ()),
        suggest=fields.get("suggest", False),
        content_types=tuple(text.lower() for text in types),
        max_bytes=fields.get("max_bytes", MAX_FILE_BYTES if is_file else None),
        random=fields.get("random", False),
        flag=fields.get("flag"),
        hidden=fields.get("hidden", False),
    )


def _contradictions(option: Option) -> Iterator[tuple[str, str]]:
    """Yield (field, text) for fields that are right alone but not together."""
    bounds = (option.minimum, option.maximum, option.min_length, option.max_length)
    if option.choices and any(bound is not None for bound in bounds):
        yield "choices", "already say what is allowed; remove min, max and the lengths"
    if None not in bounds[:2] and option.minimum > option.maximum:  # type: ignore[operator]
        yield "min", f"is above max: {option.minimum} > {option.maximum}"
    if None not in bounds[2:] and option.min_length > option.max_length:  # type: ignore[operator]
        yield "min_length", f"is above max_length: {option.min_length} > {option.max_length}"
    if option.random and (option.choices or None in bounds[:2]):
        yield "random", "draws from min to max; give both, and no choices"
    if option.hidden and option.flag is None:
        yield "hidden", "leaves no way to set the option; give it a flag, or show it"
    if option.hidden and option.required:
        yield "hidden", "is not for what a member must give; show it"
    yield from _choice_contradictions(option)
    yield from _default_contradictions(option)


def _choice_contradictions(option: Option) -> Iterator[tuple[str, str]]:
    if option.kind is OptionKind.SIZE and not option.choices:
        yield "choices", 'missing; list the sizes that the model paints well, such as ["1024x1024"]'
    if option.suggest and not option.choices:
        yield "suggest", "has nothing to suggest; give choices"


def _default_contradictions(option: Option) -> Iterator[tuple[str, str]]:
    if option.required and option.random:
        yield "random", "is never drawn for a required option; remove one of the two"
    if option.default is None:
        return
    if option.required or option.random:
        yield "default", "is never used for a required or random option; remove it"
    try:
        meant = check_value(option, option.default)
    except InvalidOption as error:
        yield "default", str(error)
    else:
        if option.choices and meant != option.default:
            yield "default", f"means {meant!r}; write that"
