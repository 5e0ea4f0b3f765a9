"""Checks a document against the part of JSON Schema 2020-12 that our own schemas use.

So job.schema.json is the only description of a job, and the image needs no validator package.
An unknown keyword is an error: a rule that is written down is a rule that is checked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

Schema = Mapping[str, Any]
_FOLDER = Path(__file__).parent.parent


@cache
def load(name: str) -> dict[str, Any]:
    """Read a schema that lies beside this package, such as "job.schema.json"."""
    schema: dict[str, Any] = json.loads((_FOLDER / name).read_text(encoding="utf-8"))
    return schema


def problems(document: object, schema: Schema) -> list[str]:
    """Name every field that breaks the schema: "limits.timeout_s: must be a number"."""
    return [f"{path or 'job'}: {problem}" for path, problem in _walk(document, schema, schema, "")]


def _walk(value: Any, schema: Schema, root: Schema, path: str) -> Iterator[tuple[str, str]]:
    if "$ref" in schema:
        target = root["$defs"][schema["$ref"].removeprefix("#/$defs/")]
        yield from _walk(value, target, root, path)
    expected = schema.get("type")
    if expected and not _TYPES[expected](value):
        yield path, f"must be {_ARTICLES[expected]}"
        return
    for keyword, rule in schema.items():
        if keyword not in _IGNORED and (problem := _RULES[keyword](value, rule)):
            yield path, problem
    yield from _children(value, schema, root, path)


def _children(value: Any, schema: Schema, root: Schema, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, child in value.items():
            where = f"{path}.{key}" if path else key
            yield from _walk(key, schema.get("propertyNames", {}), root, where)
            rule = schema.get("properties", {}).get(key, schema.get("additionalProperties", True))
            if rule is False:
                yield where, "is not a known field"
            elif isinstance(rule, Mapping):
                yield from _walk(child, rule, root, where)
    elif isinstance(value, list) and "items" in schema:
        for index, child in enumerate(value):
            yield from _walk(child, schema["items"], root, f"{path}[{index}]")


def is_number(value: object) -> bool:
    """Say whether JSON calls it a number; to Python, true is one as well."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_integer(value: object) -> bool:
    """Say whether it is a whole number; JSON Schema counts 2.0 as one."""
    return isinstance(value, int | float) and is_number(value) and value == value // 1


_TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "number": is_number,
    "integer": is_integer,
}
_ARTICLES = {
    "object": "an object",
    "array": "a list",
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
}
_IGNORED = frozenset(
    {"$schema", "$defs", "$ref", "title", "description", "type"}
    | {"properties", "additionalProperties", "propertyNames", "items"}
)


def _const(value: object, rule: object) -> str | None:
    same = value == rule and isinstance(value, bool) == isinstance(rule, bool)
    return None if same else f"must be {json.dumps(rule)}"


def _required(value: object, rule: Sequence[str]) -> str | None:
    missing = [key for key in rule if isinstance(value, dict) and key not in value]
    return f"lacks {', '.join(missing)}" if missing else None


def _pattern(value: object, rule: str) -> str | None:
    # fullmatch: Python's `$` also matches before a last newline, JSON Schema's does not.
    pattern = re.compile(rule.removesuffix("$"))
    match = pattern.fullmatch if rule.endswith("$") else pattern.search
    return None if not isinstance(value, str) or match(value) else f"must match {rule}"


def _bound(word: str, allowed: Callable[[Any, Any], bool], size: Callable[[Any], Any]) -> Any:
    def check(value: object, rule: object) -> str | None:
        return None if allowed(size(value), rule) else f"must {word} {rule}"

    return check


def _number(value: Any) -> Any:
    return value


_RULES: dict[str, Callable[[Any, Any], str | None]] = {
    "const": _const,
    "required": _required,
    "pattern": _pattern,
    "minimum": _bound("be at least", lambda a, b: a >= b, _number),
    "exclusiveMinimum": _bound("be more than", lambda a, b: a > b, _number),
    "maximum": _bound("be at most", lambda a, b: a <= b, _number),
    "minLength": _bound("have a length of at least", lambda a, b: a >= b, len),
    "minItems": _bound("have a length of at least", lambda a, b: a >= b, len),
    "maxItems": _bound("have a length of at most", lambda a, b: a <= b, len),
    "minProperties": _bound("have a length of at least", lambda a, b: a >= b, len),
}
