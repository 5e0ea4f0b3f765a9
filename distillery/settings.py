"""Settings of a room: one frozen dataclass, read once from the environment.

A field `table_name` is the variable `TABLE_NAME`. Everything wrong is reported at once, by name.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from distillery.core.errors import ConfigError

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


def _is_origin(text: str) -> bool:
    scheme, separator, host = text.partition("://")
    return scheme in ("http", "https") and bool(separator and host) and "/" not in host
