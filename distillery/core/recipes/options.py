"""What a member gave, checked against a recipe: every value that a job will carry.

Discord checks most of this before it calls; the checks are repeated because the command it knows
is the union of all recipes, and because nothing that reaches a GPU should rest on a client.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Callable, Iterable, Mapping

from distillery.core.errors import InvalidOption
from distillery.core.recipes.recipe import STYLE, Attachment, Option, OptionKind, Recipe, Value
from distillery.core.recipes.sizes import nearest_size

MEGABYTE = 1_000_000
MAX_ERROR_TEXT = 1900  # a Discord message holds 2,000 characters
MAX_LIST_TEXT = 300
MAX_QUOTE_TEXT = 60

_WANTED = {
    OptionKind.STRING: "a text",
    OptionKind.INTEGER: "a whole number",
    OptionKind.NUMBER: "a number",
    OptionKind.BOOLEAN: "true or false",
    OptionKind.SIZE: "a size such as 1024x1024, or a shape such as 3:2",
    OptionKind.ATTACHMENT: "a file",
}
_CONTROLS = {*range(0x20), *range(0x7F, 0xA0)} - {ord("\n"), ord("\t")}
_SURROGATES = range(0xD800, 0xE000)  # alone they are no character and cannot be written as UTF-8
_REMOVED = dict.fromkeys([*_CONTROLS, *_SURROGATES])
_INVISIBLE = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})


def resolve_options(
    recipe: Recipe, given: Mapping[str, Value], *, draw: Callable[[int, int], int]
) -> dict[str, Value]:
    """Return the value of every option that has one, in the recipe's order.

    `draw(minimum, maximum)` makes the random values that the member left to us. Raises
    InvalidOption with one line for each mistake, written for the member.
    """
    problems = [_unknown(recipe, name) for name in given if not _has(recipe, name)]
    given = {**_values_of_style(recipe, given), **given}
    values: dict[str, Value] = {}
    for option in recipe.options:
        try:
            value = _resolve(recipe, option, given.get(option.name), draw)
        except InvalidOption as error:
            problems.append(str(error))
            continue
        if value is not None:
            values[option.name] = value
    if problems:
        raise InvalidOption("\n".join(problems)[:MAX_ERROR_TEXT])
    return values


def check_value(option: Option, value: Value) -> Value:
    """Return the value as it goes into the graph, or raise InvalidOption saying what to change."""
    if not option.kind.fits(value):
        raise InvalidOption(f"`{option.name}` takes {_WANTED[option.kind]}.")
    if isinstance(value, Attachment):
        return _checked_file(option, value)
    if option.kind is OptionKind.SIZE:
        sizes = [str(choice.value) for choice in option.choices]
        value = nearest_size(str(value), sizes) or value
    elif isinstance(value, str):
        value = _chosen(option, _checked_text(option, value))
    elif not isinstance(value, bool):
        _check_bounds(option, value)
    if option.choices and value not in [choice.value for choice in option.choices]:
        raise InvalidOption(_not_a_choice(option, value))
    return value


def _chosen(option: Option, written: str) -> str | int | float:
    """Find the choice that is meant: by its value or its name, in any case, without a file type."""
    wanted = _plain(written)
    if any(choice.value == written for choice in option.choices):
        return written
    for choice in option.choices:
        if wanted in (_plain(str(choice.value)), _plain(choice.name)):
            return choice.value
    return written


def _plain(text: str) -> str:
    stem = text.lower().removesuffix(".safetensors").removesuffix(".ckpt")
    return stem.replace(" ", "").replace("-", "").replace("_", "")


def _has(recipe: Recipe, name: str) -> bool:
    return any(option.name == name for option in recipe.options)


def _resolve(
    recipe: Recipe, option: Option, given: Value | None, draw: Callable[[int, int], int]
) -> Value | None:
    if given is not None:
        return check_value(option, given)
    if option.required:
        raise InvalidOption(f"`{option.name}` is needed for {recipe.title}: {option.description}")
    if option.random and option.minimum is not None and option.maximum is not None:
        return draw(int(option.minimum), int(option.maximum))
    return option.default


def _values_of_style(recipe: Recipe, given: Mapping[str, Value]) -> Mapping[str, Value]:
    """Return what the style says of options, where the member does not say it."""
    option = next((option for option in recipe.options if option.name == STYLE), None)
    if option is None:
        return {}
    named = str(given.get(STYLE, option.default))
    style = recipe.style({STYLE: _chosen(option, named)})
    return style.values if style else {}


def _unknown(recipe: Recipe, name: str) -> str:
    names = [option.name for option in recipe.options]
    return (
        f"{recipe.title} has no option `{_quoted(name)}`.{nearest(name, names)} "
        f"Leave it out, or choose another workflow. Its options are: {_listed(names)}."
    )


def _not_a_choice(option: Option, value: str | float) -> str:
    allowed = [str(choice.value) for choice in option.choices]
    return (
        f"`{option.name}` cannot be `{_quoted(str(value))}`.{nearest(str(value), allowed)} "
        f"It can be: {_listed(allowed)}."
    )


def nearest(name: str, known: list[str]) -> str:
    """Return a sentence that suggests the known name most like `name`, or nothing."""
    close = difflib.get_close_matches(name.lower(), known, n=1)
    return f" Did you mean `{close[0]}`?" if close else ""


def _listed(names: Iterable[str]) -> str:
    text = ", ".join(names)
    return text if len(text) <= MAX_LIST_TEXT else f"{text[:MAX_LIST_TEXT]} …"


def _quoted(text: str) -> str:
    """Cut a member's own words to a length and a form that cannot break out of the quote."""
    return text[:MAX_QUOTE_TEXT].translate(_REMOVED).replace("`", "'").replace("\n", " ")


def _checked_text(option: Option, text: str) -> str:
    """Remove what is no character. All else, also direction marks and zero width, is kept."""
    text = text.translate(_REMOVED)
    if option.required and all(unicodedata.category(char) in _INVISIBLE for char in text):
        raise InvalidOption(f"`{option.name}` is empty: {option.description}")
    if option.min_length is not None and len(text) < option.min_length:
        raise InvalidOption(
            f"`{option.name}` has {len(text):,} characters; it needs {option.min_length:,} or more."
        )
    if option.max_length is not None and len(text) > option.max_length:
        raise InvalidOption(
            f"`{option.name}` has {len(text):,} characters; {option.max_length:,} are allowed."
        )
    return text


def _check_bounds(option: Option, value: float) -> None:
    low, high = option.minimum, option.maximum
    if (low is None or value >= low) and (high is None or value <= high):
        return
    if low is not None and high is not None:
        rule = f"from {low} to {high}"
    else:
        rule = f"{high} or less" if low is None else f"{low} or more"
    raise InvalidOption(f"`{option.name}` must be {rule}; you gave {_quoted(str(value))}.")


def _checked_file(option: Option, file: Attachment) -> Attachment:
    kind = file.content_type.partition(";")[0].strip().lower()  # it may carry a charset
    if option.content_types and kind not in option.content_types:
        raise InvalidOption(
            f"`{option.name}` cannot be {kind or 'a file of unknown type'}. "
            f"Attach one of: {_listed(option.content_types)}."
        )
    if file.size < 1:
        raise InvalidOption(f"`{option.name}` is an empty file. Attach another one.")
    if option.max_bytes is not None and file.size > option.max_bytes:
        raise InvalidOption(
            f"`{option.name}` may have {option.max_bytes / MEGABYTE:.1f} MB; "
            f"this file has {file.size / MEGABYTE:.1f} MB. Attach a smaller one."
        )
    return file
