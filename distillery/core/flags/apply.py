"""Sets a recipe's options from the flags in its prompt.

What stands in the prompt counts: a flag wins over the option that the command had for the same
thing, for the words are what the member sees, copies and edits.
"""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from distillery.core.errors import InvalidOption
from distillery.core.flags.parse import FlagValue, parse_flags
from distillery.core.flags.table import ADAPTERS
from distillery.core.recipes.options import is_choice
from distillery.core.recipes.recipe import PROMPT, Attachment, Option, OptionKind, Recipe, Value

_CUTOFF = re.compile(r"(?<!\w)::\S[^:]*::")
_MOST = 20 * 1024 * 1024
_USED_BY_NONE = "`--{flag}` is known, but no workflow that is installed here uses it. Leave it out."
_USED_BY = "{title} does not use `--{flag}`; {others} can. Choose with `workflow`."
_SHARED = {f"adaptweight{number}": "adaptweight" for number in ADAPTERS}
"""Flags that take the value of another one when they are not written themselves."""


def apply_flags(
    recipe: Recipe, recipes: Sequence[Recipe], given: Mapping[str, Value]
) -> dict[str, Value]:
    """Return the options with those set that the prompt's flags name, and the prompt without them.

    Raises InvalidOption with one line for each flag that is wrong or that the recipe does not use.
    """
    written = given.get(PROMPT)
    if not isinstance(written, str):
        return dict(given)
    flagged = parse_flags(written)
    unused = [name for name in flagged.flags if not options_of(recipe, name)]
    if unused:
        raise InvalidOption.of([_not_used(name, recipe, recipes) for name in unused])
    if _CUTOFF.search(flagged.text) and not options_of(recipe, "cutoffweight"):
        raise InvalidOption(
            "{title} cannot keep words apart with `::`. Write them without, and weigh them like "
            "this: `(blue eyes:1.2)`.",
            title=recipe.title,
        )
    set_by_flags: dict[str, Value] = {}
    for name, value in flagged.flags.items():
        options = options_of(recipe, name)
        if isinstance(value, tuple):
            _check_end(name, value, flagged.behind[name], options)
        set_by_flags |= _set(name, value, options, flagged.flags)
    return {**given, **set_by_flags, PROMPT: flagged.text}


def options_of(recipe: Recipe, flag: str) -> list[Option]:
    """Return the options that a flag sets: several for a list or for a weight that is shared."""
    sharing = {name for name, shared in _SHARED.items() if shared == flag}
    return [option for option in recipe.options if option.flag in {flag, *sharing}]


def _set(
    name: str, value: FlagValue, options: Sequence[Option], all_flags: Mapping[str, FlagValue]
) -> dict[str, Value]:
    if isinstance(value, tuple):
        if len(value) > len(options):
            raise InvalidOption(
                "`--{flag}` takes {most} here; you gave {number}.",
                flag=name,
                most=len(options),
                number=len(value),
            )
        pairs = zip(options, value, strict=False)
        return {option.name: _as_option(option, one) for option, one in pairs}
    own = [o for o in options if o.flag == name or o.flag not in all_flags]
    return {option.name: _as_option(option, value) for option in own}


def _check_end(name: str, value: Sequence[str], behind: str, options: Sequence[Option]) -> None:
    """Refuse a list that goes on behind a blank: its other names would be painted."""
    meant = list(_names_in(behind.removeprefix(","), options)) if behind.startswith(",") else []
    if meant:
        raise InvalidOption(
            "In `--{flag}` a list ends at a blank, and what follows is painted. Write `--{flag} "
            "{names}`, or put the words in front of it.",
            flag=name,
            names=",".join([*value, *meant]).replace(" ", "-"),
        )


def _names_in(text: str, options: Sequence[Option]) -> Iterator[str]:
    """Yield the names that a text begins with, parted by commas."""
    for part in map(str.strip, text.split(",")):
        first = part.partition(" ")[0]
        name = next((n for n in (part, first) if any(is_choice(o, n) for o in options)), None)
        if name:
            yield name
        if name != part:
            return


def _as_option(option: Option, value: bool | float | str) -> Value:
    """Return the value in the option's own words; `check_value` judges it like any other."""
    if option.kind is OptionKind.ATTACHMENT:
        return _linked_file(option, str(value))
    return value


def _linked_file(option: Option, address: str) -> Attachment:
    """A file by its address. Where it may lie is checked like that of an attachment."""
    name = PurePosixPath(unquote(urlsplit(address).path)).name
    content_type = mimetypes.guess_type(name)[0] or ""
    return Attachment(
        filename=name, url=address, content_type=content_type, size=option.max_bytes or _MOST
    )


def _not_used(name: str, recipe: Recipe, recipes: Sequence[Recipe]) -> InvalidOption:
    others = [f"`{other.name}`" for other in recipes if options_of(other, name)]
    if not others:
        return InvalidOption(_USED_BY_NONE, flag=name)
    return InvalidOption(_USED_BY, title=recipe.title, flag=name, others=", ".join(others))
