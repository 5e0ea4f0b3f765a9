"""Settings of a room: one frozen dataclass, read once from the environment.

A field `table_name` is the variable `TABLE_NAME`. Everything wrong is reported at once, by name.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from distillery.core.errors import ConfigError
from distillery.core.rules.rule import Level
from distillery.core.tier import MAX_IMAGES, Tier

T = TypeVar("T")

_MEANING = "meaning"
_PARSE = "parse"


def setting(
    meaning: str, *, default: Any = dataclasses.MISSING, parse: Callable[[str], Any] = str
) -> Any:
    """Declare a setting: what it means (for the documents), its default, how to read its text.

    `parse` raises ValueError with what the value should be.
    """
    return dataclasses.field(default=default, metadata={_MEANING: meaning, _PARSE: parse})


def read_settings(settings: type[T], environ: Mapping[str, str]) -> T:
    """Read every field from the environment, or raise ConfigError that names all that is wrong."""
    values: dict[str, Any] = {}
    problems: list[str] = []
    for field in dataclasses.fields(settings):  # type: ignore[arg-type]
        name = field.name.upper()
        text = environ.get(name, "")
        if not text:
            if field.default is dataclasses.MISSING:
                problems.append(f"{name} is not set: {field.metadata[_MEANING]}")
            continue
        try:
            values[field.name] = field.metadata[_PARSE](text)
        except ValueError as error:
            problems.append(f"{name} is {text!r}: {error}")
    if problems:
        raise ConfigError("; ".join(problems))
    return settings(**values)


def meaning(field: dataclasses.Field[Any]) -> str:
    """Return what a setting means, for the documents."""
    return str(field.metadata[_MEANING])


def whole_number(text: str) -> int:
    """Parse a number of at least 1."""
    if not text.isdigit() or int(text) < 1:
        raise ValueError("it must be a whole number of at least 1")
    return int(text)


def yes_or_no(text: str) -> bool:
    """Parse `true` or `false`, in any case."""
    if text.lower() not in ("true", "false"):
        raise ValueError("it must be true or false")
    return text.lower() == "true"


def level(text: str) -> str:
    """Parse the name of a level of the rules of content."""
    return Level.named(text).name.lower()


def one_of(*words: str) -> Callable[[str], str]:
    """Return what parses one of these words."""

    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(f"it must be one of {', '.join(words)}")
        return text

    return parse


def share(text: str) -> float:
    """Parse a part of a whole: more than 0, and at most 1."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 1:
        raise ValueError("it must be a number greater than 0 and at most 1")
    return value


def names(text: str) -> tuple[str, ...]:
    """Parse a list of words with commas between."""
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    if not found:
        raise ValueError("it must be one name or more, with commas between")
    return found


def origins(text: str) -> frozenset[str]:
    """Parse a list of origins, such as https://cdn.discordapp.com, with commas between."""
    found = names(text)
    wrong = [origin for origin in found if not _is_origin(origin)]
    if wrong:
        raise ValueError(f"{', '.join(wrong)} is not an origin like https://cdn.discordapp.com")
    return frozenset(found)


def ids(text: str) -> frozenset[str]:
    """Parse Discord's ids, with commas between; there may be none."""
    found = frozenset(filter(None, map(str.strip, text.split(","))))
    wrong = sorted(one for one in found if not (one.isascii() and one.isdigit()))
    if wrong:
        raise ValueError(f"{', '.join(wrong)} is not an id like 1300000000000000009")
    return found


def hex_key(text: str) -> str:
    """Parse an Ed25519 public key of 64 hexadecimal digits."""
    try:
        right = len(bytes.fromhex(text)) == 32  # noqa: PLR2004 - the length of an Ed25519 key
    except ValueError:
        right = False
    if not right:
        raise ValueError("it must be the 64 hexadecimal digits from Discord's developer portal")
    return text


def web_address(text: str) -> str:
    """Parse an http or https address; a slash at its end is dropped."""
    if not text.startswith(("https://", "http://")):
        raise ValueError("it must start with https://")
    return text.rstrip("/")


def tiers(text: str) -> tuple[Tier, ...]:
    """Parse a JSON list of tiers, the best first. What a tier leaves out is as in `Tier`."""
    try:
        rows = json.loads(text)
    except ValueError:
        rows = None
    if not isinstance(rows, list) or not rows:
        raise ValueError('it must be a JSON list of tiers, such as [{"name": "member"}]')
    problems = [
        f"tier {number}: {problem}"
        for number, row in enumerate(rows, start=1)
        for problem in _tier_problems(row)
    ]
    for_everybody = [isinstance(row, dict) and row.get("role_id") is None for row in rows]
    if for_everybody != [False] * (len(rows) - 1) + [True]:
        problems.append(
            "the last tier must have no role_id, for it is everybody's; others need one"
        )
    if problems:
        raise ValueError("; ".join(problems))
    return tuple(Tier(**row) for row in rows)


def _tier_problems(row: object) -> list[str]:
    if not isinstance(row, dict):
        return ["it must be an object"]
    missing = [] if "name" in row else ["name is missing"]
    unknown = [
        f"{key} is unknown; there are {', '.join(_TIER_RULES)}"
        for key in row
        if key not in _TIER_RULES
    ]
    wrong = [
        f"{key} {rule}"
        for key, (rule, allows) in _TIER_RULES.items()
        if key in row and not allows(row[key])
    ]
    return missing + unknown + wrong


def _is_number(value: object, least: float, most: float = 2**53) -> bool:
    """JSON's true is no number; nor are the NaN and Infinity that Python reads as such."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return least <= value <= most


def _is_whole(value: object, least: int) -> bool:
    return isinstance(value, int) and _is_number(value, least)


_TIER_RULES: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "name": ("must be a text that is not empty", lambda v: isinstance(v, str) and v != ""),
    "weight": ("must be a number from 0.01 to 100", lambda v: _is_number(v, 0.01, 100)),
    "jobs_at_once": ("must be a whole number of at least 1", lambda v: _is_whole(v, 1)),
    "images": (
        f"must be a whole number from 1 to {MAX_IMAGES}",
        lambda v: _is_whole(v, 1) and v <= MAX_IMAGES,
    ),
    "credits": (
        "must be a whole number of at least 0, or null for no limit",
        lambda v: v is None or _is_whole(v, 0),
    ),
    "role_id": (
        "must be the id of a Discord role as a text of digits, or null",
        lambda v: v is None or (isinstance(v, str) and re.fullmatch("[0-9]{17,20}", v) is not None),
    ),
}
"""What each field of a tier may be, in words and as a check."""


def _is_origin(text: str) -> bool:
    scheme, separator, host = text.partition("://")
    return scheme in ("http", "https") and bool(separator and host) and "/" not in host
