"""Reads the tables of docs/permissions.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

USED, UNUSED = "What the rooms use", "What no room calls itself"
CHECKED = "With `picture_check`"
_PAGE = Path(__file__).parents[2] / "docs" / "permissions.md"
_ROW = re.compile(r"^\| `(\S+)` \| (\S+) \| ([\w, ]+) \| (.+) \|$", re.MULTILINE)

Grant = tuple[str, str, str]
"""A room's name, an action, and what it is done to."""


def listed(heading: str) -> Iterator[Grant]:
    """Each permission of the table under a heading, for each of its rooms."""
    text = _PAGE.read_text()
    (section,) = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    for action, resource, rooms, why in _ROW.findall(section):
        assert why.strip()
        for room in rooms.split(", "):
            yield room, action, resource
