"""How a setting is declared: its type, its meaning and its default."""

from __future__ import annotations

import dataclasses
from typing import Any, NewType

Json = NewType("Json", str)
"""A text that is JSON; what it says is for the room that reads it to check."""
Count = NewType("Count", int)
"""A whole number of at least 0; a plain int is at least 1."""


def option(meaning: str, default: Any = dataclasses.MISSING) -> Any:
    """Declare a setting: what it means (for the documents and the file), and its default."""
    return dataclasses.field(default=default, metadata={"meaning": meaning})
