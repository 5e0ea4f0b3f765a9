"""Takes the flags out of a prompt: `a red fox --ar 27:18 --seed 7` is a text and two values."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from distillery.core.errors import InvalidOption
from distillery.core.flags.table import FLAGS, MAX_LORAS, Flag, FlagKind

FlagValue = bool | int | float | str | tuple[str, ...]

# Telephones write a long dash for two short ones. A flag stands at the start or after a blank;
# behind it stands a blank, `=`, or what ends a part of a sentence.
_FLAG = re.compile(
    r"(?:^|(?<=\s))(?:--|-?[\u2013\u2014])(?P<name>[A-Za-z][A-Za-z0-9-]*)"
    r"(?:(?P<equals>=)|[,.;]*(?=\s|$))"
)
_ENDS = ",.;"
_SENTENCE_MAY_END = set(FlagKind) - {FlagKind.SWITCH, FlagKind.TEXT, FlagKind.LINK}
_RATIO = re.compile(r"(\d{1,5})[:x/](\d{1,5})")
_MAX_QUOTE = 60
_UNKNOWN = "There is no flag `--{flag}`. `/help workflow:` lists those of a workflow."
_MISTYPED = "There is no flag `--{flag}`. Did you mean `{nearest}`?"
_NO_VALUE = "`--{flag}` takes no value: write it alone, or leave it out."


@dataclass(frozen=True, slots=True)
class FlaggedText:
    """What a member wrote: the words to paint, and the values of the flags among them."""

    text: str
    flags: Mapping[str, FlagValue]
    behind: Mapping[str, str] = field(default_factory=dict)  # what stands behind each list


def parse_flags(written: str) -> FlaggedText:
    """Part the words from the flags. A ratio is kept as `width:height`.

    Raises InvalidOption with one line for each flag that is unknown, there twice, or bad.
    """
    marks = list(_FLAG.finditer(written))
    starts = [mark.start() for mark in marks] + [len(written)]
    words = [written[: starts[0]]]
    flags: dict[str, FlagValue] = {}
    behind: dict[str, str] = {}
    problems: list[InvalidOption] = []
    for mark, end in zip(marks, starts[1:], strict=True):
        try:
            flag = _flag(mark["name"].lower(), flags)
            if flag.kind is FlagKind.SWITCH and mark["equals"]:
                raise InvalidOption(_NO_VALUE, flag=flag.name)
            after = written[mark.end() : end].strip()
            taken, left = _part(flag, after)
            flags[flag.name] = _value(flag, taken)
            words.append(left)
            if flag.kind is FlagKind.WORDS:
                behind[flag.name] = after.removeprefix(taken).strip()
        except InvalidOption as problem:
            problems.append(problem)
    if problems:
        raise InvalidOption.of(problems)
    return FlaggedText(" ".join(filter(None, map(str.strip, words))), flags, behind)


def _flag(name: str, seen: Mapping[str, FlagValue]) -> Flag:
    if name not in FLAGS:
        close = difflib.get_close_matches(name, FLAGS, n=1)
        if not close:
            raise InvalidOption(_UNKNOWN, flag=name[:_MAX_QUOTE])
        raise InvalidOption(_MISTYPED, flag=name[:_MAX_QUOTE], nearest=FLAGS[close[0]].example)
    if name in seen:
        raise InvalidOption("`--{flag}` is there twice. Write it once.", flag=name)
    return FLAGS[name]


def _part(flag: Flag, after: str) -> tuple[str, str]:
    """Part what follows a flag into its value and words that belong to the prompt again."""
    if flag.kind is FlagKind.SWITCH:
        return "", after
    if flag.kind is FlagKind.TEXT:
        return after, ""
    taken, *left = after.split(maxsplit=1) or [""]
    return taken.rstrip(_ENDS) if flag.kind in _SENTENCE_MAY_END else taken, "".join(left)


def _value(flag: Flag, taken: str) -> FlagValue:
    if flag.kind is FlagKind.SWITCH:
        return True
    if not taken:
        raise InvalidOption(
            "`--{flag}` needs a value, such as `{example}`.", flag=flag.name, example=flag.example
        )
    match flag.kind:
        case FlagKind.INTEGER | FlagKind.NUMBER:
            return _number(flag, taken)
        case FlagKind.RATIO:
            return _ratio(flag, taken)
        case FlagKind.WORDS:
            return _words(flag, taken)
        case FlagKind.LINK:
            return _link(flag, taken)
        case _:
            return taken


def _number(flag: Flag, taken: str) -> int | float:
    try:
        number = int(taken) if flag.kind is FlagKind.INTEGER else float(taken.replace(",", "."))
    except ValueError:
        number = math.nan
    low, high = flag.minimum, flag.maximum
    if (
        not math.isfinite(number)
        or (low is not None and number < low)
        or (high is not None and number > high)
    ):
        raise _not(flag, taken, _wanted(flag))
    return number


def _wanted(flag: Flag) -> str:
    kind = "a whole number" if flag.kind is FlagKind.INTEGER else "a number"
    if flag.maximum is not None:
        kind += " from {low:g} to {high:g}"
    elif flag.minimum is not None:
        kind += " of {low:g} or more"
    return "`--{flag}` takes " + kind + ", not `{given}`: `{example}`."


def _not(flag: Flag, taken: str, wanted: str) -> InvalidOption:
    return InvalidOption(
        wanted,
        flag=flag.name,
        low=flag.minimum,
        high=flag.maximum,
        given=_quoted(taken),
        example=flag.example,
    )


def _ratio(flag: Flag, taken: str) -> str:
    found = _RATIO.fullmatch(taken)
    if not found or not int(found[1]) or not int(found[2]):
        raise _not(flag, taken, "`--{flag}` takes width:height, not `{given}`: `{example}`.")
    return f"{int(found[1])}:{int(found[2])}"


def _words(flag: Flag, taken: str) -> tuple[str, ...]:
    words = tuple(filter(None, taken.split(",")))
    if not 1 <= len(words) <= MAX_LORAS:
        raise InvalidOption(
            "`--{flag}` takes 1 to {most} names, parted by commas.", flag=flag.name, most=MAX_LORAS
        )
    return words


def _link(flag: Flag, taken: str) -> str:
    address = taken.strip("<>")  # so written, Discord shows no card for it
    if not address.startswith("https://"):
        raise _not(
            flag, taken, "`--{flag}` takes the address of a picture in Discord, not `{given}`."
        )
    return address


def _quoted(text: str) -> str:
    return text[:_MAX_QUOTE].replace("`", "'")
