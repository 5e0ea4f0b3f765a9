"""A flag as a member might write it for one recipe: with a value that this recipe takes."""

from __future__ import annotations

from distillery.core.flags.apply import options_of
from distillery.core.flags.table import Flag, FlagKind
from distillery.core.recipes.recipe import Option, OptionKind, Recipe

_NUMBERS = {OptionKind.INTEGER: 7, OptionKind.NUMBER: 0.5}


def example_for(recipe: Recipe, flag: Flag) -> str:
    """Return the flag with the option's default or first choice, or a number that fits it."""
    value = next((_value(option) for option in options_of(recipe, flag.name)), None)
    if value is None or flag.kind in (FlagKind.SWITCH, FlagKind.RATIO, FlagKind.TEXT):
        return flag.example
    return f"--{flag.name} {value}"


def _value(option: Option) -> str | None:
    value = option.default
    if value is None and option.choices:
        value = option.choices[0].value
    if value is None and option.kind in _NUMBERS:
        value = max(_NUMBERS[option.kind], option.minimum or 0)
        value = value if option.maximum is None else min(value, option.maximum)
    if isinstance(value, float):
        return f"{value:g}"
    # A choice is found without its file's type, and a dash may stand for a blank.
    return str(value).removesuffix(".safetensors").replace(" ", "-") if value else None
