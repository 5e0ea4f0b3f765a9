"""Reads the value of one setting, from TOML, from cdk.json or from the text that `-c` gives."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from infra.option import Count, Json
from infra.settings import FIELDS


def read_value(name: str, value: Any) -> Any:
    """Return the value of the setting `name`; raises ValueError that says what it must be."""
    setting = FIELDS[name]
    if value == "" == setting.default:
        return value
    return _READERS[str(setting.type)](value)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"must be a text that is not empty, not {value!r}")
    return value


def _whole_number(value: Any) -> int:
    text = str(value)
    if not text.isdigit() or int(text) < 1:
        raise ValueError(f"must be a whole number of at least 1, not {value!r}")
    return int(text)


def _count(value: Any) -> Count:
    if not str(value).isdigit():
        raise ValueError(f"must be a whole number of at least 0, not {value!r}")
    return Count(int(value))


def _number(value: Any) -> float:
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"must be a number, not {value!r}")
    return number


def _json(value: Any) -> Json:
    """Read what `-c` gives as a text and what a file may hold as it is."""
    try:
        return Json(json.dumps(json.loads(value) if isinstance(value, str) else value))
    except (TypeError, ValueError):
        raise ValueError(f"must be JSON, not {value!r}") from None


def _yes_or_no(value: Any) -> bool:
    if str(value).lower() not in ("true", "false"):
        raise ValueError(f"must be true or false, not {value!r}")
    return str(value).lower() == "true"


def _names(value: Any) -> tuple[str, ...]:
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise ValueError(f"must be names with commas between, not {value!r}")
    return tuple(part.strip() for part in parts)


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "str": _text,
    "int": _whole_number,
    "Count": _count,
    "float": _number,
    "bool": _yes_or_no,
    "Json": _json,
    "tuple[str, ...]": _names,
}
