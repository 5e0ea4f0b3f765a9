"""Writes the text of a manifest.toml as a person would: comments first, one table an option."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_WIDTH = 98  # characters of a comment


def manifest_text(
    head: Mapping[str, Any],
    options: Mapping[str, Mapping[str, Any]],
    outputs: Sequence[str],
    comments: Iterable[str] = (),
) -> str:
    """Return the text. Names of options must be bare keys of TOML."""
    lines = [f"# {_comment(comment)}" for comment in comments]
    lines += [""] if lines else []
    lines += [f"{key} = {_value(value)}" for key, value in head.items()]
    for name, fields in options.items():
        lines += ["", f"[options.{name}]"]
        lines += [f"{key} = {_value(value)}" for key, value in fields.items()]
    lines += ["", "[outputs]", f"nodes = {_value(list(outputs))}"]
    return "\n".join(lines) + "\n"


def _comment(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)


def _value(value: Any) -> str:
    """Write one value. TOML's texts are JSON's, but for the one control character 0x7f."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case dict():
            inner = ", ".join(f"{key} = {_value(held)}" for key, held in value.items())
            return f"{{ {inner} }}"
        case list() | tuple():
            return f"[{', '.join(_value(held) for held in value)}]"
    return repr(value)
