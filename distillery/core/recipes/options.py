"""What a member gave, checked against a recipe: every value that a job will carry.

Discord checks most of this before it calls; the checks are repeated because the command it knows
is the union of all recipes, and because nothing that reaches a GPU should rest on a client.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence

from distillery.core.errors import InvalidOption, UserError
from distillery.core.recipes.recipe import STYLE, Attachment, Option, OptionKind, Recipe, Value
from distillery.core.recipes.sizes import nearest_size

MEGABYTE = 1_000_000
MAX_LIST_TEXT = 300
MAX_QUOTE_TEXT = 60

WANTED = {
    OptionKind.STRING: "`{option}` takes a text.",
    OptionKind.INTEGER: "`{option}` takes a whole number.",
    OptionKind.NUMBER: "`{option}` takes a number.",
    OptionKind.BOOLEAN: "`{option}` takes true or false.",
    OptionKind.SIZE: "`{option}` takes a size such as 1024x1024, or a shape such as 3:2.",
    OptionKind.ATTACHMENT: "`{option}` takes a file.",
}
_UNKNOWN = (
    "{title} has no option `{given}`. Leave it out, or choose another workflow. Its options are: "
    "{options}."
)
_MISTYPED = (
    "{title} has no option `{given}`. Did you mean `{nearest}`? Leave it out, or choose another "
    "workflow. Its options are: {options}."
)
_ELSEWHERE = (
    "{title} has no option `{given}`. Choose a `workflow` that has it ({others}), or leave it out."
)
_NO_CHOICE = "`{option}` cannot be `{given}`. It can be: {choices}."
_NEAR_CHOICE = "`{option}` cannot be `{given}`. Did you mean `{nearest}`? It can be: {choices}."
_CONTROLS = {*range(0x20), *range(0x7F, 0xA0)} - {ord("\n"), ord("\t")}
_SURROGATES = range(0xD800, 0xE000)  # alone they are no character and cannot be written as UTF-8
_REMOVED = dict.fromkeys([*_CONTROLS, *_SURROGATES])
_INVISIBLE = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})


def resolve_options(
    recipe: Recipe,
    given: Mapping[str, Value],
    *,
    draw: Callable[[int, int], int],
    others: Sequence[Recipe] = (),
) -> dict[str, Value]:
    """Return the value of every option that has one, in the recipe's order.

    `draw(minimum, maximum)` makes the random values that the member left to us; `others` may have
    what this recipe lacks. Raises InvalidOption with one line for each mistake, for the member.
    """
    unknown = [name for name in given if not _has(recipe, name)]
    problems: list[UserError] = [_unknown(recipe, name, others) for name in unknown]
    given = {**_values_of_style(recipe, given), **given}
    values: dict[str, Value] = {}
    for option in recipe.options:
        try:
            value = _resolve(recipe, option, given.get(option.name), draw)
        except InvalidOption as error:
            problems.append(error)
            continue
        if value is not None:
            values[option.name] = value
    if problems:
        raise InvalidOption.of(problems)
    return values


def check_value(option: Option, value: Value) -> Value:
    """Return the value as it goes into the graph, or raise InvalidOption saying what to change."""
    if not option.kind.fits(value):
        raise InvalidOption(WANTED[option.kind], option=option.name)
    if isinstance(value, Attachment):
        return _checked_file(option, value)
    if option.kind is OptionKind.SIZE:
        sizes = [str(choice.value) for choice in option.choices]
        value = nearest_size(str(value), sizes) or value
    elif isinstance(value, str):
        value = _chosen(option, _checked_text(option, value))
    elif not isinstance(value, bool):
        _check_bounds(option, value)
    if option.choices and not _is_value(option, value):
        raise _not_a_choice(option, value)
    return value


def is_choice(option: Option, written: str) -> bool:
    """Tell whether a text names one of an option's choices, as a member may write it."""
    return _is_value(option, _chosen(option, written))


def _is_value(option: Option, value: Value) -> bool:
    return value in [choice.value for choice in option.choices]


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
        raise InvalidOption(
            "`{option}` is needed for {title}: {description}",
            option=option.name,
            title=recipe.title,
            description=option.description,
        )
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


def _unknown(recipe: Recipe, name: str, others: Sequence[Recipe]) -> InvalidOption:
    if having := [other.title for other in others if _has(other, name)]:
        return InvalidOption(
            _ELSEWHERE, title=recipe.title, given=_quoted(name), others=", ".join(having)
        )
    names = [option.name for option in recipe.options]
    close = _nearest(name, names)
    return InvalidOption(
        _MISTYPED if close else _UNKNOWN,
        title=recipe.title,
        given=_quoted(name),
        nearest=close,
        options=_listed(names),
    )


def _not_a_choice(option: Option, value: str | float) -> InvalidOption:
    allowed = [str(choice.value) for choice in option.choices]
    close = _nearest(str(value), allowed)
    return InvalidOption(
        _NEAR_CHOICE if close else _NO_CHOICE,
        option=option.name,
        given=_quoted(str(value)),
        nearest=close,
        choices=_listed(allowed),
    )


def _nearest(name: str, known: list[str]) -> str:
    return next(iter(difflib.get_close_matches(name.lower(), known, n=1)), "")


def nearest(name: str, known: list[str]) -> str:
    """Return a sentence that suggests the known name most like `name`, or nothing."""
    close = _nearest(name, known)
    return f" Did you mean `{close}`?" if close else ""


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
        raise InvalidOption(
            "`{option}` is empty: {description}",
            option=option.name,
            description=option.description,
        )
    if option.min_length is not None and len(text) < option.min_length:
        raise InvalidOption(
            "`{option}` has {number} characters; it needs {least} or more.",
            option=option.name,
            number=f"{len(text):,}",
            least=f"{option.min_length:,}",
        )
    if option.max_length is not None and len(text) > option.max_length:
        raise InvalidOption(
            "`{option}` has {number} characters; {most} are allowed.",
            option=option.name,
            number=f"{len(text):,}",
            most=f"{option.max_length:,}",
        )
    return text


def _check_bounds(option: Option, value: float) -> None:
    low, high = option.minimum, option.maximum
    if (low is None or value >= low) and (high is None or value <= high):
        return
    if low is not None and high is not None:
        rule = "`{option}` must be from {low} to {high}; you gave {given}."
    elif low is None:
        rule = "`{option}` must be {high} or less; you gave {given}."
    else:
        rule = "`{option}` must be {low} or more; you gave {given}."
    given = _quoted(str(value))
    raise InvalidOption(rule, option=option.name, low=low, high=high, given=given)


def _checked_file(option: Option, file: Attachment) -> Attachment:
    kind = file.content_type.partition(";")[0].strip().lower()  # it may carry a charset
    if option.content_types and kind not in option.content_types:
        raise InvalidOption(
            "`{option}` cannot be {kind}. Attach one of: {kinds}.",
            option=option.name,
            kind=kind or "a file of unknown type",
            kinds=_listed(option.content_types),
        )
    if file.size < 1:
        raise InvalidOption("`{option}` is an empty file. Attach another one.", option=option.name)
    if option.max_bytes is not None and file.size > option.max_bytes:
        raise InvalidOption(
            "`{option}` may have {most} MB; this file has {size} MB. Attach a smaller one.",
            option=option.name,
            most=f"{option.max_bytes / MEGABYTE:.1f}",
            size=f"{file.size / MEGABYTE:.1f}",
        )
    return file
